import type { DType, Tensor } from '@servable/tensor';
import { indices } from '../byte-strings.js';
import { invalidRequest } from '../elements.js';

/**
 * `ExtractJpegShape`: height, width and channels as the frame header has them; nothing is decoded
 * (tensorflow/core/lib/jpeg/jpeg_mem.cc, `GetImageInfo`).
 */
export function extractJpegShape(contents: Tensor, dtype: DType): Tensor {
  const bytes = contents.is('string') && contents.rank === 0 ? contents.data[0] : undefined;
  if (bytes === undefined) {
    throw invalidRequest('NOT_A_SCALAR', `contents must be scalar, got shape [${contents.shape.join(',')}]`);
  }
  const frame = frameHeader(bytes);
  if (frame === undefined) throw invalidRequest('BAD_JPEG', `Invalid JPEG data, size ${bytes.length}`);
  return indices(dtype, frame);
}

function frameHeader(bytes: Uint8Array): readonly [height: number, width: number, channels: number] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let at = 2;
  let found: ReturnType<typeof frameSizes>;
  while (at + 4 <= bytes.length) {
    // Segments may be padded with 0xff in front of their marker, and by rubbish that libjpeg skips.
    if (bytes[at] !== 0xff || bytes[at + 1] === 0xff || bytes[at + 1] === 0) {
      at++;
      continue;
    }
    const marker = bytes[at + 1]!;
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    // The header ends where the first scan begins; tables stand on both sides of the frame's.
    if (marker === 0xda) return found;
    if (marker === 0xd8 || marker === 0xd9) return undefined;
    if (isAlone) {
      at += 2;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (length < 2) return undefined;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      found = at + 10 > bytes.length || found !== undefined ? undefined : frameSizes(view, at, length, marker);
      if (found === undefined) return undefined;
    }
    at += 2 + length;
  }
  return undefined;
}

/** Baseline, extended and progressive frames of 8 bits, Huffman or arithmetic, are what libjpeg reads. */
function frameSizes(
  view: DataView,
  at: number,
  length: number,
  marker: number,
): readonly [number, number, number] | undefined {
  const [precision, height, width, channels] = [
    view.getUint8(at + 4),
    view.getUint16(at + 5),
    view.getUint16(at + 7),
    view.getUint8(at + 9),
  ];
  const known = [0xc0, 0xc1, 0xc2, 0xc9, 0xca].includes(marker);
  if (!known || precision !== 8 || height === 0 || width === 0 || channels === 0) return undefined;
  return length === 8 + 3 * channels ? [height, width, channels] : undefined;
}
