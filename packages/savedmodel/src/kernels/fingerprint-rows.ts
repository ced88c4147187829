import { Tensor } from '@servable/tensor';
import { invalidRequest, sizeOf } from './elements.js';
import { fingerprint64 } from './hash-string.js';

/** `Fingerprint`: FarmHash of each row of the first dimension; strings of a row are hashed one by one, then together. */
export function fingerprintRows(data: Tensor, method: string): Tensor {
  if (method !== 'farmhash64') {
    throw invalidRequest('UNKNOWN_METHOD', `Unsupported fingerprint method: ${method}`);
  }
  if (data.rank === 0)
    throw invalidRequest('BAD_RANK', 'Fingerprint op requires input tensor with at least one dimension');
  const rows = data.shape[0]!;
  const width = sizeOf(data.shape.slice(1));
  const hashes = new BigUint64Array(rows);
  if (data.is('string')) {
    const each = BigUint64Array.from(data.data, fingerprint64);
    const own = width === 1 && data.rank === 1;
    for (let i = 0; i < rows; i++) {
      const row = each.subarray(i * width, (i + 1) * width);
      hashes[i] = own ? row[0]! : fingerprint64(new Uint8Array(row.buffer, row.byteOffset, row.byteLength));
    }
  } else {
    const { buffer, byteOffset, byteLength } = data.data as Uint8Array;
    const size = rows === 0 ? 0 : byteLength / rows;
    for (let i = 0; i < rows; i++) hashes[i] = fingerprint64(new Uint8Array(buffer, byteOffset + i * size, size));
  }
  return new Tensor('uint8', [rows, 8], new Uint8Array(hashes.buffer));
}
