import { crc32c } from '@node-rs/crc32';

const MASK_DELTA = 0xa282ead8;

/** crc32c of some bytes, or of all bytes so far when the checksum of those before is given. */
export function extendCrc32c(crc: number, bytes: Uint8Array): number {
  return crc32c(bytes, crc);
}

/**
 * The form in which TensorFlow stores a crc32c (`Mask` in `tensorflow/core/lib/hash/crc32c.h`): a file that holds
 * checksums of itself would otherwise give checksums of checksums.
 */
export function maskCrc32c(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** The crc32c behind its stored form. */
export function unmaskCrc32c(masked: number): number {
  const rotated = (masked - MASK_DELTA) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/** `0x0a1b2c3d`, for messages. */
export function formatCrc32c(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`;
}
