import type { TensorSliceProto } from '@servable/protos/tensorflow';
import { formatShape } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { writeNumber, writeSigned, writeString } from './ordered-code.js';

/** A box in a tensor: where it starts and how long it is along every axis. */
export interface TensorSlice {
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  /** Which axes were given as "all of it"; needed because such axes are written differently in a slice's key. */
  readonly full: readonly boolean[];
}

/**
 * A stored slice of a tensor of this shape.
 *
 * @returns `undefined` when the slice does not fit the shape
 */
export function sliceFromProto(proto: TensorSliceProto, shape: readonly number[]): TensorSlice | undefined {
  if (proto.extent.length !== shape.length) return undefined;
  const full = proto.extent.map((extent) => extent.hasLengthHack.case === undefined);
  const starts = proto.extent.map((extent) => Number(extent.start));
  const lengths = proto.extent.map(({ hasLengthHack }, axis) =>
    hasLengthHack.case === undefined ? shape[axis]! : Number(hasLengthHack.value),
  );
  return fits(starts, lengths, shape) ? { starts, lengths, full } : undefined;
}

/**
 * Reads the text that RestoreV2 takes for each tensor: the dimensions of the whole tensor, then `start,length` or `-`
 * (all) for every axis, as in `8 3 0,4:-` (`ParseShapeAndSlice` in `tensorflow/core/util/saved_tensor_slice_util.cc`).
 *
 * @throws SavedModelError INVALID_ARGUMENT `BAD_SLICE` when the text is not of this form or does not fit the shape
 */
export function parseShapeAndSlice(text: string, shape: readonly number[]): TensorSlice {
  const words = text.split(' ');
  const axes = words.pop()!.split(':');
  const starts: number[] = [];
  const lengths: number[] = [];
  const full: boolean[] = [];
  for (const [axis, part] of axes.entries()) {
    const match = /^(\d{1,15}),(\d{1,15})$/.exec(part);
    full.push(part === '-');
    starts.push(match ? Number(match[1]) : 0);
    lengths.push(match ? Number(match[2]) : part === '-' ? (shape[axis] ?? NaN) : NaN);
  }
  if (words.join(' ') !== shape.join(' ') || !fits(starts, lengths, shape)) {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'BAD_SLICE',
      `Bad slice '${text}': expected the dimensions of ${formatShape(shape)}, then 'start,length' or '-' for every axis`,
    );
  }
  return { starts, lengths, full };
}

function fits(starts: readonly number[], lengths: readonly number[], shape: readonly number[]): boolean {
  return (
    lengths.length === shape.length &&
    lengths.every((length, axis) => {
      const start = starts[axis]!;
      return start >= 0 && length >= 0 && Number.isSafeInteger(start + length) && start + length <= shape[axis]!;
    })
  );
}

/** Whether the slice was written as "all" of every axis: its values then stand under the tensor's own key. */
export function isFull(slice: TensorSlice): boolean {
  return slice.full.every(Boolean);
}

/** Whether two slices of one tensor are the same box. */
export function sameSlice(a: TensorSlice, b: TensorSlice): boolean {
  return a.starts.every((start, axis) => start === b.starts[axis] && a.lengths[axis] === b.lengths[axis]);
}

/** Whether two slices of one tensor share an element. */
export function overlap(a: TensorSlice, b: TensorSlice): boolean {
  return a.starts.every((start, axis) => {
    const other = b.starts[axis]!;
    return Math.max(start, other) < Math.min(start + a.lengths[axis]!, other + b.lengths[axis]!);
  });
}

/** The index key under which a slice is stored (`EncodeTensorNameSlice` in `saved_tensor_slice_util.cc`). */
export function sliceKey(name: Uint8Array, slice: TensorSlice): Uint8Array {
  const out: number[] = [];
  writeNumber(out, 0);
  writeString(out, name);
  writeNumber(out, slice.starts.length);
  for (const [axis, start] of slice.starts.entries()) {
    writeSigned(out, slice.full[axis] ? 0 : start);
    writeSigned(out, slice.full[axis] ? -1 : slice.lengths[axis]!);
  }
  return Uint8Array.from(out);
}

/** One contiguous piece of a slice: positions and length in elements. */
export interface SliceRun {
  /** In the whole tensor. */
  readonly whole: number;
  /** In the slice. */
  readonly part: number;
  readonly length: number;
}

/** Walks through a slice of a tensor of this shape in contiguous pieces, in row-major order. */
export function* sliceRuns(shape: readonly number[], slice: TensorSlice): Generator<SliceRun, void, undefined> {
  if (slice.lengths.includes(0)) return;
  // The innermost axes that the slice takes whole, and the one before them, make one run.
  let axis = shape.length - 1;
  let inner = 1;
  while (axis > 0 && slice.lengths[axis] === shape[axis]) inner *= shape[axis--]!;
  if (axis < 0) {
    yield { whole: 0, part: 0, length: 1 };
    return;
  }
  const length = slice.lengths[axis]! * inner;
  const strides = shape.map(() => 1);
  for (let at = shape.length - 2; at >= 0; at--) strides[at] = strides[at + 1]! * shape[at + 1]!;
  const counters = new Array<number>(axis).fill(0);
  for (let part = 0; ; part += length) {
    let whole = slice.starts[axis]! * inner;
    for (let at = 0; at < axis; at++) whole += (slice.starts[at]! + counters[at]!) * strides[at]!;
    yield { whole, part, length };
    let at = axis - 1;
    while (at >= 0 && ++counters[at]! === slice.lengths[at]) counters[at--] = 0;
    if (at < 0) return;
  }
}
