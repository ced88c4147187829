import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import type { DecodedImage } from './decoded-image.js';

function badGif(why: string, size: number): SavedModelError {
  return new SavedModelError('INVALID_ARGUMENT', 'BAD_GIF', `Invalid GIF data (size ${size}), ${why}`);
}

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly colours: Uint8Array | undefined;
  /** Colour that shows what is behind, or -1. */
  readonly transparent: number;
  readonly pixels: Uint8Array;
}

const MAX_BYTES = 2 ** 30;

/**
 * Decodes a GIF as TensorFlow does (tensorflow/core/lib/gif/gif_io.cc): RGB frames of the size of the largest one, each
 * drawn over the one before.
 *
 * @param animated - false for the first frame alone
 */
export function decodeGif(data: Uint8Array, animated: boolean): DecodedImage & { readonly frames: number } {
  const { frames, complete } = new GifReader(data).read();
  if (frames.length === 0) {
    throw badGif(complete ? 'gif file does not contain any image' : 'failed to slurp gif file', data.length);
  }
  const width = Math.max(...frames.map((frame) => frame.width));
  const height = Math.max(...frames.map((frame) => frame.height));
  const count = animated ? frames.length : 1;
  const size = width * height * 3;
  if (size === 0 || size * count > MAX_BYTES) throw badGif(`${count} frames of ${width} x ${height}`, data.length);
  const output = new Uint8Array(size * count);
  frames.slice(0, count).forEach((frame, k) => {
    const canvas = output.subarray(k * size, (k + 1) * size);
    if (k > 0) canvas.set(output.subarray((k - 1) * size, k * size));
    draw(frame, canvas, width, height, k, data.length);
  });
  return { width, height, channels: 3, frames: count, data: output };
}

function draw(frame: Frame, canvas: Uint8Array, width: number, height: number, index: number, size: number): void {
  const { colours } = frame;
  if (colours === undefined) throw badGif(`missing color map for frame ${index}`, size);
  for (let y = 0; y < frame.height && frame.top + y < height; y++) {
    for (let x = 0; x < frame.width && frame.left + x < width; x++) {
      const colour = frame.pixels[y * frame.width + x]!;
      if (colour === frame.transparent) continue;
      if (colour * 3 + 2 >= colours.length) {
        throw badGif(`found color index ${colour} outside of color map range ${colours.length / 3}`, size);
      }
      const to = ((frame.top + y) * width + frame.left + x) * 3;
      for (let c = 0; c < 3; c++) canvas[to + c] = colours[colour * 3 + c]!;
    }
  }
}

class GifReader {
  private at = 0;
  private pixels = 0;

  constructor(private readonly data: Uint8Array) {}

  /** Frames up to the first fault; a file that is cut short keeps those before. */
  read(): { readonly frames: Frame[]; readonly complete: boolean } {
    const frames: Frame[] = [];
    try {
      this.at = 6;
      this.take(4);
      const flags = this.byte();
      this.take(2);
      const colours = this.colourTable(flags);
      let transparent = -1;
      for (;;) {
        const kind = this.byte();
        if (kind === 0x3b) return { frames, complete: true };
        if (kind === 0x21) {
          const label = this.byte();
          const body = this.blocks();
          if (label === 0xf9 && body.length >= 4) transparent = (body[0]! & 1) === 1 ? body[3]! : -1;
        } else if (kind === 0x2c) {
          frames.push(this.image(colours, transparent));
          transparent = -1;
        } else {
          return { frames, complete: false };
        }
      }
    } catch (error) {
      if (error instanceof RangeError) return { frames, complete: false };
      throw error;
    }
  }

  private byte(): number {
    return this.take(1)[0]!;
  }

  private uint16(): number {
    const [low = 0, high = 0] = this.take(2);
    return low | (high << 8);
  }

  private take(count: number): Uint8Array {
    if (this.at + count > this.data.length) throw new RangeError('the data ends');
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  private colourTable(flags: number): Uint8Array | undefined {
    return (flags & 0x80) === 0 ? undefined : this.take(3 * 2 ** ((flags & 7) + 1));
  }

  private blocks(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let size = this.byte(); size > 0; size = this.byte()) parts.push(this.take(size));
    return Buffer.concat(parts);
  }

  private image(shared: Uint8Array | undefined, transparent: number): Frame {
    const [left, top, width, height] = [this.uint16(), this.uint16(), this.uint16(), this.uint16()];
    const flags = this.byte();
    const colours = this.colourTable(flags) ?? shared;
    const bits = this.byte();
    this.pixels += width * height;
    if (this.pixels > MAX_BYTES / 3 || bits < 1 || bits > 11) throw new RangeError('an image is too large');
    const lines = new Uint8Array(width * height);
    if (!inflateLzw(this.blocks(), bits, lines)) throw new RangeError('the data ends');
    const pixels = (flags & 0x40) === 0 ? lines : deinterlace(lines, width, height);
    return { left, top, width, height, colours, transparent, pixels };
  }
}

/** GIF's variant of LZW. @returns false when the codes end before the image does */
function inflateLzw(codes: Uint8Array, bits: number, output: Uint8Array): boolean {
  const clear = 1 << bits;
  const prefix = new Uint16Array(4096);
  const suffix = new Uint8Array(4096);
  const stack = new Uint8Array(4097);
  for (let i = 0; i < clear; i++) suffix[i] = i;
  let width = bits + 1;
  let next = clear + 2;
  let previous = -1;
  let first = 0;
  let buffer = 0;
  let held = 0;
  let to = 0;
  let at = 0;
  while (to < output.length) {
    while (held < width) {
      if (at >= codes.length) return false;
      buffer |= codes[at++]! << held;
      held += 8;
    }
    const code = buffer & ((1 << width) - 1);
    buffer >>>= width;
    held -= width;
    if (code === clear) {
      width = bits + 1;
      next = clear + 2;
      previous = -1;
      continue;
    }
    if (code === clear + 1) return false;
    if (previous < 0) {
      if (code > clear) return false;
      output[to++] = first = code;
      previous = code;
      continue;
    }
    if (code > next) return false;
    let depth = 0;
    let walk = code;
    if (code === next) {
      stack[depth++] = first;
      walk = previous;
    }
    while (walk >= clear) {
      stack[depth++] = suffix[walk]!;
      walk = prefix[walk]!;
    }
    first = suffix[walk]!;
    stack[depth++] = first;
    while (depth > 0 && to < output.length) output[to++] = stack[--depth]!;
    if (next < 4096) {
      prefix[next] = previous;
      suffix[next] = first;
      next++;
      if (next === 1 << width && width < 12) width++;
    }
    previous = code;
  }
  return true;
}

function deinterlace(lines: Uint8Array, width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(lines.length);
  let from = 0;
  for (const [start, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let y = start; y < height; y += step, from += width) pixels.set(lines.subarray(from, from + width), y * width);
  }
  return pixels;
}
