import type { Pointer } from '../native/ort-functions.js';

/**
 * Bytes of a `TF_TString` (`tsl/platform/ctstring_internal.h`, little-endian). The low two bits of the first byte say how
 * the rest is laid out:
 *
 * | kind | layout |
 * |---|---|
 * | small (0) | size << 2 in one byte, then up to 22 bytes of text and a zero |
 * | large (1) | size << 2 in 8 bytes, capacity in 8, address in 8 |
 * | offset (2) | size << 2 in 4 bytes, then in 4 the distance of the text from the element itself |
 * | view (3) | size << 2 in 8 bytes, address in 8 |
 */
export const tstringBytes = 24;

/** Where the text of one string lies. */
interface Located {
  readonly size: number;
  /** `undefined` for text inside the element. */
  readonly address: Pointer | undefined;
}

/**
 * Reads strings.
 *
 * @param elements - the `TF_TString`s one after the other, a copy of their own: short strings stay views of it
 * @param base - where they lie in native memory, which texts at an offset are relative to
 * @param read - copies native memory into a typed array
 */
export function readTStrings(
  elements: Uint8Array,
  base: Pointer,
  read: (target: Uint8Array, address: Pointer) => void,
): Uint8Array[] {
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  const count = elements.byteLength / tstringBytes;
  const located: Located[] = [];
  let outside = 0;
  for (let index = 0; index < count; index++) {
    const found = locate(view, index * tstringBytes, base);
    located.push(found);
    if (found.address !== undefined) outside += found.size;
  }
  // One block for all long strings.
  const block = new Uint8Array(outside);
  let used = 0;
  return located.map(({ size, address }, index) => {
    if (address === undefined) return elements.subarray(index * tstringBytes + 1, index * tstringBytes + 1 + size);
    const text = block.subarray(used, used + size);
    used += size;
    if (size > 0) read(text, address);
    return text;
  });
}

function locate(view: DataView, at: number, base: Pointer): Located {
  const first = view.getUint8(at);
  switch (first & 3) {
    case 0:
      return { size: first >> 2, address: undefined };
    case 1:
      return { size: longSize(view, at), address: view.getBigUint64(at + 16, true) };
    case 2: {
      const offset = view.getUint32(at + 4, true);
      return { size: view.getUint32(at, true) >>> 2, address: base + BigInt(at + offset) };
    }
    default:
      return { size: longSize(view, at), address: view.getBigUint64(at + 8, true) };
  }
}

function longSize(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true) >> 2n);
}
