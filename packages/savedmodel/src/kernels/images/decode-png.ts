import { inflateSync } from 'node:zlib';
import { crc32 } from '@node-rs/crc32';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import type { DecodedImage } from './decoded-image.js';

const SIGNATURE_BYTES = 8;
/** TensorFlow's limits (decode_image_op.cc). */
const MAX_SIDE = 2 ** 27;
const MAX_PIXELS = 2 ** 29;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
  /** Samples per pixel in the file. */
  readonly samples: number;
}

function badPng(why: string): SavedModelError {
  return new SavedModelError('INVALID_ARGUMENT', 'BAD_PNG', `Invalid PNG. Failed to decode the image: ${why}.`);
}

/**
 * Decodes a PNG with libpng's conversions as TensorFlow sets them up (tensorflow/core/lib/png/png_io.cc).
 *
 * @param channels - 0 for those of the file
 * @param bits - 8, or 16 for 16-bit samples whatever the file has
 */
export function decodePng(data: Uint8Array, channels: number, bits: 8 | 16): DecodedImage {
  const file = readChunks(data);
  const { header } = file;
  const { width, height, depth, colour, interlaced, samples: own } = header;
  if (bits === 8 && depth === 8 && colour !== 3 && !interlaced && (channels === 0 || channels === own)) {
    const data = new Uint8Array(width * height * own);
    overLines(file.compressed, header, (line, at) => data.set(line, at * own));
    return { width, height, channels: own, data };
  }
  const samples = new Uint16Array(width * height * own);
  overLines(file.compressed, header, (line, first, step, count) => {
    for (let column = 0, to = first * own; column < count; column++, to += step * own) {
      for (let s = 0; s < own; s++) samples[to + s] = sampleAt(line, column * own + s, depth);
    }
  });
  return convert(file, samples, channels, bits);
}

interface PngFile {
  readonly header: Header;
  readonly palette: Uint8Array | undefined;
  readonly transparency: Uint8Array | undefined;
  /** In hundred-thousandths; undefined when the file does not say. */
  readonly gamma: number | undefined;
  readonly compressed: Uint8Array;
}

function readChunks(data: Uint8Array): PngFile {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  let gamma: number | undefined;
  const parts: Uint8Array[] = [];
  for (let at = SIGNATURE_BYTES; ;) {
    if (at + 12 > data.length) throw badPng('it ends before its last chunk');
    const length = view.getUint32(at);
    if (length > data.length - at - 12) throw badPng('a chunk is longer than the data');
    const type = String.fromCharCode(...data.subarray(at + 4, at + 8));
    const body = data.subarray(at + 8, at + 8 + length);
    const sound = crc32(data.subarray(at + 4, at + 8 + length)) === view.getUint32(at + 8 + length);
    at += 12 + length;
    const critical = (type.charCodeAt(0) & 32) === 0;
    if (!sound) {
      if (critical) throw badPng(`the checksum of its chunk ${type} is wrong`);
      continue;
    }
    if (header === undefined && type !== 'IHDR') throw badPng(`it starts with a chunk ${type}`);
    if (type === 'IHDR') header = readHeader(body);
    else if (type === 'PLTE') palette = body;
    else if (type === 'tRNS') transparency = body;
    else if (type === 'gAMA' && length === 4 && parts.length === 0)
      gamma ??= new DataView(body.buffer, body.byteOffset).getUint32(0);
    else if (type === 'sRGB' && parts.length === 0) gamma = 45455;
    else if (type === 'IDAT') parts.push(body);
    else if (type === 'IEND') break;
    else if (critical) throw badPng(`it has an unknown critical chunk ${type}`);
  }
  if (header === undefined || parts.length === 0) throw badPng('it has no image data');
  if (header.colour === 3 && palette === undefined) throw badPng('its palette is missing');
  return { header, palette, transparency, gamma, compressed: parts.length === 1 ? parts[0]! : Buffer.concat(parts) };
}

