const textEncoder = new TextEncoder();

/** Bytes of an unsigned varint below 2^53. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  let size = 5;
  for (let rest = value / 2 ** 35; rest >= 1; rest /= 128) size++;
  return size;
}

/** Bytes of the varint of an int32; negative ones are sign-extended to 64 bits, so they take 10. */
export function int32Size(value: number): number {
  return value < 0 ? 10 : varintSize(value);
}

/** Bytes of the varint with these 32-bit halves. */
export function varint64Size(low: number, high: number): number {
  if (high === 0) return varintSize(low);
  if (high < 8) return 5;
  return high >>> 31 === 1 ? 10 : varintSize(high >>> 3) + 5;
}

/** Writes an unsigned varint below 2^53; gives the position after it. */
export function writeVarint(target: Uint8Array, start: number, value: number): number {
  let pos = start;
  let rest = value;
  while (rest >= 0x80000000) {
    target[pos++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    target[pos++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[pos++] = rest;
  return pos;
}

/** Writes the varint with these unsigned 32-bit halves; gives the position after it. */
export function writeVarint64(target: Uint8Array, start: number, low: number, high: number): number {
  if (high === 0) return writeVarint(target, start, low);
  let pos = start;
  for (let shift = 0; shift < 28; shift += 7) target[pos++] = ((low >>> shift) & 0x7f) | 0x80;
  // The fifth byte takes the last 4 bits of the lower half and 3 of the upper one.
  const fifth = (low >>> 28) | ((high & 7) << 4);
  const rest = high >>> 3;
  if (rest === 0) {
    target[pos++] = fifth;
    return pos;
  }
  target[pos++] = fifth | 0x80;
  return writeVarint(target, pos, rest);
}

/** Writes an int32 as the varint of its sign-extended 64 bits. */
export function writeInt32(target: Uint8Array, start: number, value: number): number {
  return value < 0 ? writeVarint64(target, start, value >>> 0, 0xffffffff) : writeVarint(target, start, value);
}

/** Bytes of a length-delimited field whose number is below 16: tag, length, payload. */
export function fieldSize(payload: number): number {
  return 1 + varintSize(payload) + payload;
}

/** Bytes of the UTF-8 of text. A lone surrogate becomes U+FFFD, which takes three, as it does in `TextEncoder`. */
export function textSize(text: string): number {
  let size = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) size += 1;
    else if (text.codePointAt(at)! > 0xffff) {
      size += 2;
      at++;
    } else size += 2;
  }
  return size;
}

/** Writes text whose {@link textSize} is known as a field with a number below 16; gives the position after it. */
export function writeTextField(target: Uint8Array, start: number, field: number, text: string, size: number): number {
  target[start] = (field << 3) | 2;
  const pos = writeVarint(target, start + 1, size);
  if (size === text.length) for (let at = 0; at < size; at++) target[pos + at] = text.charCodeAt(at);
  else textEncoder.encodeInto(text, target.subarray(pos, pos + size));
  return pos + size;
}

/** Writes a length-delimited field with a number below 16; gives the position after it. */
export function writeBytesField(target: Uint8Array, start: number, field: number, payload: Uint8Array): number {
  target[start] = (field << 3) | 2;
  const pos = writeVarint(target, start + 1, payload.length);
  target.set(payload, pos);
  return pos + payload.length;
}

/** A buffer of exactly this size for a message that will be written in full. */
export function allocate(size: number): Uint8Array {
  return new Uint8Array(size);
}
