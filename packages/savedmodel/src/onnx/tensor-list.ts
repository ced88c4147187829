import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { Builder } from './builder.js';
import { scalarTensor } from './constant-tensors.js';
import { emitIf } from './control-flow.js';
import { knownIntegers, unknownDim } from './known-shapes.js';
import { DimSymbol, isStatic, type Dim, type Shape, type Value } from './value.js';

/**
 * A TensorFlow TensorList or TensorArray. The engine never sees one: its elements travel one by one while their number
 * and places are known, stacked into one tensor otherwise, and as a loop's scan output while a loop fills it in order.
 */
export interface TensorList {
  readonly kind: 'list';
  readonly dtype: DType;
  /** What is known of the shape of every element. */
  readonly element: Shape | undefined;
  readonly state: ListState;
}

type ListState =
  /** Elements at known places; the others have not been written. `length` is an int64 scalar. */
  | { readonly kind: 'sparse'; readonly length: Value; readonly items: ReadonlyMap<number, Value> }
  /** `loose` when nothing may have been written yet: sizes that were not known are then 0 in it. */
  | { readonly kind: 'stacked'; readonly tensor: Value; readonly loose: boolean }
  /** A loop's list in its body, which is written at most once per iteration and not read. */
  | { readonly kind: 'scanned'; readonly variable: object; readonly written?: ScannedItem };

/** What one iteration adds: at an index, or at the end. */
export interface ScannedItem {
  readonly index: Value | 'end';
  readonly value: Value;
  readonly grows: boolean;
}

/** Thrown when the body of a loop does with a list what the loop's way of carrying it does not allow. */
export class UnsuitedVariable extends Error {
  constructor(readonly variable: object) {
    super('the loop has to carry a variable in another way');
  }
}

/** A list of `length` elements that have not been written. */
export function reservedList(dtype: DType, element: Shape | undefined, length: Value): TensorList {
  return { kind: 'list', dtype, element, state: { kind: 'sparse', length, items: new Map() } };
}

export function stackedList(tensor: Value, element?: Shape, loose = false): TensorList {
  const { dtype, shape } = tensor;
  return {
    kind: 'list',
    dtype,
    element: element ?? shape?.slice(1),
    state: { kind: 'stacked', tensor, loose },
  };
}

/** The list with nothing left in it that is still to be emitted. */
export function materializeList(builder: Builder, list: TensorList): TensorList {
  const { state } = list;
  if (state.kind === 'stacked') return { ...list, state: { ...state, tensor: builder.materialize(state.tensor) } };
  if (state.kind === 'scanned') return list;
  const items = new Map([...state.items].map(([index, item]) => [index, builder.materialize(item)] as const));
  return { ...list, state: { ...state, items } };
}

/** Sizes that a model leaves open on purpose, with a -1. */
const open = new WeakSet<DimSymbol>();

/** A size that the model leaves open. */
export function openDim(): Dim {
  const dim = new DimSymbol();
  open.add(dim);
  return dim;
}

/** Whether elements of these shapes, both of which hold, have a shape when there is none. */
export function isStated(a: Shape | undefined, b: Shape | undefined): boolean {
  const isKnown = (dim: Dim | undefined) => dim !== undefined && (typeof dim === 'number' || !open.has(dim));
  const [shape, other] = a === undefined ? [b, undefined] : [a, b];
  return shape !== undefined && shape.every((dim, i) => isKnown(dim) || isKnown(other?.[i]));
}

/** Where either shape is known better, that. */
export function refineShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.length !== b.length) return a;
  return a.map((dim, i) => (typeof dim === 'number' ? dim : typeof b[i] === 'number' ? b[i] : dim));
}

function refined(value: Value, shape: Shape | undefined): Value {
  return value.transposed !== undefined ? value : { ...value, shape: refineShape(value.shape, shape) };
}

