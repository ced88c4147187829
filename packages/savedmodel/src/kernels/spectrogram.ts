import { Tensor } from '@servable/tensor';
import { checkedSize, invalidRequest } from './elements.js';
import { fourier } from './fourier.js';

/** Magnitudes of the spectra of overlapping windows (tensorflow/core/kernels/spectrogram.cc). */
export function spectrogram(audio: Tensor, windowSize: number, stride: number, squared: boolean): Tensor<'float32'> {
  const [samples = 0, channels = 0] = audio.shape;
  if (audio.rank !== 2)
    throw invalidRequest('BAD_AUDIO', `expected audio [samples, channels], got [${audio.shape.join(', ')}]`);
  const size = 2 ** Math.ceil(Math.log2(windowSize));
  const bins = size / 2 + 1;
  const frames = samples < windowSize ? 0 : 1 + Math.floor((samples - windowSize) / stride);
  const shape = [channels, frames, bins];
  const output = new Float32Array(checkedSize(shape));
  const hann = Float64Array.from(
    { length: windowSize },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / windowSize),
  );
  const data = audio.data as Float32Array;
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < frames; frame++) {
      const [re, im] = [new Float64Array(size), new Float64Array(size)];
      for (let i = 0; i < windowSize; i++) re[i] = data[(frame * stride + i) * channels + channel]! * hann[i]!;
      fourier(re, im, false);
      for (let k = 0; k < bins; k++) {
        const power = re[k]! ** 2 + im[k]! ** 2;
        output[(channel * frames + frame) * bins + k] = squared ? power : Math.sqrt(power);
      }
    }
  }
  return new Tensor('float32', shape, output);
}

/** The attributes of TensorFlow's Mfcc. */
export interface MfccOptions {
  readonly lower: number;
  readonly upper: number;
  readonly channels: number;
  readonly coefficients: number;
}

const mel = (frequency: number) => 1127 * Math.log1p(frequency / 700);

/** Mel-frequency cepstral coefficients (tensorflow/core/kernels/mfcc.cc and mfcc_mel_filterbank.cc). */
export function mfcc(spectra: Tensor, sampleRate: number, options: MfccOptions): Tensor<'float32'> {
  const bins = spectra.shape.at(-1) ?? 0;
  if (spectra.rank !== 3 || bins < 2 || !(sampleRate > 0)) {
    throw invalidRequest(
      'BAD_SPECTROGRAM',
      `expected a spectrogram [channels, frames, bins] and a sample rate, got [${spectra.shape.join(', ')}] at ${sampleRate}`,
    );
  }
  const { lower, upper, channels, coefficients } = options;
  const low = mel(lower);
  const spacing = (mel(upper) - low) / (channels + 1);
  const centre = Float64Array.from({ length: channels + 1 }, (_, i) => low + spacing * (i + 1));
  const width = (0.5 * sampleRate) / (bins - 1);
  const start = Math.trunc(1.5 + lower / width);
  const end = Math.min(Math.trunc(upper / width), bins - 1);
  const band = new Int32Array(bins);
  const weight = new Float64Array(bins);
  for (let i = start, channel = 0; i <= end; i++) {
    const pitch = mel(i * width);
    while (channel < channels && centre[channel]! < pitch) channel++;
    band[i] = channel - 1;
    const above = centre[channel]!;
    const below = channel === 0 ? low : centre[channel - 1]!;
    weight[i] = (above - pitch) / (above - below);
  }
  const rows = spectra.size / bins;
  const output = new Float32Array(rows * coefficients);
  const energies = new Float64Array(channels);
  const data = spectra.data as Float32Array;
  for (let row = 0; row < rows; row++) {
    energies.fill(0);
    for (let i = start; i <= end; i++) {
      const value = Math.sqrt(data[row * bins + i]!);
      const share = value * weight[i]!;
      const at = band[i]!;
      if (at >= 0) energies[at] = energies[at]! + share;
      if (at + 1 < channels) energies[at + 1] = energies[at + 1]! + value - share;
    }
    for (let c = 0; c < coefficients; c++) {
      let sum = 0;
      for (let k = 0; k < channels; k++) {
        sum += Math.cos(((c * Math.PI) / channels) * (k + 0.5)) * Math.log(Math.max(energies[k]!, 1e-12));
      }
      output[row * coefficients + c] = Math.sqrt(2 / channels) * sum;
    }
  }
  return new Tensor('float32', [...spectra.shape.slice(0, -1), coefficients], output);
}
