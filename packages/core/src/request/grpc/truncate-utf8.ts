/**
 * Cuts a text after so many bytes of UTF-8, between characters, and marks the cut. Lone surrogates, which have no UTF-8
 * and which grpc-js chokes on, become U+FFFD.
 */
export function truncateUtf8(text: string, maxBytes: number, mark: string): string {
  const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd');
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (wellFormed.length * 3 <= maxBytes) return wellFormed;
  const bytes = Buffer.from(wellFormed);
  if (bytes.length <= maxBytes) return wellFormed;
  let end = maxBytes;
  // Never cut a character in half: step back over UTF-8 continuation bytes.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + mark;
}
