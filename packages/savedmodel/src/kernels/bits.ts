import { dtypeInfo, Tensor, type DType } from '@servable/tensor';
import { invalidRequest, tensorOf } from './elements.js';

/** How many bits of each integer are set. */
export function populationCount(x: Tensor): Tensor {
  const width = dtypeInfo(x.dtype).bytes;
  const { buffer, byteOffset } = x.data as Uint8Array;
  const bytes = new Uint8Array(buffer, byteOffset, x.size * width);
  const counts = new Uint8Array(x.size);
  for (let i = 0; i < bytes.length; i++) {
    let count = 0;
    for (let byte = bytes[i]!; byte !== 0; byte &= byte - 1) count++;
    const at = Math.floor(i / width);
    counts[at] = counts[at]! + count;
  }
  return new Tensor('uint8', x.shape, counts);
}

/**
 * The same bytes as another dtype. A narrower one adds a dimension, a wider one takes the last (which must be exactly
 * as long) away.
 */
export function bitcast(x: Tensor, dtype: DType): Tensor {
  const [from, to] = [dtypeInfo(x.dtype), dtypeInfo(dtype)];
  if (from.array === undefined || to.array === undefined) {
    throw invalidRequest('BAD_BITCAST', `expected numbers, got a bitcast of ${x.dtype} to ${dtype}`);
  }
  let shape = x.shape;
  if (to.bytes < from.bytes) shape = [...x.shape, from.bytes / to.bytes];
  else if (to.bytes > from.bytes) {
    if (x.shape.at(-1) !== to.bytes / from.bytes) {
      throw invalidRequest(
        'BAD_BITCAST',
        `Cannot bitcast from ${x.dtype} to ${dtype}: shape [${x.shape.join(', ')}] does not end in ${to.bytes / from.bytes}`,
      );
    }
    shape = x.shape.slice(0, -1);
  }
  const { buffer, byteOffset, byteLength } = x.data as Uint8Array;
  // A copy, since the other dtype may need another alignment.
  const copy = buffer.slice(byteOffset, byteOffset + byteLength);
  return tensorOf(dtype, shape, new to.array(copy, 0, byteLength / to.array.BYTES_PER_ELEMENT));
}
