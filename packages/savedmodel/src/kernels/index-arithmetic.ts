import type { DType, Tensor } from '@servable/tensor';
import { around, doublesOf, fromDoubles, integerOf, integersOf, invalidRequest, take, tensorOf } from './elements.js';

/** `UnravelIndex`: the coordinates of flat indices, one row per dimension. */
export function unravelIndex(indices: Tensor, dims: Tensor): Tensor {
  const sizes = integersOf(dims);
  const total = sizes.reduce((a, b) => a * b, 1);
  if (sizes.includes(0)) throw invalidRequest('EMPTY_DIMENSION', 'Input dims cannot contain a dim of zero');
  const at = integersOf(indices);
  const bad = at.find((index) => index < 0 || index >= total);
  if (bad !== undefined)
    throw invalidRequest('INDEX_OUT_OF_RANGE', `index ${bad} is out of bound: expected less than ${total}`);
  const rows = new Float64Array(sizes.length * at.length);
  at.forEach((index, i) => {
    let rest = index;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      rows[axis * at.length + i] = rest % sizes[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
  });
  return fromDoubles(indices.dtype, [sizes.length, ...indices.shape], rows);
}

/** `ConcatOffset`: where each of several tensors starts in their concatenation. */
export function concatOffsets(axis: Tensor, shapes: readonly Tensor[]): Tensor[] {
  const rank = shapes[0]?.size ?? 0;
  const given = integerOf(axis);
  const along = given < 0 ? given + rank : given;
  if (!(along >= 0 && along < rank))
    throw invalidRequest('AXIS_OUT_OF_RANGE', `Concat dim is out of range: ${given} vs. ${rank}`);
  let start = 0;
  return shapes.map((shape) => {
    const sizes = integersOf(shape);
    if (sizes.length !== rank)
      throw invalidRequest('INCOMPATIBLE_SHAPES', `expected shapes of rank ${rank}, got [${sizes.join()}]`);
    const offsets = Float64Array.from({ length: rank }, (_, i) => (i === along ? start : 0));
    start += sizes[along]!;
    return fromDoubles(shape.dtype, [rank], offsets);
  });
}

/** `HistogramFixedWidth`: how many values are in each of `bins` equal parts of a range; those outside count at its ends. */
export function histogram(values: Tensor, range: Tensor, bins: Tensor, dtype: DType): Tensor {
  const [low = 0, high = 0] = doublesOf(range);
  const count = integerOf(bins);
  if (range.size !== 2)
    throw invalidRequest('BAD_RANGE', `value_range should be a vector of 2 elements, got ${range.size}`);
  if (!(low < high))
    throw invalidRequest(
      'BAD_RANGE',
      `value_range should satisfy value_range[0] < value_range[1], but got [${low}, ${high}]`,
    );
  if (!(count > 0)) throw invalidRequest('BAD_BINS', `nbins should be a positive number, but got '${count}'`);
  const narrow = values.dtype === 'float64' ? (x: number) => x : Math.fround;
  const step = narrow(narrow(high - low) / count);
  const counts = new Float64Array(count);
  for (const value of doublesOf(values)) {
    const clipped = Math.min(Math.max(value, low), high);
    const bin = Math.min(Math.floor(narrow(narrow(clipped - low) / step)), count - 1);
    if (bin >= 0) counts[bin] = counts[bin]! + 1;
  }
  return fromDoubles(dtype, [count], counts);
}

/** `NthElement`: the n-th smallest (or greatest) element of every row. */
export function nthElement(x: Tensor, n: Tensor, reverse: boolean): Tensor {
  const width = x.shape.at(-1);
  const at = integerOf(n);
  if (width === undefined) throw invalidRequest('BAD_RANK', 'Input must be >= 1-D, got a scalar');
  if (!(at >= 0 && at < width))
    throw invalidRequest('BAD_N', `Input must have at least n+1 columns: n is ${at}, and there are ${width}`);
  const values = doublesOf(x);
  const rows = width === 0 ? 0 : x.size / width;
  const result = Float64Array.from({ length: rows }, (_, row) => {
    const sorted = values.slice(row * width, (row + 1) * width).sort();
    return sorted[reverse ? width - 1 - at : at]!;
  });
  return fromDoubles(x.dtype, x.shape.slice(0, -1), result);
}

/** `InplaceUpdate` and its kind: rows of `x` replaced by, or combined with, those of `v`, one after the other. */
export function changeRows(x: Tensor, rows: Tensor, v: Tensor, how: (old: number, value: number) => number): Tensor {
  const [, count, inner] = around(x.shape, 0);
  const at = integersOf(rows);
  if (v.size !== at.length * inner) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected ${at.length} rows of ${inner} values, got shape [${v.shape.join()}]`,
    );
  }
  const data = (x.data as Float32Array).slice() as unknown as unknown[];
  const values = v.data as unknown as readonly unknown[];
  at.forEach((row, i) => {
    // As TensorFlow has it, rows are counted round and round.
    const target = ((row % count) + count) % count;
    for (let k = 0; k < inner; k++) {
      data[target * inner + k] = how(data[target * inner + k] as number, values[i * inner + k] as number);
    }
  });
  return tensorOf(x.dtype, x.shape, data);
}

/** `EditDistance` of sequences, given as indices whose last number is the place in the sequence. */
export function editDistances(
  hypothesis: readonly [indices: Tensor, values: Tensor, shape: Tensor],
  truth: readonly [indices: Tensor, values: Tensor, shape: Tensor],
  normalize: boolean,
): Tensor {
  const [given, wanted] = [integersOf(hypothesis[2]), integersOf(truth[2])];
  if (given.length !== wanted.length || given.length < 2) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected sequences of one rank of 2 and more, got [${given.join()}] and [${wanted.join()}]`,
    );
  }
  const shape = given.slice(0, -1).map((size, i) => Math.max(size, wanted[i]!));
  const sequences = ([indices, values]: readonly [Tensor, Tensor, Tensor]) => {
    const at = integersOf(indices);
    const rank = given.length;
    const found = new Map<number, (string | number | bigint)[]>();
    for (let i = 0; i < values.size; i++) {
      let place = 0;
      for (let axis = 0; axis < rank - 1; axis++) {
        const index = at[i * rank + axis]!;
        if (!(index >= 0 && index < shape[axis]!))
          throw invalidRequest('INDEX_OUT_OF_RANGE', `index ${index} is outside of [${shape.join()}]`);
        place = place * shape[axis]! + index;
      }
      const value = values.data[i] as number | Uint8Array;
      const list = found.get(place) ?? [];
      list.push(value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value);
      found.set(place, list);
    }
    return found;
  };
  const [left, right] = [sequences(hypothesis), sequences(truth)];
  const size = shape.reduce((a, b) => a * b, 1);
  const result = Float64Array.from({ length: size }, (_, place) => {
    const [a, b] = [left.get(place) ?? [], right.get(place) ?? []];
    if (b.length === 0) return normalize ? (a.length > 0 ? Infinity : 0) : a.length;
    const distance = levenshtein(a, b);
    return normalize ? distance / b.length : distance;
  });
  return fromDoubles('float32', shape, result);
}

