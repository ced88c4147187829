import { Tensor } from '@servable/tensor';
import { checkedSize, invalidRequest } from './elements.js';

const refuse = (why: string) => invalidRequest('BAD_WAV', why);

/**
 * Decodes 16-bit PCM audio to samples in [-1, 1) (tensorflow/core/lib/wav/wav_io.cc and decode_wav_op.cc).
 *
 * @param channels - wanted, or -1 for those of the file; @param length - samples wanted, or -1
 * @returns `[samples, channels]` and the sample rate
 */
export function decodeWav(
  data: Uint8Array,
  channels: number,
  length: number,
): readonly [Tensor<'float32'>, Tensor<'int32'>] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const text = (at: number) => String.fromCharCode(...data.subarray(at, at + 4));
  if (data.length < 12 || text(0) !== 'RIFF' || text(8) !== 'WAVE') {
    throw refuse('Header mismatch: Expected a RIFF file of WAVE audio');
  }
  let format: { readonly channels: number; readonly rate: number } | undefined;
  for (let at = 12; at + 8 <= data.length;) {
    const [kind, size] = [text(at), view.getUint32(at + 4, true)];
    const body = at + 8;
    if (kind === 'fmt ') {
      if (body + 16 > data.length || (size !== 16 && size !== 18))
        throw refuse(`Bad format chunk size for WAV: Expected 16 or 18, but got ${size}`);
      const [code, bits] = [view.getUint16(body, true), view.getUint16(body + 14, true)];
      if (code !== 1) throw refuse(`Bad audio format for WAV: Expected 1 (PCM), but got ${code}`);
      if (bits !== 16) throw refuse(`Can only read 16-bit WAV files, but received ${bits}`);
      format = { channels: view.getUint16(body + 2, true), rate: view.getInt32(body + 4, true) };
      if (format.channels === 0) throw refuse('Bad number of channels for WAV: Expected at least 1');
    } else if (kind === 'data') {
      if (format === undefined) throw refuse('Data chunk before the format chunk');
      if (body + size > data.length) throw refuse(`Data too short when trying to read ${size} bytes`);
      return [
        samplesOf(view, body, Math.floor(size / (2 * format.channels)), format.channels, channels, length),
        new Tensor('int32', [], Int32Array.of(format.rate)),
      ];
    }
    at = body + size;
  }
  throw refuse('No data chunk found in WAV');
}

function samplesOf(view: DataView, start: number, count: number, own: number, wanted: number, length: number) {
  const channels = wanted === -1 ? own : wanted;
  const samples = length === -1 ? count : length;
  const shape = [samples, channels];
  const output = new Float32Array(checkedSize(shape));
  for (let s = 0; s < Math.min(samples, count); s++) {
    for (let c = 0; c < channels; c++) {
      // A channel that is not there sounds like the last one.
      const from = start + (s * own + Math.min(c, own - 1)) * 2;
      output[s * channels + c] = view.getInt16(from, true) / 32768;
    }
  }
  return new Tensor('float32', shape, output);
}
