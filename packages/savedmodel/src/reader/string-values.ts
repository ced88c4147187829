import { ByteCursor } from './byte-cursor.js';
import { extendCrc32c, formatCrc32c, unmaskCrc32c } from './masked-crc.js';

/** A problem in stored strings, with its byte position from their start. */
export interface StringProblem {
  readonly offset: number;
  readonly problem: string;
}

/**
 * Takes stored strings apart: the lengths as varints, a checksum of the lengths, then all bytes
 * (`WriteStringTensor` in `tensorflow/core/util/tensor_bundle/tensor_bundle.cc`).
 *
 * @param count - how many strings; the caller has seen that there are at least as many bytes
 * @param maskedCrc32c - of the whole; computed over the lengths as fixed-width numbers, not as the varints in the file
 * @returns views of `stored`, not copies
 */
export function readStringValues(
  stored: Uint8Array,
  count: number,
  maskedCrc32c: number,
): Uint8Array[] | StringProblem {
  // TensorFlow neither writes nor checks anything for a tensor without elements beyond the checksum of no lengths.
  if (stored.length === 0 && count === 0) return [];
  const cursor = new ByteCursor(stored);
  const lengths: number[] = [];
  const fixed = new Uint8Array(count * 8);
  const view = new DataView(fixed.buffer);
  let fixedEnd = 0;
  let total = 0;
  for (let index = 0; index < count; index++) {
    const length = cursor.varint();
    if (length === undefined)
      return { offset: cursor.position, problem: `expected the length of string ${index} of ${count}` };
    lengths.push(length);
    total += length;
    view.setUint32(fixedEnd, length % 2 ** 32, true);
    fixedEnd += 4;
    if (length > 0xffffffff) {
      view.setUint32(fixedEnd, Math.floor(length / 2 ** 32), true);
      fixedEnd += 4;
    }
  }
  const lengthsCrc = extendCrc32c(0, fixed.subarray(0, fixedEnd));
  const checksumAt = cursor.position;
  const stated = cursor.fixed32();
  if (stated === undefined) return { offset: checksumAt, problem: 'expected the checksum of the lengths' };
  if (unmaskCrc32c(stated) !== lengthsCrc) {
    const given = formatCrc32c(lengthsCrc);
    return {
      offset: checksumAt,
      problem: `expected crc32c ${formatCrc32c(unmaskCrc32c(stated))} for the lengths, given ${given}`,
    };
  }
  if (total !== cursor.remaining) {
    return { offset: cursor.position, problem: `expected ${total} bytes of strings, given ${cursor.remaining}` };
  }
  const crc = extendCrc32c(lengthsCrc, stored.subarray(checksumAt));
  if (crc !== unmaskCrc32c(maskedCrc32c)) {
    return {
      offset: cursor.position,
      problem: `expected crc32c ${formatCrc32c(unmaskCrc32c(maskedCrc32c))} for the strings, given ${formatCrc32c(crc)}`,
    };
  }
  return lengths.map((length) => cursor.take(length)!);
}
