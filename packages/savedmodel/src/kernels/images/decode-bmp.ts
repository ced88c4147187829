import { invalidRequest } from '../elements.js';
import type { DecodedImage } from './decoded-image.js';

/** Decodes an uncompressed BMP of 8, 24 or 32 bits per pixel as TensorFlow does (decode_image_op.cc). */
export function decodeBmp(data: Uint8Array, wanted: number): DecodedImage {
  const refuse = (why: string) => invalidRequest('BAD_BMP', why);
  if (data.length < 32) {
    throw refuse(
      `Incomplete bmp content, requires at least 32 bytes to find the header size, width, height, and bpp, got ${data.length} bytes`,
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const start = view.getInt32(10, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const own = Math.trunc(view.getInt16(28, true) / 8);
  if (own !== 1 && own !== 3 && own !== 4) {
    throw refuse(`Number of channels inherent in the image must be 1, 3 or 4, was ${own}`);
  }
  const channels = wanted === 0 ? own : wanted;
  if (width <= 0) throw refuse(`Width must be positive, got ${width}`);
  if (signedHeight === 0) throw refuse('Height must be nonzero');
  if (start < 0) throw refuse(`header size must be nonnegative, got ${start}`);
  const height = Math.abs(signedHeight);
  if (width * height >= (2 ** 31 - 1) / 8) throw refuse('Total possible pixel bytes must be less than 2^30');
  const line = Math.floor((own * width + 3) / 4) * 4;
  const surplus = data.length - start - line * height;
  if (surplus !== 0) {
    throw refuse(`Input size should match (header_size + row_size * abs_height) but they differ by ${surplus}`);
  }
  const output = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = start + (signedHeight < 0 ? y : height - 1 - y) * line;
    for (let x = 0; x < width; x++) {
      const from = row + x * own;
      const to = (y * width + x) * channels;
      const red = own === 1 ? data[from]! : data[from + 2]!;
      output[to] = red;
      if (channels < 3) continue;
      output[to + 1] = own === 1 ? red : data[from + 1]!;
      output[to + 2] = own === 1 ? red : data[from]!;
      if (channels === 4) output[to + 3] = own === 4 ? data[from + 3]! : 255;
    }
  }
  return { width, height, channels, data: output };
}
