import type { DecodedImage } from '../decoded-image.js';
import { rowWriter, type ColourSpace } from './jpeg-colours.js';
import { badJpeg } from './jpeg-error.js';
import { ceilDiv, type Component, type Frame } from './jpeg-frame.js';
import type { JpegOptions } from './jpeg-options.js';
import { rowReader, type Plane } from './upsample.js';

/** What the markers of other segments say of the colours. */
export interface ColourMarkers {
  readonly jfif: boolean;
  readonly adobeTransform: number | undefined;
}

/** The image of decoded components: stretched to one size, cropped, in the colours asked for. */
export function renderFrame(frame: Frame, markers: ColourMarkers, options: JpegOptions): DecodedImage {
  const least = 8 / options.ratio;
  const width = ceilDiv(frame.width * least, 8);
  const height = ceilDiv(frame.height * least, 8);
  const space = colourSpace(frame.components, markers);
  const channels = options.channels === 0 ? Math.min(frame.components.length, 3) : options.channels;
  const crop = options.crop ?? { y: 0, x: 0, height, width };
  const inside =
    crop.width > 0 &&
    crop.height > 0 &&
    crop.x >= 0 &&
    crop.y >= 0 &&
    crop.x + crop.width <= width &&
    crop.y + crop.height <= height;
  if (!inside) {
    throw badJpeg(
      `crop window y=${crop.y}, x=${crop.x}, height=${crop.height}, width=${crop.width} in an image of ${height} x ${width}`,
    );
  }
  // libjpeg leaves out the columns before the crop's first MCU, and smooths as if the image began there.
  const unit = frame.components.length === 1 ? least : frame.maxH * least;
  const start = Math.floor(crop.x / unit) * unit;
  const wide = crop.width + crop.x - start;
  const readers = frame.components.map((component) =>
    rowReader(planeOf(component, frame, least, start, wide, options.fancyUpscaling && least > 1), wide),
  );
  const writer = space && rowWriter(space, channels, readers, wide, markers.adobeTransform !== undefined);
  if (writer === undefined || channels === 2) {
    throw badJpeg(`${frame.components.length} components cannot become ${channels} channels`);
  }
  const output = new Uint8ClampedArray(crop.width * crop.height * channels);
  if (wide === crop.width) {
    for (let y = 0; y < crop.height; y++) writer(crop.y + y, output, y * wide * channels);
  } else {
    const row = new Uint8ClampedArray(wide * channels);
    for (let y = 0; y < crop.height; y++) {
      writer(crop.y + y, row, 0);
      output.set(row.subarray((crop.x - start) * channels), y * crop.width * channels);
    }
  }
  return { width: crop.width, height: crop.height, channels, data: new Uint8Array(output.buffer) };
}

/** libjpeg's guess from markers and component numbers (jdapimin.c). */
function colourSpace(
  components: readonly Component[],
  { jfif, adobeTransform }: ColourMarkers,
): ColourSpace | undefined {
  const ids = components.map(({ id }) => id).join();
  if (components.length === 1) return 'grey';
  if (components.length === 4) return adobeTransform === undefined || adobeTransform === 0 ? 'cmyk' : 'ycck';
  if (components.length !== 3) return undefined;
  if (jfif) return 'ycc';
  if (adobeTransform !== undefined) return adobeTransform === 0 ? 'rgb' : 'ycc';
  return ids === '82,71,66' ? 'rgb' : 'ycc';
}

/** The columns of a component for the image's `wide` columns from `start` on, which is where an MCU starts. */
function planeOf(
  component: Component,
  frame: Frame,
  least: number,
  start: number,
  wide: number,
  fancy: boolean,
): Plane {
  const { samples, size, blocksAcross, width, height, h, v } = component;
  const across = (frame.maxH * least) / (h * size);
  const down = (frame.maxV * least) / (v * size);
  if (!Number.isInteger(across) || !Number.isInteger(down))
    throw badJpeg('its sampling factors do not divide each other');
  const first = Math.floor(start / across);
  return {
    samples: samples.subarray(first),
    stride: blocksAcross * size,
    width: Math.min(ceilDiv(wide, across), width - first),
    height,
    across,
    down,
    // Two columns are too few for the triangle across; whether there are more is asked of the whole image.
    smooth: fancy && (across === 1 || width > 2),
  };
}
