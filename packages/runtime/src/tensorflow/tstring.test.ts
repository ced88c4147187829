import { describe, expect, it } from 'vitest';
import { readTStrings, tstringBytes } from './tstring.js';

/** Native memory that starts at an address; elements are written one after the other at its beginning. */
function memory(base: bigint, bytes: Uint8Array) {
  const reads: number[] = [];
  return {
    reads,
    read: (target: Uint8Array, address: bigint) => {
      reads.push(target.length);
      const at = Number(address - base);
      target.set(bytes.subarray(at, at + target.length));
    },
  };
}

const base = 0x7f00_0000_1000n;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

function element(write: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(tstringBytes);
  write(new DataView(bytes.buffer), bytes);
  return bytes;
}

const small = (value: string) =>
  element((view, bytes) => {
    view.setUint8(0, value.length << 2);
    bytes.set(Buffer.from(value, 'latin1'), 1);
  });

describe('strings as TensorFlow lays them out', () => {
  it('reads short ones inside the element, up to 22 bytes, zeros included', () => {
    const values = ['', 'a', 'zero\0inside', 'x'.repeat(22), '\xff\xfe'];
    const elements = Uint8Array.from(Buffer.concat(values.map(small)));
    const { read, reads } = memory(base, elements);
    expect(readTStrings(elements, base, read).map(text)).toEqual(values);
    expect(reads).toEqual([]);
  });

  it('reads long ones, views and texts at an offset from where they lie, and mixes all kinds', () => {
    const long = 'a long string of more than 22 bytes';
    const seen = 'text that somebody else owns';
    const offset = 'text beside its element';
    const start = 5 * tstringBytes;
    const [longAt, seenAt, offsetAt] = [start, start + long.length, start + long.length + seen.length];
    const elements = Buffer.concat([
      element((view) => {
        view.setBigUint64(0, (BigInt(long.length) << 2n) | 1n, true);
        view.setBigUint64(8, 48n, true);
        view.setBigUint64(16, base + BigInt(longAt), true);
      }),
      small('short'),
      element((view) => {
        view.setBigUint64(0, (BigInt(seen.length) << 2n) | 3n, true);
        view.setBigUint64(8, base + BigInt(seenAt), true);
      }),
      element((view) => {
        view.setUint32(0, (offset.length << 2) | 2, true);
        view.setUint32(4, offsetAt - 3 * tstringBytes, true);
      }),
      // Empty, but of the long kind: there is nothing to read at its address.
      element((view) => view.setBigUint64(0, 1n, true)),
    ]);
    const all = Uint8Array.from(Buffer.concat([elements, Buffer.from(long + seen + offset, 'latin1')]));
    const { read, reads } = memory(base, all);
    const found = readTStrings(Uint8Array.from(elements), base, read);
    expect(found.map(text)).toEqual([long, 'short', seen, offset, '']);
    expect(reads).toEqual([long.length, seen.length, offset.length]);
  });

  it('reads none', () => {
    expect(readTStrings(new Uint8Array(0), 0n, () => undefined)).toEqual([]);
  });
});
