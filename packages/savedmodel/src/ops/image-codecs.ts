import { Tensor } from '@servable/tensor';
import { integersOf, invalidRequest } from '../kernels/elements.js';
import type { ImageOp, ImageRequest } from '../kernels/images/decode-image.js';
import { encodeJpeg } from '../kernels/images/encode-jpeg.js';
import { encodePng } from '../kernels/images/encode-png.js';
import { extractJpegShape } from '../kernels/images/jpeg-shape.js';
import { imageDecoder } from '../kernels/images/image-decoder-pool.js';
import type { Value } from '../onnx/value.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Decoding and encoding of image files. */
export const imageCodecs = new OpFamily('image codecs')
  .host('DecodeJpeg', (context) => decode(context, 'DecodeJpeg'))
  .host('DecodeAndCropJpeg', (context) => decode(context, 'DecodeAndCropJpeg'))
  .host('DecodePng', (context) => decode(context, 'DecodePng'))
  .host('DecodeGif', (context) => decode(context, 'DecodeGif'))
  .host('DecodeBmp', (context) => decode(context, 'DecodeBmp'))
  .host('DecodeWebP', (context) => decode(context, 'DecodeWebP'))
  .host('DecodeImage', (context) => decode(context, 'DecodeImage'))
  .host('ExtractJpegShape', (context) => {
    const dtype = context.attrs.dtype('output_type', 'int32');
    return hostValue(context, context.inputs(), { dtype, shape: [3] }, (contents) => extractJpegShape(contents, dtype));
  })
  .host('EncodePng', (context) => {
    const { builder, attrs } = context;
    const level = attrs.int('compression', -1);
    const shape = context.input(0).shape?.slice(0, -3);
    return builder.host(context.node.op, context.inputs(), [{ dtype: 'string', shape }], ([images]) => [
      encodePng(images as Tensor, level),
    ]);
  })
  .host('EncodeJpeg', (context) => {
    const { attrs } = context;
    const format = attrs.string('format', '');
    if (attrs.bool('progressive', false) || attrs.bool('optimize_size', false)) {
      throw context.refuse('it writes progressive or size-optimized JPEGs');
    }
    if (attrs.string('xmp_metadata', '') !== '') throw context.refuse('it writes XMP metadata');
    const options = {
      format,
      chromaDownsampling: attrs.bool('chroma_downsampling', true),
      densityUnit: attrs.string('density_unit', 'in') === 'cm' ? 2 : 1,
      xDensity: attrs.int('x_density', 300),
      yDensity: attrs.int('y_density', 300),
    };
    const quality = attrs.int('quality', 95);
    return encodeJpegs(context, () => ({ ...options, quality }));
  })
  .host('EncodeJpegVariableQuality', (context) => {
    const defaults = { format: '', chromaDownsampling: true, densityUnit: 1, xDensity: 300, yDensity: 300 };
    return encodeJpegs(context, (quality) => ({ ...defaults, quality }));
  });

function encodeJpegs(
  context: OpContext,
  optionsOf: (quality: number) => Parameters<typeof encodeJpeg>[1],
): readonly Value[] {
  return context.builder.host(
    context.node.op,
    context.inputs(),
    [{ dtype: 'string', shape: [] }],
    ([image, quality]) => [
      new Tensor('string', [], [encodeJpeg(image as Tensor, optionsOf(integersOf(quality)[0] ?? 95))]),
    ],
  );
}

function requestOf({ attrs }: OpContext, op: ImageOp): ImageRequest {
  return {
    op,
    channels: op === 'DecodeGif' ? 3 : attrs.int('channels', 0),
    dtype: attrs.dtype('dtype', 'uint8') as ImageRequest['dtype'],
    expandAnimations: attrs.bool('expand_animations', true),
    jpeg: {
      ratio: attrs.int('ratio', 1) as 1 | 2 | 4 | 8,
      fancyUpscaling: attrs.bool('fancy_upscaling', true),
      // TensorFlow's own default is the fast one.
      dctMethod: attrs.string('dct_method', '') === 'INTEGER_ACCURATE' ? 'accurate' : 'fast',
      tryRecoverTruncated: attrs.bool('try_recover_truncated', false),
    },
  };
}

function decode(context: OpContext, op: ImageOp): readonly Value[] {
  const { builder } = context;
  const request = requestOf(context, op);
  if (![0, 1, 3, 4].includes(request.channels)) throw context.refuse(`its channels are ${request.channels}`);
  if (![1, 2, 4, 8].includes(request.jpeg.ratio)) throw context.refuse(`its ratio is ${request.jpeg.ratio}`);
  if (!['uint8', 'uint16', 'float32'].includes(request.dtype)) throw context.refuse(`its dtype is ${request.dtype}`);
  const size = () => builder.unknownDim();
  const channels = request.channels === 0 ? size() : request.channels;
  const image = [size(), size(), channels];
  const shape =
    op === 'DecodeGif'
      ? [size(), ...image]
      : // What DecodeImage finds may be animated.
        op === 'DecodeWebP' || (op === 'DecodeImage' && request.expandAnimations)
        ? undefined
        : image;
  return builder.host(
    op,
    context.inputs(),
    [{ dtype: request.dtype, shape }],
    async ([contents, window], { signal }) => {
      const [data] = (contents as Tensor<'string'>).data;
      if (data === undefined || (contents as Tensor).rank !== 0) {
        throw invalidRequest(
          'BAD_CONTENTS',
          `\`contents\` must be scalar but got shape[${(contents as Tensor).shape.join(',')}]`,
        );
      }
      return [await imageDecoder.decode(data, withCrop(request, window), signal)];
    },
  );
}

function withCrop(request: ImageRequest, window: Tensor | undefined): ImageRequest {
  if (window === undefined) return request;
  const [y = 0, x = 0, height = 0, width = 0] = integersOf(window);
  if (window.size !== 4)
    throw invalidRequest('BAD_CROP', `crop_size must have four elements [${window.shape.join(',')}]`);
  return { ...request, jpeg: { ...request.jpeg, crop: { y, x, height, width } } };
}
