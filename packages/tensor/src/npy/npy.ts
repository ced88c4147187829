import { dtypeInfo, type DType, type NumericData, type TensorDataMap } from '../dtype/dtype.js';
import { TensorError, invalidArgument } from '../tensor-error.js';
import { Tensor } from '../tensor/tensor.js';
import { formatShape, shapeSize } from '../tensor/shape.js';
import { readRawData, writeRawData } from '../raw/raw-data.js';

/** The media type of a NumPy array file. */
export const NPY_TYPE = 'application/x-npy';

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** NumPy aligns what comes after the header to this. */
const ALIGNMENT = 64;

const descrOf: Partial<Record<DType, string>> = {
  bool: '|b1',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
  complex64: '<c8',
  complex128: '<c16',
};
const dtypeOf = new Map(Object.entries(descrOf).map(([dtype, descr]) => [descr.slice(1), dtype as DType]));

/**
 * Reads an array from the bytes of a `.npy` file, as `numpy.save` writes it: versions 1 to 3, little-endian, row-major or
 * column-major; byte strings (`S`) become strings without the NULs after them. Values may be views on the bytes.
 *
 * @throws TensorError INVALID_ARGUMENT `NPY_MALFORMED`, `RAW_SIZE_MISMATCH`; UNIMPLEMENTED `NPY_DTYPE_UNSUPPORTED` for
 * big-endian numbers, objects, Unicode strings and structures
 */
export function decodeNpy(bytes: Uint8Array): Tensor {
  if (bytes.length < 10 || !MAGIC.every((byte, index) => bytes[index] === byte)) {
    throw malformed('the magic bytes \\x93NUMPY', `${bytes.length} bytes that start otherwise`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw malformed('version 1, 2 or 3', String(version));
  const [headerStart, headerLength] =
    version === 1 ? [10, view.getUint16(8, true)] : bytes.length < 12 ? [12, 0] : [12, view.getUint32(8, true)];
  const dataStart = headerStart + headerLength;
  if (dataStart > bytes.length) throw malformed(`a header of ${headerLength} bytes`, `a file of ${bytes.length} bytes`);
  const header = new TextDecoder('latin1').decode(bytes.subarray(headerStart, dataStart));
  const { descr, fortranOrder, shape } = parseHeader(header);
  const data = bytes.subarray(dataStart);
  // The order means nothing to arrays of fewer than two dimensions.
  const columnMajor = fortranOrder && shape.length > 1;
  const stored = columnMajor ? shape.toReversed() : shape;
  const tensor = readValues(descr, stored, data);
  return columnMajor ? transpose(tensor) : tensor;
}

function readValues(descr: string, shape: readonly number[], data: Uint8Array): Tensor {
  const byteString = /^\|?S(\d{1,9})$/.exec(descr);
  if (byteString !== null) return readByteStrings(Number(byteString[1]), shape, data);
  const dtype = /^[<|=]/.test(descr) ? dtypeOf.get(descr.slice(1)) : undefined;
  if (dtype === undefined) {
    throw new TensorError(
      'UNIMPLEMENTED',
      'NPY_DTYPE_UNSUPPORTED',
      `Unsupported dtype of a .npy file: expected one of ${Object.values(descrOf).join(' ')} |S<n>, given ${descr}`,
    );
  }
  return readRawData(dtype, shape, data);
}

function readByteStrings(width: number, shape: readonly number[], data: Uint8Array): Tensor {
  const size = shapeSize(shape);
  if (data.length !== size * width || (width === 0 && size > 0)) {
    throw malformed(`${size * width} bytes for |S${width} ${formatShape(shape)}`, `${data.length}`);
  }
  const strings = Array.from({ length: size }, (_, index) => {
    const cell = data.subarray(index * width, (index + 1) * width);
    let end = cell.length;
    while (end > 0 && cell[end - 1] === 0) end--;
    return cell.subarray(0, end);
  });
  return new Tensor('string', shape, strings);
}

interface NpyHeader {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** A Python dictionary of three entries in any order: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`. */
function parseHeader(text: string): NpyHeader {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dimensions = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || dimensions === undefined) {
    throw malformed("a header with 'descr', 'fortran_order' and 'shape' of plain arrays", text.slice(0, 200).trim());
  }
  const shape = dimensions
    .split(',')
    .map((size) => size.trim().replace(/L$/, ''))
    .filter((size) => size !== '')
    .map(Number);
  return { descr, fortranOrder: order === 'True', shape };
}

/** Reverses the axes. */
function transpose(tensor: Tensor): Tensor {
  const shape = tensor.shape.toReversed();
  const { lanes, array } = dtypeInfo(tensor.dtype);
  // Stride of each axis of the result in the storage, which has the first axis of the result innermost.
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  const sources = new Array<number>(tensor.size);
  const index = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let target = 0; target < tensor.size; target++) {
    sources[target] = source;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      source -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  if (array === undefined) {
    const strings = tensor.data as readonly Uint8Array[];
    return new Tensor(
      'string',
      shape,
      sources.map((at) => strings[at]!),
    );
  }
  const from = tensor.data as NumericData;
  const to = new array(tensor.size * lanes);
  for (let target = 0; target < tensor.size; target++) {
    for (let lane = 0; lane < lanes; lane++) to[target * lanes + lane] = from[sources[target]! * lanes + lane]!;
  }
  return new Tensor(tensor.dtype, shape, to as TensorDataMap[DType]);
}

/**
 * Writes a tensor as the bytes of a `.npy` file, version 1.
 *
 * @throws TensorError UNIMPLEMENTED `NPY_DTYPE_UNSUPPORTED` for dtypes that NumPy itself does not have, and for strings,
 * which it stores in cells of one width and without the NULs at their ends
 */
export function encodeNpy(tensor: Tensor): Uint8Array {
  const descr = descrOf[tensor.dtype];
  if (descr === undefined) {
    throw new TensorError(
      'UNIMPLEMENTED',
      'NPY_DTYPE_UNSUPPORTED',
      `A .npy file cannot hold ${tensor.dtype}: expected one of ${Object.keys(descrOf).join(', ')}`,
    );
  }
  const shape = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const prefix = MAGIC.length + 4;
  const dataStart = Math.ceil((prefix + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const target = new Uint8Array(dataStart + tensor.byteLength);
  target.set(MAGIC);
  target.set([1, 0], MAGIC.length);
  new DataView(target.buffer).setUint16(MAGIC.length + 2, dataStart - prefix, true);
  target.set(new TextEncoder().encode(`${text.padEnd(dataStart - prefix - 1)}\n`), prefix);
  writeRawData(target, dataStart, tensor);
  return target;
}

function malformed(expected: string, given: string): TensorError {
  return invalidArgument('NPY_MALFORMED', `Malformed .npy file: expected ${expected}, given ${given}`);
}
