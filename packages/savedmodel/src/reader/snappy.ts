import { ByteCursor } from './byte-cursor.js';

/** An element of three bytes gives at most 64, so no valid block grows by more than this factor. */
const MOST_GROWTH = 22;

/**
 * Expands one block of raw snappy (no framing), as LevelDB-style tables may hold.
 *
 * The format: a varint with the plain length, then elements. The two low bits of an element's tag say what it is: 0 a
 * literal, 1 to 3 a copy of bytes already written, with an offset of 11, 16 or 32 bits.
 *
 * @returns the plain bytes, or a sentence that says what is wrong with the block
 */
export function decompressSnappy(block: Uint8Array): Uint8Array | string {
  const input = new ByteCursor(block);
  const length = input.varint();
  if (length === undefined) return 'expected a varint with the plain length';
  if (length > block.length * MOST_GROWTH) {
    return `expected at most ${block.length * MOST_GROWTH} bytes from ${block.length}, given a plain length of ${length}`;
  }
  const output = new Uint8Array(length);
  let written = 0;
  while (input.remaining > 0) {
    const at = input.position;
    const tag = block[input.position++]!;
    const kind = tag & 3;
    if (kind === 0) {
      const size = literalLength(tag, input);
      const literal = size === undefined ? undefined : input.take(size);
      if (literal === undefined) return `the literal at byte ${at} is cut off`;
      if (literal.length > length - written) return `the literal at byte ${at} goes over the plain length of ${length}`;
      output.set(literal, written);
      written += literal.length;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const rest = littleEndian(input, kind === 3 ? 4 : kind);
    if (rest === undefined) return `the copy at byte ${at} is cut off`;
    const offset = kind === 1 ? ((tag >> 5) << 8) | rest : rest;
    if (offset === 0 || offset > written) return `the copy at byte ${at} reaches ${offset} bytes back of ${written}`;
    if (size > length - written) return `the copy at byte ${at} goes over the plain length of ${length}`;
    if (offset >= size) {
      output.copyWithin(written, written - offset, written - offset + size);
      written += size;
    } else {
      // The copy reads what it writes: a run.
      for (const end = written + size; written < end; written++) output[written] = output[written - offset]!;
    }
  }
  return written === length ? output : `expected ${length} plain bytes, given ${written}`;
}

/** Lengths up to 60 are in the tag; 60 to 63 there mean that 1 to 4 bytes with the length follow. */
function literalLength(tag: number, input: ByteCursor): number | undefined {
  const inTag = tag >> 2;
  if (inTag < 60) return inTag + 1;
  const length = littleEndian(input, inTag - 59);
  return length === undefined ? undefined : length + 1;
}

function littleEndian(input: ByteCursor, bytes: number): number | undefined {
  const taken = input.take(bytes);
  return taken?.reduceRight((value, byte) => value * 256 + byte, 0);
}
