import { stringTensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { bertNormalize } from './bert-normalize.js';
import { fastWordpieceTokenize } from './fast-wordpiece.js';
import { FlatTable } from './flatbuffer.js';

/** A table with an int in field 0, a vector of two words in field 1, and nothing else. */
function buffer() {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 12, true);
  [8, 12, 4, 8].forEach((value, i) => view.setUint16(4 + 2 * i, value, true));
  view.setInt32(12, 8, true);
  view.setInt32(16, -7, true);
  view.setUint32(20, 4, true);
  view.setUint32(24, 2, true);
  view.setUint32(28, 5, true);
  view.setUint32(32, 0xffffffff, true);
  return bytes;
}

describe('flatbuffers', () => {
  it('has fields, and defaults for those that are not there', () => {
    const table = FlatTable.root(buffer(), 'a model');
    expect([table.int(0), table.words(1), table.int(2), table.bool(9), table.bytes(7)]).toEqual([
      -7,
      Uint32Array.of(5, 0xffffffff),
      0,
      false,
      undefined,
    ]);
  });

  it('refuses every buffer that is cut off or leads outside, and never anything but that', () => {
    const whole = buffer();
    for (let size = 0; size < 36; size++) {
      const read = () => FlatTable.root(whole.subarray(0, size), 'a model').words(1);
      expect(read, `${size} bytes`).toThrowError(SavedModelError);
    }
    for (let i = 0; i < whole.length; i++) {
      const damaged = whole.slice();
      damaged[i] = 0xff;
      const text = stringTensor([1], ['abc']);
      for (const use of [() => bertNormalize(text, damaged, true), () => fastWordpieceTokenize(text, damaged)]) {
        try {
          use();
        } catch (error) {
          expect(error).toBeInstanceOf(SavedModelError);
        }
      }
    }
  });
});
