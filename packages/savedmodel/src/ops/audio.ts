import type { Tensor } from '@servable/tensor';
import { decodeWav } from '../kernels/decode-wav.js';
import { encodeWav } from '../kernels/encode-wav.js';
import { integerOf, invalidRequest } from '../kernels/elements.js';
import { mfcc, spectrogram } from '../kernels/spectrogram.js';
import { hostValue } from './host-value.js';
import { OpFamily } from './registry.js';

/** Audio files and their spectra. */
export const audio = new OpFamily('audio')
  .host('DecodeWav', (context) => {
    const { builder, attrs } = context;
    const [channels, samples] = [attrs.int('desired_channels', -1), attrs.int('desired_samples', -1)];
    const size = (wanted: number) => (wanted === -1 ? builder.unknownDim() : wanted);
    const specs = [
      { dtype: 'float32', shape: [size(samples), size(channels)] },
      { dtype: 'int32', shape: [] },
    ] as const;
    return builder.host(context.node.op, context.inputs(), specs, ([contents]) => {
      const [data] = (contents as Tensor<'string'>).data;
      if (data === undefined || contents?.rank !== 0) {
        throw invalidRequest('BAD_CONTENTS', `contents must be scalar but got shape [${contents?.shape.join(', ')}]`);
      }
      return decodeWav(data, channels, samples);
    });
  })
  .host('EncodeWav', (context) =>
    hostValue(context, context.inputs(), { dtype: 'string', shape: [] }, (samples, rate) => encodeWav(samples, rate)),
  )
  .host('AudioSpectrogram', (context) => {
    const { builder, attrs } = context;
    const [window, stride] = [attrs.int('window_size'), attrs.int('stride')];
    const squared = attrs.bool('magnitude_squared', false);
    if (window < 2 || stride < 1) throw context.refuse(`its window_size is ${window} and its stride ${stride}`);
    const channels = context.input(0).shape?.[1] ?? builder.unknownDim();
    const bins = 2 ** Math.ceil(Math.log2(window)) / 2 + 1;
    const spec = { dtype: 'float32', shape: [channels, builder.unknownDim(), bins] } as const;
    return builder.host(context.node.op, context.inputs(), [spec], ([samples]) => [
      spectrogram(samples as Tensor, window, stride, squared),
    ]);
  })
  .host('Mfcc', (context) => {
    const { builder, attrs } = context;
    const options = {
      upper: attrs.float('upper_frequency_limit', 4000),
      lower: attrs.float('lower_frequency_limit', 20),
      channels: attrs.int('filterbank_channel_count', 40),
      coefficients: attrs.int('dct_coefficient_count', 13),
    };
    const { shape } = context.input(0);
    const spec = { dtype: 'float32', shape: shape && [...shape.slice(0, -1), options.coefficients] } as const;
    return builder.host(context.node.op, context.inputs(), [spec], ([spectra, rate]) => [
      mfcc(spectra as Tensor, integerOf(rate), options),
    ]);
  });
