import { isDType } from '../dtype/dtype.js';
import { TensorError, invalidArgument } from '../tensor-error.js';
import type { Tensor } from '../tensor/tensor.js';
import { rawDataSize, readRawData, writeRawData } from './raw-data.js';

/** The media type of named tensors as raw little-endian buffers. */
export const RAW_TENSORS_TYPE = 'application/vnd.servable.tensors';

/** Named tensors, and whatever else their header says. */
export interface RawTensors {
  /** All members of the JSON header but `tensors`. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

interface TensorHeader {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** Values start at multiples of this, so that 64-bit numbers can be used in place. */
const ALIGNMENT = 8;
const PREFIX_BYTES = 4;

/**
 * Writes tensors as `application/vnd.servable.tensors`:
 *
 * | bytes | what |
 * |---|---|
 * | 4 | length of the header as a little-endian uint32 |
 * | that many | the header: a JSON object, spaces after it so that what follows starts at a multiple of 8 |
 * | for each tensor | its values, little-endian, starting at the next multiple of 8 |
 *
 * `tensors` in the header lists them in order as `{ "name", "dtype", "shape", "bytes" }`, with dtypes called as in NumPy
 * (`float32`, `int64`, `bool`, `string`) and `bytes` counting the values without padding. Each string is a uint32 length
 * and its bytes.
 *
 * @param header - more members of the header
 */
export function encodeRawTensors(
  tensors: ReadonlyMap<string, Tensor>,
  header: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  const list = Array.from(tensors, ([name, tensor]): TensorHeader => ({
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    bytes: rawDataSize(tensor),
  }));
  const text = new TextEncoder().encode(JSON.stringify({ ...header, tensors: list }));
  const dataStart = aligned(PREFIX_BYTES + text.length);
  const size = list.reduce((end, { bytes }) => aligned(end) + bytes, dataStart);
  const target = new Uint8Array(size);
  new DataView(target.buffer).setUint32(0, dataStart - PREFIX_BYTES, true);
  target.set(text, PREFIX_BYTES);
  target.fill(SPACE, PREFIX_BYTES + text.length, dataStart);
  let at = dataStart;
  for (const tensor of tensors.values()) at = writeRawData(target, aligned(at), tensor);
  return target;
}

const SPACE = 0x20;

/**
 * Reads what {@link encodeRawTensors} writes. Tensors may be views on the bytes.
 *
 * @throws TensorError INVALID_ARGUMENT `RAW_HEADER_MALFORMED`, `RAW_SIZE_MISMATCH`, `UNKNOWN_DTYPE`, `INVALID_SHAPE`
 */
export function decodeRawTensors(bytes: Uint8Array): RawTensors {
  const { list, header, dataStart } = readHeader(bytes);
  const tensors = new Map<string, Tensor>();
  let end = dataStart;
  for (const [index, each] of list.entries()) {
    const { name, dtype, shape, bytes: length } = checkTensor(each, index);
    const start = aligned(end);
    end = start + length;
    if (end > bytes.length) {
      throw malformed(`${length} bytes of tensor "${name}" from byte ${start}`, `a body of ${bytes.length} bytes`);
    }
    if (tensors.has(name)) throw malformed('each name once', `"${name}" twice`);
    if (!isDType(dtype)) throw malformed(`a known dtype of tensor "${name}"`, `"${dtype}"`);
    try {
      tensors.set(name, readRawData(dtype, shape, bytes.subarray(start, end)));
    } catch (cause) {
      if (!(cause instanceof TensorError)) throw cause;
      throw new TensorError(cause.code, cause.reason, `Tensor "${name}": ${cause.message}`, { cause, input: name });
    }
  }
  if (end !== bytes.length) throw malformed(`a body of ${end} bytes`, `${bytes.length}`);
  return { header, tensors };
}

function readHeader(bytes: Uint8Array): {
  list: readonly unknown[];
  header: Record<string, unknown>;
  dataStart: number;
} {
  if (bytes.length < PREFIX_BYTES) throw malformed('4 bytes for the length of the header', `${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const dataStart = PREFIX_BYTES + length;
  if (dataStart > bytes.length) throw malformed(`a header of ${length} bytes`, `a body of ${bytes.length} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX_BYTES, dataStart)));
  } catch (cause) {
    throw malformed('a header of JSON', (cause as Error).message, cause);
  }
  if (!isObject(parsed)) throw malformed('a JSON object as the header', JSON.stringify(parsed).slice(0, 100));
  const { tensors, ...header } = parsed;
  if (!Array.isArray(tensors)) throw malformed('an array "tensors" in the header', typeof tensors);
  return { list: tensors as unknown[], header, dataStart };
}

function checkTensor(given: unknown, index: number): TensorHeader {
  if (
    isObject(given) &&
    typeof given['name'] === 'string' &&
    typeof given['dtype'] === 'string' &&
    Array.isArray(given['shape']) &&
    given['shape'].every((size) => Number.isSafeInteger(size) && (size as number) >= 0) &&
    Number.isSafeInteger(given['bytes']) &&
    (given['bytes'] as number) >= 0
  ) {
    return given as unknown as TensorHeader;
  }
  throw malformed(
    `tensors[${index}] to be { name: string, dtype: string, shape: number[], bytes: number }`,
    JSON.stringify(given).slice(0, 200),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function aligned(position: number): number {
  return Math.ceil(position / ALIGNMENT) * ALIGNMENT;
}

function malformed(expected: string, given: string, cause?: unknown): TensorError {
  const message = `Malformed ${RAW_TENSORS_TYPE}: expected ${expected}, given ${given}`;
  return invalidArgument('RAW_HEADER_MALFORMED', message, { cause });
}
