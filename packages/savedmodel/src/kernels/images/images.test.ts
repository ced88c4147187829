import { readFileSync } from 'node:fs';
import { Tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { decodeImage, prepareDecoder, type ImageRequest } from './decode-image.js';
import { encodeJpeg } from './encode-jpeg.js';
import { encodePng } from './encode-png.js';
import { ImageDecoderPool } from './image-decoder-pool.js';

const request: ImageRequest = {
  op: 'DecodeImage',
  channels: 0,
  dtype: 'uint8',
  expandAnimations: true,
  jpeg: { ratio: 1, fancyUpscaling: true, dctMethod: 'fast', tryRecoverTruncated: false },
};
const encoding = { format: '', quality: 90, chromaDownsampling: true, densityUnit: 1, xDensity: 300, yDensity: 300 };

function picture(height: number, width: number, channels: number): Tensor {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * 7 + ((i * i) >> 5)) & 255);
  return new Tensor('uint8', [height, width, channels], data);
}

/** The image files of the op zoo, which hold every kind that TensorFlow decodes. */
function files(): Uint8Array[] {
  const path = new URL('../../../../../zoo/models/image_codec/golden.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly cases: readonly {
      readonly inputs: Readonly<Record<string, { readonly dtype: string; readonly data: unknown }>>;
    }[];
  };
  const texts = cases.flatMap(({ inputs }) => Object.values(inputs).filter((input) => input.dtype === 'string'));
  const unique = new Set(texts.flatMap(({ data }) => data as readonly string[]));
  return [...unique].map((text) => new Uint8Array(Buffer.from(text, 'base64')));
}

test('PNG gives back what was written, in every number of channels', () => {
  for (const channels of [1, 2, 3, 4]) {
    const image = picture(5, 7, channels);
    const [file] = encodePng(image, -1).data;
    expect(decodeImage(file!, request).toArray()).toEqual(image.toArray());
  }
});

test('JPEG gives back nearly what was written', () => {
  const smooth = new Tensor(
    'uint8',
    [9, 13, 3],
    Uint8Array.from({ length: 351 }, (_, i) => Math.floor(i / 3)),
  );
  const decoded = decodeImage(encodeJpeg(smooth, { ...encoding, quality: 100, chromaDownsampling: false }), {
    ...request,
    jpeg: { ...request.jpeg, dctMethod: 'accurate' },
  });
  expect(decoded.shape).toEqual([9, 13, 3]);
  smooth.data.forEach((value, i) => expect(Math.abs(Number(value) - Number(decoded.data[i]))).toBeLessThanOrEqual(2));
});

test('damaged files are refused or decoded to something, and never do worse', async () => {
  let state = 1;
  const random = (limit: number) => (state = (state * 48271) % 2147483647) % limit;
  for (const file of files()) {
    for (let round = 0; round < 12; round++) {
      const damaged = file.slice(0, round % 3 === 0 ? random(file.length) : file.length);
      for (let k = 0; k < 3 && round % 3 !== 0; k++) damaged[random(damaged.length)] = random(256);
      // A damaged header may tell any size; sizes that take long are not what this is about.
      if (damaged.length > 24 && new DataView(damaged.buffer).getUint32(16) > 4096) continue;
      try {
        await prepareDecoder(damaged);
        const { shape, size } = decodeImage(damaged, request);
        expect(shape.reduce((a, b) => a * b, 1)).toBe(size);
      } catch (error) {
        expect(error).toBeInstanceOf(SavedModelError);
        expect(['INVALID_ARGUMENT', 'UNIMPLEMENTED']).toContain((error as SavedModelError).code);
      }
    }
  }
});

test('an image that says it has more pixels than TensorFlow takes is refused before memory is', () => {
  const [png] = encodePng(picture(2, 2, 3), -1).data;
  const huge = png!.slice();
  new DataView(huge.buffer).setUint32(16, 2 ** 26);
  expect(() => decodeImage(huge, request)).toThrow(SavedModelError);
  const jpeg = encodeJpeg(picture(8, 8, 3), encoding).slice();
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  jpeg.set([0xff, 0xff, 0xff, 0xff], frame + 5);
  expect(() => decodeImage(jpeg, request)).toThrow(/too many pixels/);
});

test('the decoder gives up a call whose signal is aborted', async () => {
  const pool = new ImageDecoderPool(undefined);
  const [png] = encodePng(picture(2, 3, 1), -1).data;
  expect((await pool.decode(png!, request)).shape).toEqual([2, 3, 1]);
  await expect(pool.decode(png!, request, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  pool.close();
});