const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function readHeader(body: Uint8Array): Header {
  if (body.length !== 13) throw badPng('its header has a wrong size');
  const view = new DataView(body.buffer, body.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, colour = 0, compression, filter, interlace = 0] = body.subarray(8);
  if (DEPTHS[colour]?.includes(depth) !== true || compression !== 0 || filter !== 0 || interlace > 1) {
    throw badPng('its header is invalid');
  }
  if (width === 0 || height === 0) throw badPng('it has no pixels');
  if (width >= MAX_SIDE || height >= MAX_SIDE || width * height >= MAX_PIXELS) {
    throw badPng(`PNG size too large for int: ${width} by ${height}`);
  }
  return { width, height, depth, colour, interlaced: interlace === 1, samples: SAMPLES[colour]! };
}

/** Where the pixels of Adam7's passes start and how far apart they are: x, y, dx, dy. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Inflates and undoes the filters.
 *
 * @param each - called with every line of every pass: its bytes, the number of its first pixel in the image, how far its
 * pixels are apart there, how many they are
 */
function overLines(
  compressed: Uint8Array,
  header: Header,
  each: (line: Uint8Array, first: number, step: number, count: number) => void,
): void {
  const { width, height, depth, samples: perPixel } = header;
  const passes = header.interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  const sizes = passes.map(([x, y, dx, dy]) => {
    const columns = Math.max(0, Math.ceil((width - x) / dx));
    const rows = columns === 0 ? 0 : Math.max(0, Math.ceil((height - y) / dy));
    return { columns, rows, bytes: Math.ceil((columns * perPixel * depth) / 8) };
  });
  const total = sizes.reduce((sum, { rows, bytes }) => sum + rows * (bytes + 1), 0);
  let raw: Uint8Array;
  try {
    raw = inflateSync(compressed, { maxOutputLength: total + 65536 });
  } catch (error) {
    throw badPng(`its data cannot be inflated (${error instanceof Error ? error.message : String(error)})`);
  }
  if (raw.length < total) throw badPng(`its data has ${raw.length} bytes, and ${total} are needed`);
  const step = Math.max(1, (perPixel * depth) >> 3);
  let at = 0;
  passes.forEach(([x0, y0, dx, dy], pass) => {
    const { columns, rows, bytes } = sizes[pass]!;
    let above: Uint8Array = new Uint8Array(bytes);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + bytes);
      unfilter(raw[at]!, line, above, step);
      above = line;
      at += bytes + 1;
      each(line, (y0 + row * dy) * width + x0, dx, columns);
    }
  });
}

