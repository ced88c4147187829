/** Slicing tables of the Castagnoli polynomial: four bytes at a time. */
const tables = ((): readonly Uint32Array[] => {
  const first = Uint32Array.from({ length: 256 }, (_, index) => {
    let crc = index;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    return crc;
  });
  const all = [first];
  for (let depth = 1; depth < 4; depth += 1) {
    all.push(all[depth - 1]!.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!));
  }
  return all;
})();

/** The crc32c of some bytes; `before` is that of the bytes which come before them. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3] = tables as readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let crc = ~before;
  let offset = 0;
  for (const end = bytes.length - 3; offset < end; offset += 4) {
    const word =
      crc ^ (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24));
    crc = t3[word & 0xff]! ^ t2[(word >>> 8) & 0xff]! ^ t1[(word >>> 16) & 0xff]! ^ t0[word >>> 24]!;
  }
  for (; offset < bytes.length; offset += 1) crc = (crc >>> 8) ^ t0[(crc ^ bytes[offset]!) & 0xff]!;
  return ~crc >>> 0;
}

/**
 * The crc32c of some bytes in the form that TFRecord files hold (`Mask` in TensorFlow's lib/hash/crc32c.h): checksums of
 * data that has checksums in it would collide.
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
