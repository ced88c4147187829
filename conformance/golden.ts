import { readFile } from 'node:fs/promises';
import { Tensor, type DType } from '@servable/tensor';

/** A tensor of a golden file: little-endian elements in base64; of strings, one base64 text per element. */
interface GoldenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string | readonly string[];
}

/** One call and what TensorFlow answers. */
export interface GoldenCase {
  readonly name: string | undefined;
  readonly signature: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** A call that TensorFlow refuses, with its code. */
export interface GoldenRefusal {
  readonly signature: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly code: string;
  readonly message: string;
}

interface GoldenDocument {
  readonly signature: string;
  readonly cases: readonly {
    readonly name?: string;
    readonly signature?: string;
    readonly inputs: Record<string, GoldenTensor>;
    readonly outputs: Record<string, GoldenTensor>;
  }[];
  readonly errors?: readonly {
    readonly signature: string;
    readonly inputs: Record<string, GoldenTensor>;
    readonly code: string;
    readonly message: string;
  }[];
}

/** Reads a golden.json (see golden.py for the format). */
export async function readGolden(path: string): Promise<{ cases: GoldenCase[]; refusals: GoldenRefusal[] }> {
  const document = JSON.parse(await readFile(path, 'utf8')) as GoldenDocument;
  return {
    cases: document.cases.map((c) => ({
      name: c.name,
      signature: c.signature ?? document.signature,
      inputs: tensors(c.inputs),
      outputs: tensors(c.outputs),
    })),
    refusals: (document.errors ?? []).map((e) => ({ ...e, inputs: tensors(e.inputs) })),
  };
}

function tensors(given: Record<string, GoldenTensor>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(given).map(([alias, t]) => [alias, toTensor(t)]));
}

function toTensor({ dtype, shape, data }: GoldenTensor): Tensor {
  if (typeof data !== 'string') {
    return new Tensor(
      'string',
      shape,
      data.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    );
  }
  // A copy, because typed arrays need aligned memory and Buffers are slices of a pool.
  const bytes = new Uint8Array(Buffer.from(data, 'base64')).buffer;
  const array = ARRAYS[dtype];
  if (array === undefined) throw new Error(`goldens of ${dtype} are not read`);
  return new Tensor(dtype, shape, new array(bytes) as never);
}

const ARRAYS: Partial<Record<DType, new (bytes: ArrayBuffer) => ArrayLike<number | bigint>>> = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  complex64: Float32Array,
  complex128: Float64Array,
};

/**
 * How far apart floating-point answers may be:
 * `|given - expected| <= absolute + relative * |expected| + ofLargest * (largest finite |expected| of the tensor)`.
 */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
  readonly ofLargest: number;
}

/** Why `given` is not `expected`, or undefined when it is. NaN equals NaN; 0 equals -0. */
export function difference(given: Tensor, expected: Tensor, tolerance: Tolerance): string | undefined {
  if (given.dtype !== expected.dtype) return `dtype ${given.dtype}, expected ${expected.dtype}`;
  if (String(given.shape) !== String(expected.shape)) return `shape [${given.shape}], expected [${expected.shape}]`;
  if (expected.dtype === 'string') {
    const [a, b] = [given.text(), expected.text()];
    const at = b.findIndex((text, i) => text !== a[i]);
    return at < 0 ? undefined : `[${at}] ${JSON.stringify(a[at])}, expected ${JSON.stringify(b[at])}`;
  }
  const [a, b] = [values(given), values(expected)];
  const largest = !isFloating(expected.dtype)
    ? 0
    : b.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
  const { absolute, relative } = tolerance;
  const least = absolute + tolerance.ofLargest * largest;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const near = isFloating(expected.dtype) && Math.abs(x - y) <= least + relative * Math.abs(y);
    if (!near) return `[${i}] ${x}, expected ${y}`;
  }
  return undefined;
}

function isFloating(dtype: DType): boolean {
  return dtype.startsWith('float') || dtype.startsWith('bfloat') || dtype.startsWith('complex');
}

function values(t: Tensor): number[] {
  const data = t.data as ArrayLike<number | bigint>;
  if (t.dtype === 'float16' || t.dtype === 'bfloat16') return t.reshape([t.size]).toArray() as number[];
  // Bigints stay what they are: only `===` is asked of them, and it is exact.
  return Array.from(data, (v) => v as number);
}