function sampleAt(line: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return line[index]!;
  if (depth === 16) return (line[index * 2]! << 8) | line[index * 2 + 1]!;
  const bit = index * depth;
  return (line[bit >> 3]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Adds to a line what its filter took away; `step` bytes are a pixel. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, step: number): void {
  const { length } = line;
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = step; i < length; i++) line[i] = line[i]! + line[i - step]!;
      return;
    case 2:
      for (let i = 0; i < length; i++) line[i] = line[i]! + above[i]!;
      return;
    case 3:
      for (let i = 0; i < Math.min(step, length); i++) line[i] = line[i]! + (above[i]! >> 1);
      for (let i = step; i < length; i++) line[i] = line[i]! + ((line[i - step]! + above[i]!) >> 1);
      return;
    case 4:
      for (let i = 0; i < Math.min(step, length); i++) line[i] = line[i]! + above[i]!;
      for (let i = step; i < length; i++) {
        line[i] = line[i]! + paeth(line[i - step]!, above[i]!, above[i - step]!);
      }
      return;
    default:
      throw badPng(`it has a filter of type ${filter}`);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const a = Math.abs(up - corner);
  const b = Math.abs(left - corner);
  const c = Math.abs(left + up - 2 * corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** Brings samples into the wanted channels and bits. */
function convert(file: PngFile, samples: Uint16Array, wanted: number, bits: 8 | 16): DecodedImage {
  const { header, palette, transparency } = file;
  const { width, height, depth, colour } = header;
  const paletted = colour === 3;
  const grey = colour === 0 || colour === 4;
  const ownAlpha = colour === 4 || colour === 6;
  const channels = wanted === 0 ? (paletted ? (transparency === undefined ? 3 : 4) : header.samples) : wanted;
  const wide = depth === 16;
  const most = wide ? 65535 : 255;
  const scale = grey && depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  // libpng fills with the largest sample of the file, even where that was packed into less than a byte.
  const opaque = (1 << depth) - 1;
  const alphaOf = transparencyOf(file);
  const toGrey = channels < 3 && !grey ? greyMixer(file) : undefined;
  const shift = wide && bits === 8 ? 8 : 0;
  const stretch = !wide && bits === 16 ? 257 : 1;
  const count = width * height;
  const data = bits === 8 ? new Uint8Array(count * channels) : new Uint16Array(count * channels);
  const own = header.samples;
  const put = (at: number, value: number) => (data[at] = (value >> shift) * stretch);
  for (let i = 0, at = 0, to = 0; i < count; i++, at += own, to += channels) {
    let [r, g, b] = [samples[at]! * scale, 0, 0];
    if (paletted) {
      const entry = samples[at]! * 3;
      if (palette === undefined || entry + 2 >= palette.length) [r, g, b] = [0, 0, 0];
      else [r, g, b] = [palette[entry]!, palette[entry + 1]!, palette[entry + 2]!];
    } else if (!grey) {
      [g, b] = [samples[at + 1]!, samples[at + 2]!];
    }
    if (channels < 3) {
      put(to, toGrey === undefined ? r : toGrey(r, g, b));
    } else {
      put(to, r);
      put(to + 1, grey ? r : g);
      put(to + 2, grey ? r : b);
    }
    if (channels % 2 === 1) continue;
    const alpha = ownAlpha ? samples[at + own - 1]! : alphaOf === undefined ? opaque : alphaOf(samples, at) ? most : 0;
    const listed = paletted && transparency !== undefined ? (transparency[samples[at]!] ?? 255) : alpha;
    put(to + channels - 1, listed);
  }
  return { width, height, channels, data };
}

/** Whether a pixel is opaque, for files that call one colour transparent. */
function transparencyOf({
  header,
  transparency,
}: PngFile): ((samples: Uint16Array, at: number) => boolean) | undefined {
  const { colour, samples } = header;
  if (transparency === undefined || (colour !== 0 && colour !== 2) || transparency.length < samples * 2)
    return undefined;
  const key = Array.from({ length: samples }, (_, i) => (transparency[i * 2]! << 8) | transparency[i * 2 + 1]!);
  return (all, at) => key.some((value, i) => all[at + i] !== value);
}

/**
 * Colours to grey with weights 0.299 and 0.587 in 15 bits (libpng's png_do_rgb_to_gray): in linear light when the file
 * says its gamma, on the samples themselves when it does not.
 */
function greyMixer({ header, gamma }: PngFile): (r: number, g: number, b: number) => number {
  const wide = header.depth === 16;
  const mix = (r: number, g: number, b: number, half: number) => (9797 * r + 19234 * g + 3737 * b + half) >>> 15;
  const file = gamma === undefined || gamma === 0 || Math.abs(gamma - 100000) < 5000 ? undefined : gamma / 100000;
  if (file === undefined) return (r, g, b) => (r === g && r === b ? r : mix(r, g, b, wide ? 16384 : 0));
  const most = wide ? 65535 : 255;
  const power = (value: number, exponent: number) => Math.floor(most * (value / most) ** exponent + 0.5);
  return (r, g, b) => {
    if (r === g && r === b) return r;
    return power(mix(power(r, 1 / file), power(g, 1 / file), power(b, 1 / file), 16384), file);
  };
}
