const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Uint8Array(256).fill(255);
const letters = new Uint8Array(64);
for (let k = 0; k < 64; k++) {
  values[alphabet.charCodeAt(k)] = k;
  letters[k] = alphabet.charCodeAt(k);
}

const padding = 0x3d;

/**
 * Decodes base64 of the standard alphabet by the rules of `absl::Base64Unescape`: ASCII white space is skipped; padding may
 * be left out but must be right when it is there; `.` counts as `=`; left-over bits are not looked at.
 *
 * @returns `undefined` when the text is not base64
 */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array((text.length >> 2) * 3 + 3);
  let length = 0;
  let at = 0;
  let group = 0;
  let digits = 0;
  for (;;) {
    if (digits === 0) {
      for (; at + 3 < text.length; at += 4) {
        const a = values[text[at]!]!;
        const b = values[text[at + 1]!]!;
        const c = values[text[at + 2]!]!;
        const d = values[text[at + 3]!]!;
        if ((a | b | c | d) > 63) break;
        out[length] = (a << 2) | (b >> 4);
        out[length + 1] = (b << 4) | (c >> 2);
        out[length + 2] = (c << 6) | d;
        length += 3;
      }
    }
    if (at === text.length) break;
    const c = text[at]!;
    const value = values[c]!;
    if (value < 64) {
      group = (group << 6) | value;
      if (++digits === 4) {
        out[length++] = group >> 16;
        out[length++] = group >> 8;
        out[length++] = group;
        group = digits = 0;
      }
    } else if (isPadding(c)) break;
    else if (!isSpace(c)) return undefined;
    at++;
  }
  if (digits === 1) return undefined;
  if (digits === 2) out[length++] = group >> 4;
  if (digits === 3) {
    out[length++] = group >> 10;
    out[length++] = group >> 2;
  }
  let found = 0;
  for (; at < text.length; at++) {
    if (isPadding(text[at]!)) found++;
    else if (!isSpace(text[at]!)) return undefined;
  }
  const expected = digits === 0 ? 0 : 4 - digits;
  return found === 0 || found === expected ? out.slice(0, length) : undefined;
}

/** Writes padded base64 of the standard alphabet at `at`; `out` must have room for 4 bytes per 3, rounded up. */
export function encodeBase64(bytes: Uint8Array, out: Uint8Array, at: number): number {
  const whole = bytes.length - (bytes.length % 3);
  let k = 0;
  for (; k < whole; k += 3) {
    const group = (bytes[k]! << 16) | (bytes[k + 1]! << 8) | bytes[k + 2]!;
    out[at] = letters[group >> 18]!;
    out[at + 1] = letters[(group >> 12) & 63]!;
    out[at + 2] = letters[(group >> 6) & 63]!;
    out[at + 3] = letters[group & 63]!;
    at += 4;
  }
  if (k < bytes.length) {
    const two = k + 1 < bytes.length;
    const group = (bytes[k]! << 16) | (two ? bytes[k + 1]! << 8 : 0);
    out[at++] = letters[group >> 18]!;
    out[at++] = letters[(group >> 12) & 63]!;
    out[at++] = two ? letters[(group >> 6) & 63]! : padding;
    out[at++] = padding;
  }
  return at;
}

function isPadding(c: number): boolean {
  return c === padding || c === 0x2e;
}

function isSpace(c: number): boolean {
  return c === 0x20 || (c >= 0x09 && c <= 0x0d);
}