/** The number of elements as an int64 scalar. */
export function listLength(builder: Builder, { state }: TensorList): Value {
  if (state.kind === 'scanned') throw new UnsuitedVariable(state.variable);
  return state.kind === 'sparse' ? state.length : builder.pick(builder.shapeOf(state.tensor), 0);
}

/** All elements in one tensor; unwritten ones are zeros. */
export function stackList(builder: Builder, list: TensorList, hint?: Shape): Value {
  const { state } = list;
  if (state.kind === 'scanned') throw new UnsuitedVariable(state.variable);
  if (state.kind === 'stacked') {
    const [length, ...element] = state.tensor.shape ?? [];
    return length === undefined ? state.tensor : refined(state.tensor, [length, ...(refineShape(element, hint) ?? [])]);
  }
  const { items, length } = state;
  const sorted = [...items].sort(([a], [b]) => a - b);
  const [count] = knownIntegers(length) ?? [];
  const parts = sorted.map(([, value]) => builder.unsqueeze(value, [0]));
  if (parts.length > 0 && count === parts.length) return builder.concat(parts, 0);
  const sample = sorted[0]?.[1];
  const element = refineShape(refineShape(list.element, sample?.shape), hint);
  const blank = blanks(builder, list.dtype, length, element, sample);
  if (sample === undefined) return blank;
  const places = new Tensor(
    'int64',
    [sorted.length, 1],
    BigInt64Array.from(sorted, ([index]) => BigInt(index)),
  );
  return builder.emit('ScatterND', [blank, builder.constant(places), builder.concat(parts, 0)]);
}

/**
 * {@link stackList} for a model that says what shape the elements have: a list without any, which a loop without
 * iterations leaves, has it too, though nothing has told the sizes that the loop's body does not know.
 */
export function stackOf(builder: Builder, list: TensorList, element: Shape | undefined): Value {
  const stacked = stackList(builder, list, element);
  const { state } = list;
  if (state.kind !== 'stacked' || state.loose || !isStatic(element)) return stacked;
  if (isStatic(state.tensor.shape?.slice(1))) return stacked;
  const rows = builder.slice(builder.shapeOf(state.tensor), 0, 0, 1);
  return refined(builder.reshapeTo(state.tensor, builder.concat([rows, builder.ints(element)], 0)), [
    stacked.shape?.[0] ?? unknownDim(),
    ...element,
  ]);
}

/** `length` unwritten elements. A size that nobody knows is 0. */
function blanks(
  builder: Builder,
  dtype: DType,
  length: Value,
  element: Shape | undefined,
  sample: Value | undefined,
): Value {
  const sizes =
    sample !== undefined && !isStatic(element)
      ? builder.shapeOf(sample)
      : builder.ints((element ?? [0]).map((dim) => (typeof dim === 'number' ? dim : 0)));
  const zeros = emitZeros(builder, dtype, builder.concat([builder.reshape(length, [1]), sizes], 0));
  const [rows] = zeros.shape ?? [];
  if (!isStatic(element) && sample === undefined) return zeros;
  return refined(zeros, element && [rows ?? unknownDim(), ...element]);
}

/** Zeros, false or empty strings. */
export function emitZeros(builder: Builder, dtype: DType, dims: Value): Value {
  const zero = dtype === 'string' ? new Tensor('string', [], [new Uint8Array()]) : scalarTensor(dtype, 0);
  // The engine expands no bfloat16.
  if (dtype === 'bfloat16') return builder.cast(emitZeros(builder, 'float32', dims), dtype);
  return builder.emit('Expand', [builder.constant(zero, 'zero'), dims]);
}

const isLoose = (list: TensorList): boolean =>
  list.state.kind === 'stacked'
    ? list.state.loose
    : list.state.kind === 'sparse' && list.state.items.size === 0 && !isStatic(list.element);

