import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { invalidRequest } from '../elements.js';
import type { DecodedImage } from './decoded-image.js';

/** Pixels as browsers have them: four bytes each. */
interface Rgba {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** libwebp, compiled to WebAssembly. */
interface Codec {
  decode(file: ArrayBuffer): Rgba | null;
}

/** The part of the platform's WebAssembly that is needed; the language library without the DOM does not declare it. */
interface Wasm {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

type Factory = (options: {
  readonly noInitialRun: boolean;
  instantiateWasm(imports: object, done: (instance: object) => void): object;
}) => Promise<Codec>;

let codec: Codec | undefined;
let loading: Promise<void> | undefined;

/**
 * Loads the decoder, once; nothing but WebP images needs it.
 *
 * @throws SavedModelError UNIMPLEMENTED when its package is not installed
 */
export async function loadWebpDecoder(): Promise<void> {
  loading ??= load();
  try {
    await loading;
  } catch (cause) {
    loading = undefined;
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_IMAGE_FORMAT',
      "WebP images need the package '@jsquash/webp', which could not be loaded. Install it, or send JPEG, PNG, GIF or BMP.",
      { cause },
    );
  }
}

async function load(): Promise<void> {
  const require = createRequire(import.meta.url);
  const script = pathToFileURL(require.resolve('@jsquash/webp/codec/dec/webp_dec.js'));
  const { default: factory } = (await import(script.href)) as { readonly default: Factory };
  const bytes = await readFile(require.resolve('@jsquash/webp/codec/dec/webp_dec.wasm'));
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };
  const module = await WebAssembly.compile(bytes);
  codec = await factory({
    noInitialRun: true,
    instantiateWasm(imports, done) {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
  });
}

/** The decoder makes its result with the browsers' class, which Node does not have. */
class ImageData implements Rgba {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

function withImageData<T>(action: () => T): T {
  const scope = globalThis as { ImageData?: unknown };
  const own = scope.ImageData;
  scope.ImageData = ImageData;
  try {
    return action();
  } finally {
    if (own === undefined) delete scope.ImageData;
    else scope.ImageData = own;
  }
}

/** A decoder that broke on an image may be in any state, so the next image gets a new one. */
function attempt(decode: () => Rgba | null): Rgba | null {
  try {
    return decode();
  } catch {
    codec = undefined;
    loading = undefined;
    return null;
  }
}

const MAX_PIXELS = 2 ** 27;

interface Features {
  readonly width: number;
  readonly height: number;
  readonly alpha: boolean;
  readonly animated: boolean;
}

/** Size and kind from the first chunk (developers.google.com/speed/webp/docs/riff_container). */
function featuresOf(data: Uint8Array): Features | undefined {
  if (data.length < 30) return undefined;
  const kind = String.fromCharCode(...data.subarray(12, 16));
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (kind === 'VP8X') {
    const flags = data[20]!;
    const side = (at: number) => 1 + (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16));
    return { width: side(24), height: side(27), alpha: (flags & 16) !== 0, animated: (flags & 2) !== 0 };
  }
  if (kind === 'VP8L' && data[20] === 0x2f) {
    const bits = view.getUint32(21, true);
    return {
      width: (bits & 0x3fff) + 1,
      height: ((bits >>> 14) & 0x3fff) + 1,
      alpha: ((bits >>> 28) & 1) === 1,
      animated: false,
    };
  }
  if (kind !== 'VP8 ') return undefined;
  return {
    width: view.getUint16(26, true) & 0x3fff,
    height: view.getUint16(28, true) & 0x3fff,
    alpha: false,
    animated: false,
  };
}

/**
 * Decodes a WebP still as TensorFlow does: RGB, or RGBA when it has transparency.
 *
 * @param wanted - channels, which must be those of the image; 0 for whatever it has
 * @param framed - whether the result has a dimension of frames
 */
export function decodeWebp(data: Uint8Array, wanted: number, framed: boolean): DecodedImage {
  if (wanted === 1) throw invalidRequest('BAD_CHANNELS', 'WebP only supports 3 or 4 channels');
  const features = featuresOf(data);
  if (features === undefined) throw invalidRequest('BAD_WEBP', 'Failed to decode WebP header.');
  const channels = features.alpha ? 4 : 3;
  if (wanted !== 0 && wanted !== channels) {
    throw invalidRequest(
      'BAD_CHANNELS',
      `Number of channels requested does not match input: ${wanted}, not ${channels}`,
    );
  }
  if (features.animated) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'ANIMATED_WEBP',
      'Animated WebP images are not decoded. Send a still, or a GIF.',
    );
  }
  if (features.width * features.height > MAX_PIXELS) {
    throw invalidRequest('BAD_WEBP', `an image of ${features.width} x ${features.height} is too large`);
  }
  if (codec === undefined) throw new RangeError('the WebP decoder is not loaded');
  const decoder = codec;
  const image = attempt(() => withImageData(() => decoder.decode(data.slice().buffer)));
  if (image === null) throw invalidRequest('BAD_WEBP', 'Failed to decode WebP image.');
  const { width, height } = image;
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0, from = 0; i < pixels.length; from += 4) {
    for (let c = 0; c < channels; c++) pixels[i++] = image.data[from + c]!;
  }
  return { width, height, channels, frames: framed ? 1 : undefined, data: pixels };
}
