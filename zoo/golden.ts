import { readFileSync } from 'node:fs';
import { dtypeInfo, Tensor, type DType } from '@servable/tensor';

/** A tensor as golden files hold it: little-endian base64, for strings a list of them. */
interface GoldenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string | readonly string[];
}

interface GoldenCase {
  readonly signature?: string;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly outputs: Readonly<Record<string, GoldenTensor>>;
}

interface GoldenError {
  readonly signature?: string;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly code: string;
}

/** What TensorFlow answered when the model was exported. */
export interface Golden {
  readonly signature: string;
  readonly cases: readonly GoldenCase[];
  /** Requests that TensorFlow refuses. */
  readonly errors?: readonly GoldenError[];
}

export function readGolden(path: string | URL): Golden {
  return JSON.parse(readFileSync(path, 'utf8')) as Golden;
}

export function fromGolden({ dtype, shape, data }: GoldenTensor): Tensor {
  if (typeof data !== 'string') {
    return new Tensor(
      'string',
      shape,
      data.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    );
  }
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  const { array, bytes: width } = dtypeInfo(dtype);
  if (array === undefined || bytes.length % width !== 0) throw new Error(`bad golden of dtype ${dtype}`);
  return new Tensor(dtype, shape, new array(bytes.buffer, 0, bytes.length / array.BYTES_PER_ELEMENT) as never);
}

export function fromGoldenMap(tensors: Readonly<Record<string, GoldenTensor>>): Map<string, Tensor> {
  return new Map(Object.entries(tensors).map(([name, value]) => [name, fromGolden(value)]));
}

/** How far two tensors are apart. */
export interface Difference {
  /** What makes them incomparable: dtype, shape, or an element that differs where no tolerance applies. */
  readonly mismatch?: string;
  /** Greatest |a-b| / max(|b|, 1) over all floating-point elements. */
  readonly relative: number;
  readonly absolute: number;
}

/** Compares with TensorFlow's tensor: integers and strings exactly, floats by distance, NaN and infinities by kind. */
export function difference(given: Tensor | undefined, expected: Tensor): Difference {
  const none = { relative: 0, absolute: 0 };
  if (given === undefined) return { ...none, mismatch: 'missing' };
  if (given.dtype !== expected.dtype) return { ...none, mismatch: `dtype ${given.dtype}, expected ${expected.dtype}` };
  if (given.shape.join() !== expected.shape.join()) {
    return { ...none, mismatch: `shape [${given.shape.join()}], expected [${expected.shape.join()}]` };
  }
  if (expected.dtype === 'string') {
    const at = expected.text().findIndex((text, i) => given.text()[i] !== text);
    return at < 0
      ? none
      : { ...none, mismatch: `element ${at} is '${given.text()[at]}', expected '${expected.text()[at]}'` };
  }
  const floating = ['float32', 'float64', 'float16', 'bfloat16', 'complex64', 'complex128'].includes(expected.dtype);
  const a = flat(given);
  const b = flat(expected);
  let relative = 0;
  let absolute = 0;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (Object.is(x, y) || x === y) continue;
    const [u, v] = [Number(x), Number(y)];
    if (!floating || !Number.isFinite(u) || !Number.isFinite(v)) {
      return { relative, absolute, mismatch: `element ${i} is ${String(x)}, expected ${String(y)}` };
    }
    absolute = Math.max(absolute, Math.abs(u - v));
    relative = Math.max(relative, Math.abs(u - v) / Math.max(Math.abs(v), 1));
  }
  return { relative, absolute };
}

function flat(tensor: Tensor): (number | bigint | boolean | string)[] {
  return [tensor.toArray()].flat(Infinity as 20) as (number | bigint | boolean | string)[];
}
