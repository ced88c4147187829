/** U+FFFD, which stands for malformed text where an op says so. */
export const REPLACEMENT = 0xfffd;

/**
 * The character at a place as `point * 8 + bytes`; of malformed text the point is -1 and the bytes are those of the longest
 * start of a character, as ICU's `U8_NEXT` takes them. See {@link pointOf} and {@link sizeOfPoint}.
 *
 * @param at - below `end`
 */
export function utf8At(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return (first << 3) | 1;
  let more: number;
  let low = 0x80;
  let high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) more = 1;
  else if (first >= 0xe0 && first <= 0xef) {
    more = 2;
    if (first === 0xe0) low = 0xa0;
    else if (first === 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    more = 3;
    if (first === 0xf0) low = 0x90;
    else if (first === 0xf4) high = 0x8f;
  } else return (-1 << 3) | 1;
  let point = first & (0x3f >> more);
  for (let taken = 1; taken <= more; taken++) {
    const byte = at + taken < end ? bytes[at + taken]! : 0;
    if (byte < low || byte > high) return (-1 << 3) | taken;
    point = (point << 6) | (byte & 0x3f);
    low = 0x80;
    high = 0xbf;
  }
  return (point << 3) | (more + 1);
}

export const pointOf = (character: number): number => character >> 3;
export const sizeOfPoint = (character: number): number => character & 7;
