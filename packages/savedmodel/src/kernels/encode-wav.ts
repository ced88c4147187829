import { Tensor } from '@servable/tensor';
import { integerOf, invalidRequest } from './elements.js';
import { roundAway } from './quantized-numbers.js';

const HEADER_BYTES = 44;

/** Samples in [-1, 1] as a file of 16-bit PCM audio (EncodeAudioAsS16LEWav of tensorflow/core/lib/wav/wav_io.cc). */
export function encodeWav(samples: Tensor, sampleRate: Tensor): Tensor<'string'> {
  if (samples.rank !== 2) throw invalidRequest('BAD_AUDIO', `audio must be 2-dimensional, got rank ${samples.rank}`);
  if (sampleRate.rank !== 0) throw invalidRequest('BAD_AUDIO', 'expected a sample_rate that is a scalar');
  const [frames = 0, channels = 0] = samples.shape;
  const rate = integerOf(sampleRate);
  if (rate <= 0 || channels < 1 || channels > 65535 || frames < 1) {
    throw invalidRequest(
      'BAD_AUDIO',
      `expected a positive sample rate, 1 to 65535 channels and samples, got ${rate}, ${channels} and ${frames}`,
    );
  }
  const size = samples.size * 2;
  const file = Buffer.alloc(HEADER_BYTES + size);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(HEADER_BYTES - 8 + size, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE((rate * channels * 2) % 2 ** 32, 28);
  file.writeUInt16LE((channels * 2) % 2 ** 16, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(size, 40);
  (samples.data as Float32Array).forEach((sample, i) => {
    const steps = Math.min(Math.max(roundAway(Math.fround(sample * 32768)), -32768), 32767);
    file.writeInt16LE(steps || 0, HEADER_BYTES + i * 2);
  });
  return new Tensor('string', [], [new Uint8Array(file.buffer, file.byteOffset, file.byteLength)]);
}
