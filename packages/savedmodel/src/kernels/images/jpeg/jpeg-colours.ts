import type { RowReader } from './upsample.js';

/** The meaning of a JPEG's components. */
export type ColourSpace = 'grey' | 'ycc' | 'rgb' | 'cmyk' | 'ycck';

/** Writes one row of the output image; storing colours brings them into range. */
export type RowWriter = (y: number, output: Uint8ClampedArray, offset: number) => void;

/** Sixteen-bit fixed-point contributions of the colour differences (jdcolor.c). */
const redOfCr = new Int32Array(256);
const blueOfCb = new Int32Array(256);
const greenOfCr = new Int32Array(256);
const greenOfCb = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  const x = i - 128;
  redOfCr[i] = (91881 * x + 32768) >> 16;
  blueOfCb[i] = (116130 * x + 32768) >> 16;
  greenOfCr[i] = -46802 * x;
  greenOfCb[i] = -22554 * x + 32768;
}

const clamp = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);

/**
 * How rows of components become rows of pixels.
 *
 * @param adobe - whether the file has Adobe's marker: its CMYK is inverted
 * @returns undefined for a conversion that libjpeg does not have
 */
export function rowWriter(
  from: ColourSpace,
  channels: number,
  readers: readonly RowReader[],
  width: number,
  adobe: boolean,
): RowWriter | undefined {
  const rows = readers.map(() => new Uint8Array(width + 2));
  const read = (y: number, count: number) => {
    for (let i = 0; i < count; i++) readers[i]!(y, rows[i]!);
  };
  const [a, b, c, d] = rows as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  if (channels === 1) {
    if (from === 'grey' || from === 'ycc') {
      return (y, output, offset) => {
        read(y, 1);
        output.set(a.subarray(0, width), offset);
      };
    }
    if (from !== 'rgb') return undefined;
    return (y, output, offset) => {
      read(y, 3);
      for (let x = 0; x < width; x++) {
        output[offset + x] = (19595 * a[x]! + 38470 * b[x]! + 7471 * c[x]! + 32768) >> 16;
      }
    };
  }
  switch (from) {
    case 'grey':
      return (y, output, offset) => {
        read(y, 1);
        for (let x = 0, at = offset; x < width; x++, at += 3) {
          const light = a[x]!;
          output[at] = light;
          output[at + 1] = light;
          output[at + 2] = light;
        }
      };
    case 'rgb':
      return (y, output, offset) => {
        read(y, 3);
        for (let x = 0, at = offset; x < width; x++, at += 3) {
          output[at] = a[x]!;
          output[at + 1] = b[x]!;
          output[at + 2] = c[x]!;
        }
      };
    case 'ycc':
      return (y, output, offset) => {
        read(y, 3);
        for (let x = 0, at = offset; x < width; x++, at += 3) {
          const light = a[x]!;
          const cb = b[x]!;
          const cr = c[x]!;
          output[at] = light + redOfCr[cr]!;
          output[at + 1] = light + ((greenOfCb[cb]! + greenOfCr[cr]!) >> 16);
          output[at + 2] = light + blueOfCb[cb]!;
        }
      };
    case 'cmyk':
    case 'ycck':
      return (y, output, offset) => {
        read(y, 4);
        for (let x = 0, at = offset; x < width; x++, at += 3) {
          let [cyan, magenta, yellow] = [a[x]!, b[x]!, c[x]!];
          const key = d[x]!;
          if (from === 'ycck') {
            const [light, cb, cr] = [cyan, magenta, yellow];
            cyan = clamp(255 - (light + redOfCr[cr]!));
            magenta = clamp(255 - (light + ((greenOfCb[cb]! + greenOfCr[cr]!) >> 16)));
            yellow = clamp(255 - (light + blueOfCb[cb]!));
          }
          // TensorFlow's own conversion (tensorflow/core/lib/jpeg/jpeg_mem.cc).
          const ink = (value: number) =>
            adobe ? Math.trunc((key * value) / 255) : Math.trunc(((255 - key) * (255 - value)) / 255);
          output[at] = ink(cyan);
          output[at + 1] = ink(magenta);
          output[at + 2] = ink(yellow);
        }
      };
  }
}
