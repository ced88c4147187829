import { badJpeg } from './jpeg-error.js';

/** One component of the frame. */
export interface Component {
  readonly id: number;
  readonly h: number;
  readonly v: number;
  readonly table: number;
  /** Size in samples, and in blocks with those that only fill the last MCU. */
  readonly width: number;
  readonly height: number;
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Pixels per block and side. */
  readonly size: 1 | 2 | 4 | 8;
  coefficients: Int16Array | undefined;
  samples: Uint8Array;
  /** The same memory; what is stored in it is brought into a sample's range. */
  pixels: Uint8ClampedArray;
  quantization: Int32Array | undefined;
  predictor: number;
}

/** What a frame header says; the image has one frame. */
export interface Frame {
  readonly progressive: boolean;
  readonly width: number;
  readonly height: number;
  readonly maxH: number;
  readonly maxV: number;
  readonly components: readonly Component[];
}

/** Samples above which TensorFlow refuses an image (jpeg_mem.cc). */
const MAX_SAMPLES = 2 ** 29;

export const ceilDiv = (a: number, b: number) => Math.ceil(a / b);

/** A number of a segment. @throws SavedModelError when the segment ends before it */
export function uint16(from: Uint8Array, at: number): number {
  const [high, low] = [from[at], from[at + 1]];
  if (high === undefined || low === undefined) throw badJpeg('a segment is cut short');
  return (high << 8) | low;
}

/**
 * Reads a frame header (SOF0 to SOF2) and makes room for its samples.
 *
 * @param ratio - how many times smaller than in the file the image is to be
 */
export function readFrame(body: Uint8Array, progressive: boolean, ratio: 1 | 2 | 4 | 8): Frame {
  const [bits, height, width, count] = [body[0], uint16(body, 1), uint16(body, 3), body[5] ?? 0];
  if (bits !== 8) throw badJpeg(`its samples have ${bits ?? 0} bits; 8 are supported`);
  if (width === 0 || height === 0) throw badJpeg('it has no pixels');
  if (body.length !== 6 + count * 3 || count === 0 || count > 4) throw badJpeg(`it has ${count} components`);
  const raw = Array.from({ length: count }, (_, i) => {
    const [id = 0, sampling = 0, table = 0] = body.subarray(6 + i * 3, 9 + i * 3);
    return { id, h: sampling >> 4, v: sampling & 15, table };
  });
  if (raw.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) throw badJpeg('its sampling factors are bad');
  const maxH = Math.max(...raw.map(({ h }) => h));
  const maxV = Math.max(...raw.map(({ v }) => v));
  const least = 8 / ratio;
  const across = ceilDiv(width, 8 * maxH);
  const down = ceilDiv(height, 8 * maxV);
  const scaled = (size: number) => ceilDiv(size * least, 8);
  if (scaled(width) * scaled(height) * count >= MAX_SAMPLES) throw badJpeg('it has too many pixels');
  const components = raw.map((one): Component => {
    let size = least;
    // Where the image is made smaller, subsampled components are made less so, instead of being stretched (jdmaster.c).
    while (size < 8 && (maxH * least) % (one.h * size * 2) === 0 && (maxV * least) % (one.v * size * 2) === 0)
      size *= 2;
    return {
      ...one,
      width: ceilDiv(width * one.h * size, maxH * 8),
      height: ceilDiv(height * one.v * size, maxV * 8),
      blocksAcross: across * one.h,
      blocksDown: down * one.v,
      size: size as Component['size'],
      coefficients: undefined,
      samples: new Uint8Array(0),
      pixels: new Uint8ClampedArray(0),
      quantization: undefined,
      predictor: 0,
    };
  });
  for (const component of components) {
    const blocks = component.blocksAcross * component.blocksDown;
    component.samples = new Uint8Array(blocks * component.size * component.size);
    component.pixels = new Uint8ClampedArray(component.samples.buffer);
    if (progressive) component.coefficients = new Int16Array(blocks * 64);
  }
  return { progressive, width, height, maxH, maxV, components };
}
