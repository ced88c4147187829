const single: Readonly<Record<string, number | undefined>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '?': 63,
  "'": 39,
  '"': 34,
};

const escape = /\\(?:([abfnrtv\\?'"])|([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
const utf8 = new TextEncoder();

/**
 * The bytes that a quoted string of the text format stands for; C's escapes, `\u` and `\U` are understood.
 *
 * @param literal - quotes included
 * @returns the bytes, or the escape that means nothing
 */
export function unescapeString(literal: string): Uint8Array | { readonly badEscape: string } {
  const text = literal.slice(1, -1);
  const bytes: number[] = [];
  let offset = 0;
  while (offset < text.length) {
    const backslash = text.indexOf('\\', offset);
    const plain = text.slice(offset, backslash === -1 ? undefined : backslash);
    for (const byte of utf8.encode(plain)) bytes.push(byte);
    if (backslash === -1) break;
    escape.lastIndex = backslash;
    const found = escape.exec(text);
    const code = found && (found[4] ?? found[5]);
    if (!found || (found[2] && parseInt(found[2], 8) > 255) || (code && !isCharacter(parseInt(code, 16)))) {
      return { badEscape: found?.[0] ?? text.slice(backslash, backslash + 2) };
    }
    if (found[1]) bytes.push(single[found[1]]!);
    else if (found[2]) bytes.push(parseInt(found[2], 8));
    else if (found[3]) bytes.push(parseInt(found[3], 16));
    else bytes.push(...utf8.encode(String.fromCodePoint(parseInt(code!, 16))));
    offset = backslash + found[0].length;
  }
  return Uint8Array.from(bytes);
}

function isCharacter(code: number): boolean {
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}
