/** Printable ASCII but for the percent sign, and no space at either end, which HTTP/2 has no room for. */
const plain = /^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/;

/** Text as a `grpc-message`: its UTF-8, percent-encoded where it is not plain ASCII. */
export function statusMessage(text: string): string {
  if (plain.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const isPlain = byte > 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
