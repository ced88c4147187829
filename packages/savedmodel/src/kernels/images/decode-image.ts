import { Tensor } from '@servable/tensor';
import { invalidRequest } from '../elements.js';
import { decodeBmp } from './decode-bmp.js';
import { decodeGif } from './decode-gif.js';
import { decodePng } from './decode-png.js';
import { decodeWebp, loadWebpDecoder } from './decode-webp.js';
import type { DecodedImage } from './decoded-image.js';
import { decodeJpeg } from './jpeg/decode-jpeg.js';
import type { JpegOptions } from './jpeg/jpeg-options.js';

export type ImageOp =
  'DecodeJpeg' | 'DecodeAndCropJpeg' | 'DecodePng' | 'DecodeGif' | 'DecodeBmp' | 'DecodeWebP' | 'DecodeImage';

/** The attributes of TensorFlow's decoding ops; those that an op does not have are at their defaults. */
export interface ImageRequest {
  readonly op: ImageOp;
  readonly channels: number;
  readonly dtype: 'uint8' | 'uint16' | 'float32';
  readonly expandAnimations: boolean;
  readonly jpeg: Omit<JpegOptions, 'channels'>;
}

type Format = 'JPEG' | 'PNG' | 'GIF' | 'BMP' | 'WebP';

function formatOf(data: Uint8Array): Format | undefined {
  const starts = (bytes: readonly number[], at = 0) => bytes.every((byte, i) => data[at + i] === byte);
  if (starts([0xff, 0xd8, 0xff])) return 'JPEG';
  if (starts([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'PNG';
  if (starts([0x47, 0x49, 0x46, 0x38])) return 'GIF';
  if (starts([0x42, 0x4d])) return 'BMP';
  if (starts([0x52, 0x49, 0x46, 0x46]) && starts([0x57, 0x45, 0x42, 0x50], 8)) return 'WebP';
  return undefined;
}

/** Loads what decoding this file needs and does not have at hand. Call it before {@link decodeImage}. */
export async function prepareDecoder(data: Uint8Array): Promise<void> {
  if (formatOf(data) === 'WebP') await loadWebpDecoder();
}

/**
 * Decodes an image as TensorFlow's DecodeImageV2Op does (tensorflow/core/kernels/image/decode_image_op.cc): every op
 * decodes nearly every format, told by its first bytes.
 *
 * @returns pixels `[height, width, channels]`, with a dimension of frames in front where the op or format has one
 * @throws SavedModelError INVALID_ARGUMENT for data that is no image, or not one that the op takes
 */
export function decodeImage(data: Uint8Array, request: ImageRequest): Tensor {
  if (data.length === 0) throw invalidRequest('EMPTY_IMAGE', 'Input is empty.');
  const format = formatOf(data);
  if (format === undefined) {
    throw invalidRequest(
      'UNKNOWN_IMAGE_FORMAT',
      'Unknown image file format. One of JPEG, JPEG XL, PNG, GIF, BMP, WebP required.',
    );
  }
  checkOp(format, request);
  const { channels, dtype, op } = request;
  switch (format) {
    case 'JPEG': {
      if (channels === 4) throw invalidRequest('BAD_CHANNELS', 'JPEG does not support 4 channels');
      const image = decodeJpeg(data, { ...request.jpeg, channels: channels as 0 | 1 | 3 });
      return toTensor(op === 'DecodeGif' ? { ...image, frames: 1 } : image, dtype);
    }
    case 'PNG': {
      const image = decodePng(data, channels, dtype === 'uint8' ? 8 : 16);
      return toTensor(op === 'DecodeGif' ? { ...image, frames: 1 } : image, dtype);
    }
    case 'GIF': {
      if (channels !== 0 && channels !== 3) {
        throw invalidRequest('BAD_CHANNELS', `channels must be 0 or 3 for GIF, got ${channels}`);
      }
      const image = decodeGif(data, request.expandAnimations);
      if (op !== 'DecodePng' && op !== 'DecodeJpeg') {
        return toTensor(request.expandAnimations ? image : { ...image, frames: undefined }, dtype);
      }
      if (image.frames !== 1) {
        throw invalidRequest(
          'ANIMATED_GIF',
          `Got ${image.frames} frames, but animated gifs can only be decoded by tf.io.decode_gif or tf.io.decode_image`,
        );
      }
      return toTensor({ ...image, frames: undefined }, dtype);
    }
    case 'BMP':
      if (channels === 1) throw invalidRequest('BAD_CHANNELS', '`channels` must be 0, 3 or 4 for BMP, but got 1');
      return toTensor(decodeBmp(data, channels), dtype);
    case 'WebP':
      if (dtype !== 'uint8') throw invalidRequest('BAD_DTYPE', `WebP only supports uint8 for dtype, not ${dtype}`);
      return toTensor(decodeWebp(data, channels, request.expandAnimations), dtype);
  }
}

function checkOp(format: Format, { op }: ImageRequest): void {
  if (op === 'DecodeAndCropJpeg' && format !== 'JPEG') {
    throw invalidRequest(
      'WRONG_IMAGE_FORMAT',
      `DecodeAndCropJpeg operation can run on JPEG only, but detected ${format}.`,
    );
  }
  if (op === 'DecodeBmp' && format !== 'BMP') {
    throw invalidRequest(
      'WRONG_IMAGE_FORMAT',
      `Trying to decode ${format} format using DecodeBmp op. Use \`decode_${format.toLowerCase()}\` or \`decode_image\` instead.`,
    );
  }
  if (format === 'BMP' && op !== 'DecodeBmp' && op !== 'DecodeImage') {
    throw invalidRequest(
      'WRONG_IMAGE_FORMAT',
      `Trying to decode BMP format using a wrong op. Use \`decode_bmp\` or \`decode_image\` instead. Op used: ${op}`,
    );
  }
}

function toTensor(image: DecodedImage, dtype: ImageRequest['dtype']): Tensor {
  const { width, height, channels, frames, data } = image;
  const shape = [...(frames === undefined ? [] : [frames]), height, width, channels];
  const wide = data instanceof Uint16Array;
  if (dtype === 'uint8' || (dtype === 'uint16' && wide)) return new Tensor(dtype, shape, data);
  if (dtype === 'uint16')
    return new Tensor(
      'uint16',
      shape,
      Uint16Array.from(data, (value) => value * 256),
    );
  const scale = Math.fround(1 / (wide ? 65535 : 255));
  return new Tensor(
    'float32',
    shape,
    Float32Array.from(data, (value) => value * scale),
  );
}
