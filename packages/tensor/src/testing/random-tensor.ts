import { dtypeInfo, type DType, type NumericData, type TensorDataMap } from '../dtype/dtype.js';
import { subByteBits } from '../proto/value-field.js';
import { Tensor } from '../tensor/tensor.js';

/** A small seeded generator (mulberry32): the same seed gives the same numbers everywhere. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A tensor of random bits, so that every pattern of the dtype comes up: NaN, infinities, subnormals, extremes. */
export function randomTensor(dtype: DType, random: () => number): Tensor {
  const rank = Math.floor(random() * 4);
  const shape = Array.from({ length: rank }, () => Math.floor(random() * 5));
  const size = shape.reduce((product, dim) => product * dim, 1);
  return new Tensor(dtype, shape, randomData(dtype, size, random));
}

function randomData(dtype: DType, size: number, random: () => number): TensorDataMap[DType] {
  const info = dtypeInfo(dtype);
  const byte = () => Math.floor(random() * 256);
  if (info.array === undefined) {
    return Array.from({ length: size }, () => Uint8Array.from({ length: Math.floor(random() ** 3 * 200) }, byte));
  }
  const data: NumericData = new info.array(size * info.lanes);
  const bytes = new Uint8Array(data.buffer);
  const bits = subByteBits(dtype);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = info.kind === 'bool' ? byte() & 1 : bits > 0 ? byte() & ((1 << bits) - 1) : byte();
  }
  // Small values are as usual as large ones; varints of one byte must come up too.
  for (let at = 0; at < data.length; at++) {
    if (info.kind === 'int' && bits === 0 && random() < 0.5) data[at] = (data[at] as number) & 0x7f;
    if (info.kind === 'bigint' && random() < 0.5) data[at] = (data[at] as bigint) & 0x3ffffffffn;
  }
  // A float message field turns signalling NaN into quiet NaN, so only the quiet one is compared bit by bit.
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let at = 0; at < data.length; at++) if (Number.isNaN(data[at])) data[at] = NaN;
  }
  return data;
}

/** dtype, shape and the bytes of all values, for comparing bit by bit. */
export function fingerprint(tensor: Tensor): unknown {
  const data: TensorDataMap[DType] = tensor.data;
  const values = Array.isArray(data)
    ? (data as readonly Uint8Array[]).map((value) => Array.from(value))
    : Array.from(new Uint8Array((data as NumericData).buffer, (data as NumericData).byteOffset, tensor.byteLength));
  return { dtype: tensor.dtype, shape: tensor.shape, values };
}
