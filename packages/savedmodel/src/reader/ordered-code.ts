/** Writers of TensorFlow's order-preserving coding (`tensorflow/core/lib/strings/ordered_code.cc`), for slice keys. */

/** Appends a number of 0 or more: one byte with the count of its bytes, then these, most significant first. */
export function writeNumber(out: number[], value: number): void {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  out.push(bytes.length, ...bytes);
}

/** Appends a string: 0x00 becomes 00 FF, 0xFF becomes FF 00, and 00 01 ends it. */
export function writeString(out: number[], bytes: Uint8Array): void {
  for (const byte of bytes) {
    out.push(byte);
    if (byte === 0x00) out.push(0xff);
    else if (byte === 0xff) out.push(0x00);
  }
  out.push(0x00, 0x01);
}

/**
 * Appends a signed number: in a code of n bytes the n high bits are the sign and the length (all ones for numbers of 0
 * or more, all zeros below), the other 7n bits are the number in two's complement.
 */
export function writeSigned(out: number[], value: number): void {
  const wide = BigInt(value);
  const magnitude = wide < 0n ? ~wide : wide;
  let length = 1;
  while (magnitude >= 1n << BigInt(7 * length - 1)) length++;
  const bits = BigInt(8 * length);
  const header = ((1n << BigInt(length)) - 1n) << BigInt(7 * length);
  const code = BigInt.asUintN(Number(bits), wide) ^ header;
  for (let byte = length - 1; byte >= 0; byte--) out.push(Number((code >> BigInt(8 * byte)) & 0xffn));
}