/** The stacked elements, with the sizes of `value` if nothing has been written yet. */
function stackedLike(builder: Builder, list: TensorList, value: Value): Value {
  const stacked = stackList(builder, list, value.shape);
  if (list.state.kind !== 'stacked' || !list.state.loose) {
    if (!isLoose(list)) return stacked;
    return blanks(builder, list.dtype, listLength(builder, list), value.shape, value);
  }
  const shape = value.shape && [stacked.shape?.[0] ?? unknownDim(), ...value.shape];
  const empty = builder.emit('Equal', [builder.emit('Size', [stacked]), builder.int(0)]);
  const [like] = emitIf(
    builder,
    empty,
    (inner) => {
      const rows = inner.slice(inner.shapeOf(stacked), 0, 0, 1);
      return [emitZeros(inner, list.dtype, inner.concat([rows, inner.shapeOf(value)], 0))];
    },
    () => [stacked],
    () => [{ dtype: list.dtype, shape }],
  );
  return like ?? stacked;
}

/** @param index - an integer scalar */
export function getItem(builder: Builder, list: TensorList, index: Value, hint?: Shape): Value {
  const { state } = list;
  if (state.kind === 'sparse') {
    const [known] = knownIntegers(index) ?? [];
    const item = known === undefined ? undefined : state.items.get(known);
    if (item !== undefined) return refined(item, hint);
  }
  const stacked = stackList(builder, list, hint);
  return refined(builder.emit('Gather', [stacked, builder.cast(index, 'int64')]), hint);
}

/** @param grows - whether an index behind the end makes the list longer */
export function setItem(builder: Builder, list: TensorList, index: Value, value: Value, grows: boolean): TensorList {
  const { state } = list;
  const [known] = knownIntegers(index) ?? [];
  if (known !== undefined && known < 0) throw outOfRange(known);
  if (state.kind === 'scanned') {
    if (state.written !== undefined || known !== undefined) throw new UnsuitedVariable(state.variable);
    return { ...list, state: { ...state, written: { index, value, grows } } };
  }
  if (state.kind === 'sparse' && known !== undefined) {
    const [length] = knownIntegers(state.length) ?? [];
    if (!grows && length !== undefined && known >= length) throw outOfRange(known, length);
    const least = builder.int(known + 1);
    const items = new Map(state.items).set(known, value);
    const longer = grows ? builder.emit('Max', [state.length, least]) : state.length;
    return { ...list, state: { kind: 'sparse', length: longer, items } };
  }
  let stacked = stackedLike(builder, list, value);
  const at = builder.reshape(builder.cast(index, 'int64'), [1, 1]);
  if (grows) stacked = resized(builder, list.dtype, stacked, builder.emit('Add', [at, builder.int(1)]), 'atLeast');
  return stackedList(builder.emit('ScatterND', [stacked, at, builder.unsqueeze(value, [0])]), list.element);
}

export function pushBack(builder: Builder, list: TensorList, value: Value): TensorList {
  const { state } = list;
  if (state.kind === 'scanned') {
    if (state.written !== undefined) throw new UnsuitedVariable(state.variable);
    return { ...list, state: { ...state, written: { index: 'end', value, grows: true } } };
  }
  const [length] = state.kind === 'sparse' ? (knownIntegers(state.length) ?? []) : [];
  if (length !== undefined) return setItem(builder, list, builder.int(length), value, true);
  const stacked = stackedLike(builder, list, value);
  return stackedList(builder.concat([stacked, builder.unsqueeze(value, [0])], 0), list.element);
}

export function popBack(builder: Builder, list: TensorList, hint?: Shape): readonly [TensorList, Value] {
  const length = listLength(builder, list);
  const last = builder.emit('Sub', [length, builder.int(1)]);
  const item = getItem(builder, list, last, hint);
  return [resizeList(builder, list, last), item];
}