function levenshtein<T>(a: readonly T[], b: readonly T[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  a.forEach((x, i) => {
    const next = [i + 1];
    b.forEach((y, j) => next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (x === y ? 0 : 1))));
    row = next;
  });
  return row.at(-1)!;
}

/** `ExtractGlimpse`: windows of `size` around offsets, [batch, 2] as rows and columns, of images [batch, rows, columns, channels]. */
export function glimpses(
  images: Tensor,
  size: Tensor,
  offsets: Tensor,
  options: { readonly centered: boolean; readonly normalized: boolean; readonly first: boolean; readonly fill: number },
): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = images.shape;
  const [rows = 0, columns = 0] = integersOf(size);
  if (images.rank !== 4 || size.size !== 2 || offsets.shape.join() !== `${batch},2`) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `expected images of rank 4, a size of 2 and offsets [${batch},2], got [${images.shape.join()}], [${size.shape.join()}] and [${offsets.shape.join()}]`,
    );
  }
  if (!(rows > 0 && columns > 0)) throw invalidRequest('BAD_SIZE', `expected a size above 0, got [${rows},${columns}]`);
  const places = doublesOf(offsets);
  const start = (offset: number, whole: number, part: number) => {
    let x = offset;
    if (options.normalized) x *= whole;
    // The second version of the op halves and moves only what is given in parts of the image.
    const old = options.first || (options.centered && options.normalized);
    if (options.centered) x = (old ? x / 2 : x) + whole / 2;
    return Math.trunc(old ? x - part / 2 : x);
  };
  const from = new Int32Array(batch * rows * columns * channels);
  let i = 0;
  for (let b = 0; b < batch; b++) {
    const [top, left] = [start(places[2 * b]!, height, rows), start(places[2 * b + 1]!, width, columns)];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const [y, x] = [top + r, left + c];
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        for (let k = 0; k < channels; k++) from[i++] = inside ? ((b * height + y) * width + x) * channels + k : -1;
      }
    }
  }
  return take(
    images,
    from,
    [batch, rows, columns, channels],
    fromDoubles('float32', [], Float64Array.of(options.fill)),
  );
}
