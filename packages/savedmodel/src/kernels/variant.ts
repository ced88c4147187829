import { decodeTensor, encodeTensor, Tensor } from '@servable/tensor';
import { invalidRequest } from './elements.js';

/** What a variant can hold. Each has a byte of its own in front, so that one is never taken for another. */
const kinds = { map: 1, csr: 2, compressed: 3 } as const;

/** The kinds of variants that kernels make and read. */
export type VariantKind = keyof typeof kinds;

const names: Record<VariantKind, string> = {
  map: 'a map of tensors',
  csr: 'a CSR sparse matrix',
  compressed: 'a compressed element',
};

/** Tensors as they stand in a variant. */
export const packTensor = (tensor: Tensor): Uint8Array => encodeTensor(tensor, { content: true });

export const unpackTensor = (bytes: Uint8Array): Tensor => decodeTensor(bytes);

/**
 * A variant travels between ops as a string scalar: a byte for its kind, then its parts, each behind its length.
 *
 * @param parts - tensors as {@link packTensor} writes them
 */
export function packVariant(kind: VariantKind, parts: readonly Uint8Array[]): Tensor<'string'> {
  let length = 1;
  for (const part of parts) length += 4 + part.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes[0] = kinds[kind];
  let at = 1;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return new Tensor('string', [], [bytes]);
}

/**
 * The parts of a variant.
 *
 * @throws SavedModelError INVALID_ARGUMENT when the tensor is no scalar or holds something else
 */
export function unpackVariant(tensor: Tensor | undefined, kind: VariantKind): Uint8Array[] {
  const bytes = tensor?.is('string') === true && tensor.rank === 0 ? tensor.data[0] : undefined;
  if (bytes?.[0] !== kinds[kind]) {
    const given = tensor === undefined ? 'nothing' : `[${tensor.shape.join(', ')}] of something else`;
    throw invalidRequest('NOT_THIS_VARIANT', `expected a scalar that holds ${names[kind]}, given ${given}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let at = 1;
  while (at < bytes.length) {
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : Infinity;
    if (end > bytes.length)
      throw invalidRequest('NOT_THIS_VARIANT', `expected ${names[kind]}, given one that is cut off`);
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return parts;
}
