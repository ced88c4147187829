import { Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { declaredPixels } from './declared-pixels.js';
import { encodeJpeg } from './encode-jpeg.js';
import { encodePng } from './encode-png.js';

const image = new Tensor('uint8', [5, 7, 3], new Uint8Array(105));
const jpegOptions = { format: '', chromaDownsampling: true, densityUnit: 1, xDensity: 300, yDensity: 300, quality: 90 };

describe('the number of pixels that an image declares', () => {
  it('is read from the headers of PNG and JPEG', () => {
    const [png] = encodePng(image, -1).data;
    expect(declaredPixels(png as Uint8Array)).toBe(35);
    expect(declaredPixels(encodeJpeg(image, jpegOptions))).toBe(35);
  });

  it('is read from the header of BMP, whose height is negative where rows start at the top', () => {
    const bmp = new DataView(new ArrayBuffer(54));
    bmp.setUint16(0, 0x424d);
    bmp.setInt32(18, 6, true);
    bmp.setInt32(22, -4, true);
    expect(declaredPixels(new Uint8Array(bmp.buffer))).toBe(24);
  });

  it('is not known of files of several frames, of others and of ones that are cut short', () => {
    expect(declaredPixels(new TextEncoder().encode('GIF89a'.padEnd(40, '\0')))).toBeUndefined();
    expect(declaredPixels(new Uint8Array(40))).toBeUndefined();
    const jpeg = encodeJpeg(image, jpegOptions);
    for (let length = 0; length < 150; length++) expect(declaredPixels(jpeg.subarray(0, length))).toBeUndefined();
  });
});
