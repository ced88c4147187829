/** One decoded component: its samples and how many of them are the image's. */
export interface Plane {
  readonly samples: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  /** Output pixels per sample, across and down. */
  readonly across: number;
  readonly down: number;
  /** Whether it may be stretched smoothly. */
  readonly smooth: boolean;
}

/** Writes row `y` of the image, at full width, into `row`. */
export type RowReader = (y: number, row: Uint8Array) => void;

/**
 * How a component's rows are stretched to the image's size, with the integers of libjpeg-turbo (jdsample.c): smoothly
 * by triangles where it is halved across, down or both, else by repeating samples.
 *
 * @param width - of the image
 */
export function rowReader(plane: Plane, width: number): RowReader {
  const { across, down, smooth } = plane;
  if (across === 1 && down === 1) {
    return (y, row) => row.set(plane.samples.subarray(y * plane.stride, y * plane.stride + width));
  }
  if (smooth && across === 2 && down === 1) return triangleAcross(plane, width);
  if (smooth && across === 2 && down === 2) return triangleBoth(plane, width);
  if (smooth && across === 1 && down === 2) return triangleDown(plane, width);
  return (y, row) => {
    const start = Math.floor(y / down) * plane.stride;
    for (let x = 0; x < width; x++) row[x] = plane.samples[start + Math.floor(x / across)]!;
  };
}

function triangleAcross({ samples, stride, width: count }: Plane, width: number): RowReader {
  return (y, row) => {
    const start = y * stride;
    const last = count - 1;
    for (let i = 0; i <= last; i++) {
      const own = samples[start + i]! * 3;
      const x = i * 2;
      row[x] = i === 0 ? samples[start]! : (own + samples[start + i - 1]! + 1) >> 2;
      if (x + 1 < width) row[x + 1] = i === last ? samples[start + i]! : (own + samples[start + i + 1]! + 2) >> 2;
    }
  };
}

/** The rows that output row `y` lies between: the nearer one, and the other, which is inside the component. */
function rowsAround(y: number, height: number): readonly [near: number, far: number] {
  const near = y >> 1;
  const far = (y & 1) === 0 ? near - 1 : near + 1;
  return [near, Math.min(Math.max(far, 0), height - 1)];
}

function triangleDown({ samples, stride, height }: Plane, width: number): RowReader {
  return (y, row) => {
    const [near, far] = rowsAround(y, height);
    const bias = (y & 1) === 0 ? 1 : 2;
    for (let x = 0; x < width; x++) {
      row[x] = (samples[near * stride + x]! * 3 + samples[far * stride + x]! + bias) >> 2;
    }
  };
}

function triangleBoth({ samples, stride, width: count, height }: Plane, width: number): RowReader {
  return (y, row) => {
    const [near, far] = rowsAround(y, height);
    const [a, b] = [near * stride, far * stride];
    let before = 0;
    let own = samples[a]! * 3 + samples[b]!;
    for (let i = 0; i < count; i++) {
      const x = i * 2;
      const after = i + 1 < count ? samples[a + i + 1]! * 3 + samples[b + i + 1]! : 0;
      row[x] = i === 0 ? (own * 4 + 8) >> 4 : (own * 3 + before + 8) >> 4;
      if (x + 1 < width) row[x + 1] = i + 1 === count ? (own * 4 + 7) >> 4 : (own * 3 + after + 7) >> 4;
      before = own;
      own = after;
    }
  };
}
