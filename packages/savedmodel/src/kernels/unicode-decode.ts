import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** Calls back for every character: its code point, the bytes it took, and whether the bytes were malformed. */
export type DecodeVisitor = (codePoint: number, bytes: number, malformed: boolean) => void;
export type Decoder = (bytes: Uint8Array, visit: DecodeVisitor) => void;

const REPLACEMENT = 0xfffd;

/**
 * A decoder by the encoding's name, in any of its spellings; malformed bytes come as U+FFFD, one per byte or per longest
 * start of a character, as ICU's converters do it.
 *
 * @throws SavedModelError INVALID_ARGUMENT for an encoding that nobody knows
 */
export function decoderOf(encoding: string): Decoder {
  const name = encoding.toLowerCase().replace(/[-_ ]/g, '');
  switch (name) {
    case 'utf8':
      return decodeUtf8;
    case 'utf16be':
      return utf16(false, 0);
    case 'utf16le':
      return utf16(true, 0);
    case 'utf16':
      return (bytes, visit) => {
        const little = bytes[0] === 0xff && bytes[1] === 0xfe;
        const marked = little || (bytes[0] === 0xfe && bytes[1] === 0xff);
        utf16(little, marked ? 2 : 0)(bytes, visit);
      };
    case 'utf32be':
      return utf32(false, 0);
    case 'utf32le':
      return utf32(true, 0);
    case 'utf32':
      return (bytes, visit) => {
        const little = bytes[0] === 0xff && bytes[1] === 0xfe && bytes[2] === 0 && bytes[3] === 0;
        const marked = little || (bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 0xfe && bytes[3] === 0xff);
        utf32(little, marked ? 4 : 0)(bytes, visit);
      };
    case 'usascii':
    case 'ascii':
      return (bytes, visit) => {
        for (const byte of bytes) visit(byte < 0x80 ? byte : REPLACEMENT, 1, byte >= 0x80);
      };
    case 'iso88591':
    case 'latin1':
      return (bytes, visit) => {
        for (const byte of bytes) visit(byte, 1, false);
      };
    default:
      return legacy(encoding);
  }
}

/** The well-formed ranges of second bytes, and how many bytes follow, by the first byte. */
function utf8Lead(byte: number): readonly [more: number, low: number, high: number] | undefined {
  if (byte >= 0xc2 && byte <= 0xdf) return [1, 0x80, 0xbf];
  if (byte >= 0xe0 && byte <= 0xef) return [2, byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf];
  if (byte >= 0xf0 && byte <= 0xf4) return [3, byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf];
  return undefined;
}

export const decodeUtf8: Decoder = (bytes, visit) => {
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      visit(first, 1, false);
      at++;
      continue;
    }
    const lead = utf8Lead(first);
    if (lead === undefined) {
      visit(REPLACEMENT, 1, true);
      at++;
      continue;
    }
    const [more, low, high] = lead;
    let point = first & (0x3f >> more);
    let taken = 1;
    for (; taken <= more; taken++) {
      const byte = bytes[at + taken] ?? 0;
      if (byte < (taken === 1 ? low : 0x80) || byte > (taken === 1 ? high : 0xbf)) break;
      point = (point << 6) | (byte & 0x3f);
    }
    const whole = taken > more;
    visit(whole ? point : REPLACEMENT, taken, !whole);
    at += taken;
  }
};

/** @param mark - bytes of a byte order mark, which count with the first character */
function utf16(little: boolean, mark: number): Decoder {
  return (bytes, visit) => {
    const unit = (at: number) =>
      little ? (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) : ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    let start = 0;
    let at = mark;
    while (at < bytes.length) {
      let size = Math.min(2, bytes.length - at);
      let point = REPLACEMENT;
      let malformed = true;
      if (size === 2) {
        const first = unit(at);
        const isLead = first >= 0xd800 && first <= 0xdbff;
        const second = isLead && at + 4 <= bytes.length ? unit(at + 2) : 0;
        if (isLead && second >= 0xdc00 && second <= 0xdfff) {
          point = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
          size = 4;
          malformed = false;
        } else if (first < 0xd800 || first > 0xdfff) {
          point = first;
          malformed = false;
        }
      }
      visit(point, at + size - start, malformed);
      at += size;
      start = at;
    }
  };
}

function utf32(little: boolean, mark: number): Decoder {
  return (bytes, visit) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = 0;
    for (let at = mark; at < bytes.length;) {
      const size = Math.min(4, bytes.length - at);
      const point = size === 4 ? view.getUint32(at, little) : REPLACEMENT;
      const malformed = size < 4 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff);
      visit(malformed ? REPLACEMENT : point, at + size - start, malformed);
      at += size;
      start = at;
    }
  };
}

/** Encodings of the web (Shift_JIS, GBK, windows-1252 …), decoded byte by byte to know where characters start. */
function legacy(encoding: string): Decoder {
  const label = encoding.toLowerCase();
  const make = () => new TextDecoder(label);
  try {
    make();
  } catch {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'UNKNOWN_ENCODING',
      `Could not create converter for input encoding: ${encoding}`,
    );
  }
  return (bytes, visit) => {
    const decoder = make();
    let taken = 0;
    const give = (text: string) => {
      for (const character of text) {
        const point = character.codePointAt(0) ?? REPLACEMENT;
        visit(point, taken, point === REPLACEMENT);
        taken = 0;
      }
    };
    for (let i = 0; i < bytes.length; i++) {
      taken++;
      give(decoder.decode(bytes.subarray(i, i + 1), { stream: true }));
    }
    give(decoder.decode());
  };
}
