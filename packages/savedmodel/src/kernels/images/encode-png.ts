import { deflateSync } from 'node:zlib';
import { crc32 } from '@node-rs/crc32';
import { Tensor } from '@servable/tensor';
import { invalidRequest } from '../elements.js';

/** Colour types by the number of channels. */
const COLOUR_TYPES = [0, 0, 4, 2, 6];

/** Encodes `[..., height, width, channels]` images of 8 or 16 bits as one PNG each; which bytes is left to zlib. */
export function encodePng(images: Tensor, level: number): Tensor<'string'> {
  const [height = 0, width = 0, channels = 0] = images.shape.slice(-3);
  if (images.rank < 3 || channels < 1 || channels > 4 || height === 0 || width === 0) {
    throw invalidRequest(
      'BAD_IMAGE',
      `expected images [..., height, width, 1 to 4] that are not empty, got [${images.shape.join(', ')}]`,
    );
  }
  const batch = images.shape.slice(0, -3);
  const count = batch.reduce((a, b) => a * b, 1);
  const size = height * width * channels;
  const files = Array.from({ length: count }, (_, i) => {
    const pixels = (images.data as Uint8Array | Uint16Array).subarray(i * size, (i + 1) * size);
    return encodeOne(pixels, width, height, channels, level);
  });
  return new Tensor('string', batch, files);
}

function encodeOne(pixels: Uint8Array | Uint16Array, width: number, height: number, channels: number, level: number) {
  const bytesPer = pixels instanceof Uint16Array ? 2 : 1;
  const line = width * channels * bytesPer;
  const step = channels * bytesPer;
  const raw = new Uint8Array(height * (line + 1));
  const current = new Uint8Array(line);
  const above = new Uint8Array(line);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < width * channels; i++) {
      const value = pixels[y * width * channels + i]!;
      if (bytesPer === 1) current[i] = value;
      else {
        current[i * 2] = value >> 8;
        current[i * 2 + 1] = value;
      }
    }
    // The filter "up" or "sub", whichever leaves less.
    let [up, sub] = [0, 0];
    for (let i = 0; i < line; i++) {
      up += Math.abs(((current[i]! - above[i]!) << 24) >> 24);
      sub += Math.abs(((current[i]! - (i >= step ? current[i - step]! : 0)) << 24) >> 24);
    }
    const filter = up < sub ? 2 : 1;
    const at = y * (line + 1);
    raw[at] = filter;
    for (let i = 0; i < line; i++) {
      raw[at + 1 + i] = current[i]! - (filter === 2 ? above[i]! : i >= step ? current[i - step]! : 0);
    }
    above.set(current);
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, bytesPer * 8);
  header.setUint8(9, COLOUR_TYPES[channels]!);
  const data = deflateSync(raw, { level: Math.min(level, 9), memLevel: 9 });
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      chunk('IHDR', new Uint8Array(header.buffer)),
      chunk('IDAT', data),
      chunk('IEND', new Uint8Array(0)),
    ]),
  );
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
}
