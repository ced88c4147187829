import type { DctMethod } from './inverse-dct.js';

/** The attributes of TensorFlow's DecodeJpeg and DecodeAndCropJpeg. */
export interface JpegOptions {
  /** 0 for as many as the file has, at most 3. */
  readonly channels: 0 | 1 | 3;
  readonly ratio: 1 | 2 | 4 | 8;
  readonly fancyUpscaling: boolean;
  readonly dctMethod: DctMethod;
  readonly tryRecoverTruncated: boolean;
  readonly crop?:
    { readonly y: number; readonly x: number; readonly height: number; readonly width: number } | undefined;
}