/** @param length - an int64 scalar */
export function resizeList(builder: Builder, list: TensorList, length: Value): TensorList {
  const { state } = list;
  const [known] = knownIntegers(length) ?? [];
  if (state.kind === 'sparse' && (known !== undefined || state.items.size === 0)) {
    const items = new Map([...state.items].filter(([index]) => known === undefined || index < known));
    return { ...list, state: { kind: 'sparse', length, items } };
  }
  const stacked = stackList(builder, list);
  const cut = builder.emit('Slice', [stacked, builder.ints([0]), builder.reshape(length, [1]), builder.ints([0])]);
  const tensor = resized(builder, list.dtype, cut, builder.reshape(length, [1]), 'exactly');
  return stackedList(tensor, list.element, isLoose(list));
}

/** Adds unwritten elements behind the others. */
function resized(builder: Builder, dtype: DType, stacked: Value, length: Value, how: 'atLeast' | 'exactly'): Value {
  const shape = builder.shapeOf(stacked);
  const rows = builder.slice(shape, 0, 0, 1);
  const missing = builder.emit('Sub', [builder.reshape(length, [1]), rows]);
  const extra = how === 'exactly' ? missing : builder.emit('Max', [missing, builder.ints([0])]);
  const zeros = emitZeros(builder, dtype, builder.concat([extra, builder.slice(shape, 0, 1)], 0));
  return refined(builder.concat([stacked, zeros], 0), stacked.shape && [unknownDim(), ...stacked.shape.slice(1)]);
}

/**
 * Writes the rows of `values` at `indices`.
 *
 * @param inOrder - whether the indices are known to be 0, 1, 2 ...
 */
export function scatterIntoList(
  builder: Builder,
  list: TensorList,
  indices: Value,
  values: Value,
  inOrder: boolean,
): TensorList {
  const { state } = list;
  if (state.kind === 'sparse' && state.items.size === 0 && inOrder) {
    const rows = builder.pick(builder.shapeOf(values), 0);
    const whole = stackedList(values, list.element);
    const [known] = knownIntegers(state.length) ?? [];
    return sameScalar(rows, state.length) || known === 0 ? whole : resizeList(builder, whole, state.length);
  }
  const sample = builder.pick(values, 0);
  const stacked = isLoose(list) ? stackedLike(builder, list, sample) : stackList(builder, list, values.shape?.slice(1));
  const at = builder.unsqueeze(builder.cast(indices, 'int64'), [-1]);
  return stackedList(builder.emit('ScatterND', [stacked, at, values]), list.element);
}

/** All elements joined along their first dimension, and the length of each as int64. */
export function concatList(builder: Builder, list: TensorList): readonly [Value, Value] {
  const { state } = list;
  const [count] = state.kind === 'sparse' ? (knownIntegers(state.length) ?? []) : [];
  if (state.kind === 'sparse' && count !== undefined && count > 0 && state.items.size === count) {
    const items = [...state.items].sort(([a], [b]) => a - b).map(([, value]) => value);
    const lengths = items.map((item) => builder.slice(builder.shapeOf(item), 0, 0, 1));
    return [builder.concat(items, 0), builder.concat(lengths, 0)];
  }
  const stacked = stackList(builder, list);
  const shape = builder.shapeOf(stacked);
  const each = builder.slice(shape, 0, 1, 2);
  const rows = builder.emit('Mul', [builder.slice(shape, 0, 0, 1), each]);
  const joined = builder.reshapeTo(stacked, builder.concat([rows, builder.slice(shape, 0, 2)], 0));
  return [joined, builder.emit('Expand', [each, builder.slice(shape, 0, 0, 1)])];
}

/** Whether two integer scalars are known to be equal. */
export function sameScalar(a: Value, b: Value): boolean {
  if (a === b) return true;
  const [x, y]: (Dim | undefined)[] = [a, b].map((value) => (value.elements ?? knownIntegers(value))?.[0]);
  return x !== undefined && x === y;
}

function outOfRange(index: number, length?: number): SavedModelError {
  const expected = length === undefined ? 'an index from 0' : `an index below ${length}`;
  return new SavedModelError(
    'INVALID_ARGUMENT',
    'LIST_INDEX',
    `A list is written at index ${index}: expected ${expected}.`,
  );
}
