import { readFileSync } from 'node:fs';
import { dtypeInfo, Tensor, type DType } from '@servable/tensor';

/** A tensor as golden files hold it: little-endian base64, for strings a list of them. */
export interface GoldenTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string | readonly string[];
}

interface GoldenCase {
  readonly name?: string;
  /** Default: the signature of the file. */
  readonly signature?: string;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly outputs: Readonly<Record<string, GoldenTensor>>;
}

interface GoldenError {
  readonly signature?: string;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  /** Canonical code, such as `INVALID_ARGUMENT`. */
  readonly code: string;
  readonly message: string;
}

/** What TensorFlow answered when the model was exported (conformance/golden.py describes the file). */
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
  // A copy, because typed arrays need aligned memory and Buffers are slices of a pool.
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  const { array, bytes: width } = dtypeInfo(dtype);
  if (array === undefined || bytes.length % width !== 0) throw new Error(`bad golden of dtype ${dtype}`);
  return new Tensor(dtype, shape, new array(bytes.buffer, 0, bytes.length / array.BYTES_PER_ELEMENT) as never);
}

/** The other way round. */
export function toGolden(tensor: Tensor): GoldenTensor {
  const { dtype, shape } = tensor;
  if (tensor.is('string'))
    return { dtype, shape, data: tensor.data.map((text) => Buffer.from(text).toString('base64')) };
  const { buffer, byteOffset, byteLength } = tensor.data as Uint8Array;
  return { dtype, shape, data: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

export function fromGoldenMap(tensors: Readonly<Record<string, GoldenTensor>>): Map<string, Tensor> {
  return new Map(Object.entries(tensors).map(([name, value]) => [name, fromGolden(value)]));
}

/**
 * How far floating-point elements may be apart:
 * `|given - expected| <= absolute + relative * |expected| + ofLargest * (largest finite |expected| of the tensor)`.
 */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
  /** For long sums, whose errors grow with the largest value and not with each. */
  readonly ofLargest: number;
}

/** For single ops: rounding in another order, an ulp or two of the narrow dtypes. */
export function opTolerance(dtype: DType): Tolerance {
  switch (dtype) {
    case 'bfloat16':
      return { absolute: 1e-5, relative: 1.6e-2, ofLargest: 0 };
    case 'float16':
      return { absolute: 1e-5, relative: 2e-3, ofLargest: 0 };
    case 'float64':
    case 'complex128':
      return { absolute: 1e-10, relative: 1e-9, ofLargest: 1e-12 };
    default:
      return { absolute: 2e-6, relative: 2e-5, ofLargest: 2e-6 };
  }
}

/** How far two tensors are apart. */
export interface Difference {
  /** What makes them different: dtype, shape, or the first element that differs by more than the tolerance. */
  readonly mismatch?: string;
  /** Greatest |a-b| / max(|b|, 1) over all floating-point elements. */
  readonly relative: number;
  readonly absolute: number;
  /** Greatest |a-b| / max(|b|, a tenth of the tensor's largest |b|). */
  readonly ofTensor: number;
}

/**
 * Compares with TensorFlow's tensor: integers, booleans and the bytes of strings exactly, floats within the tolerance.
 * NaN equals NaN, an infinity only itself, and 0 equals -0.
 */
export function difference(
  given: Tensor | undefined,
  expected: Tensor,
  tolerance: Tolerance = opTolerance(expected.dtype),
): Difference {
  const none = same;
  if (given === undefined) return { ...none, mismatch: 'missing' };
  if (given.dtype !== expected.dtype) return { ...none, mismatch: `dtype ${given.dtype}, expected ${expected.dtype}` };
  if (given.shape.join() !== expected.shape.join()) {
    return { ...none, mismatch: `shape [${given.shape.join()}], expected [${expected.shape.join()}]` };
  }
  if (given.is('string') && expected.is('string')) {
    const at = expected.data.findIndex((bytes, i) => Buffer.compare(bytes, given.data[i]!) !== 0);
    if (at < 0) return none;
    return { ...none, mismatch: `element ${at} is ${quote(given.data[at]!)}, expected ${quote(expected.data[at]!)}` };
  }
  return isFloating(expected.dtype) ? floatDifference(given, expected, tolerance) : exactDifference(given, expected);
}

const same = { relative: 0, absolute: 0, ofTensor: 0 };

function exactDifference(given: Tensor, expected: Tensor): Difference {
  const [a, b] = [given.data, expected.data] as ArrayLike<number | bigint>[];
  for (let i = 0; i < b!.length; i++) {
    if (a![i] !== b![i]) return { ...same, mismatch: `element ${i} is ${a![i]}, expected ${b![i]}` };
  }
  return same;
}

function floatDifference(given: Tensor, expected: Tensor, tolerance: Tolerance): Difference {
  const [a, b] = [floats(given), floats(expected)];
  let largest = 0;
  for (let i = 0; i < b.length; i++) if (Number.isFinite(b[i])) largest = Math.max(largest, Math.abs(b[i]!));
  const least = tolerance.absolute + tolerance.ofLargest * largest;
  let relative = 0;
  let absolute = 0;
  let ofTensor = 0;
  let mismatch: string | undefined;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const apart = Math.abs(x - y);
    // Not finite: one of the two is NaN or an infinity that the other is not.
    if (!(apart <= least + tolerance.relative * Math.abs(y)) || !Number.isFinite(apart)) {
      mismatch ??= `element ${i} is ${x}, expected ${y}`;
    }
    if (Number.isFinite(apart)) {
      absolute = Math.max(absolute, apart);
      relative = Math.max(relative, apart / Math.max(Math.abs(y), 1));
      ofTensor = Math.max(ofTensor, apart / Math.max(Math.abs(y), largest / 10));
    }
  }
  const apart = { relative, absolute, ofTensor };
  return mismatch === undefined ? apart : { ...apart, mismatch };
}

function isFloating(dtype: DType): boolean {
  return ['float32', 'float64', 'float16', 'bfloat16', 'complex64', 'complex128'].includes(dtype);
}

/** Complex numbers as pairs. */
function floats(tensor: Tensor): ArrayLike<number> {
  if (!tensor.is('float16') && !tensor.is('bfloat16')) return tensor.data as ArrayLike<number>;
  return (tensor.reshape([tensor.size]) as Tensor).toArray() as number[];
}

function quote(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1'));
}
