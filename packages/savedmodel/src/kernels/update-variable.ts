import { dtypeInfo, type Tensor } from '@servable/tensor';
import { add, divide, mapComplex, multiply, subtract, type Complex } from './complex-functions.js';
import { invalidRequest, isComplex, sizeOf, tensorOf } from './elements.js';
import { mapElements, mapIntegers } from './map-elements.js';
import { sliceStarts } from './rearrange.js';

/** How a new value is made of an old one and what the request brings. */
export type Combination = 'Update' | 'Add' | 'Sub' | 'Mul' | 'Div' | 'Min' | 'Max';

const onNumbers: Readonly<Record<Combination, (a: number, b: number) => number>> = {
  Update: (_, b) => b,
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: Math.imul,
  Div: (a, b) => Math.trunc(a / nonZero(b)),
  Min: (a, b) => Math.min(a, b),
  Max: (a, b) => Math.max(a, b),
};

const onBigints: Readonly<Record<Combination, (a: bigint, b: bigint) => bigint>> = {
  Update: (_, b) => b,
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / nonZero(b),
  Min: (a, b) => (a < b ? a : b),
  Max: (a, b) => (a > b ? a : b),
};

const onFloats: Readonly<Record<Combination, (a: number, b: number) => number>> = {
  ...onNumbers,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

function onComplex(how: Combination): (a: Complex, b: Complex) => Complex {
  const f = { Add: add, Sub: subtract, Mul: multiply, Div: divide }[how as 'Add'];
  if (f === undefined) throw invalidRequest('NO_ORDER', 'complex numbers have no least and no greatest');
  return f;
}

function nonZero<T extends number | bigint>(divisor: T): T {
  if (Number(divisor) === 0) throw invalidRequest('DIVISION_BY_ZERO', 'an integer variable is divided by 0');
  return divisor;
}

const FLOATS = new Set(['float32', 'float64', 'float16', 'bfloat16']);

function combine(a: Tensor, b: Tensor, how: Combination): Tensor {
  if (how === 'Update') return b;
  if (isComplex(a.dtype)) return mapComplex([a, b], onComplex(how));
  return FLOATS.has(a.dtype) ? mapElements([a, b], onFloats[how]) : mapIntegers(a, b, onNumbers[how], onBigints[how]);
}

/**
 * The whole value, combined with one of its shape.
 *
 * @throws SavedModelError INVALID_ARGUMENT, worded as TensorFlow words it (core/kernels/resource_variable_ops)
 */
export function combineVariable(value: Tensor, change: Tensor, how: 'Add' | 'Sub'): Tensor {
  if (value.shape.join() !== change.shape.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Cannot update variable with shape [${value.shape.join()}] using a Tensor with shape [${change.shape.join()}], ` +
        'shapes must be equal.',
    );
  }
  return combine(value, change, how);
}

/**
 * Combines slices of a value, one after the other, so that an index may repeat.
 *
 * @param indices - their last dimension is an index into the leading dimensions of the value
 * @param updates - one slice for each index, or a scalar for all
 */
export function scatterVariable(value: Tensor, indices: Tensor, updates: Tensor, how: Combination): Tensor {
  const { starts, inner } = sliceStarts(value.shape, indices);
  const expected = starts.length * inner;
  if (updates.size !== expected && updates.rank !== 0) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `A variable of shape [${value.shape.join()}] is updated at indices of shape [${indices.shape.join()}]: ` +
        `expected ${expected} values, given shape [${updates.shape.join()}]`,
    );
  }
  const { lanes } = dtypeInfo(value.dtype);
  const width = inner * lanes;
  const data = (value.data as Float32Array).slice();
  const given = updates.data as Float32Array;
  const slice = (at: number) => tensorOf(value.dtype, [inner], data.slice(at * lanes, at * lanes + width));
  const update = (i: number) =>
    updates.rank === 0 && inner * starts.length !== 1
      ? tensorOf(value.dtype, [], given)
      : tensorOf(value.dtype, [inner], given.slice(i * width, (i + 1) * width));
  for (let i = 0; i < starts.length; i++) {
    const at = starts[i] ?? 0;
    const made =
      how === 'Update' && updates.rank === 0 ? repeated(update(i), inner) : combine(slice(at), update(i), how);
    const from = made.data as Float32Array;
    for (let k = 0; k < width; k++) data[at * lanes + k] = from[k] as number;
  }
  return tensorOf(value.dtype, value.shape, data);
}

function repeated(scalar: Tensor, times: number): Tensor {
  const one = scalar.data as Float32Array;
  const data = one.slice(0, 0);
  const make = Array.isArray(data)
    ? new Array<number>(times * one.length)
    : new (one.constructor as Float32ArrayConstructor)(times * one.length);
  for (let i = 0; i < make.length; i++) make[i] = one[i % one.length] as number;
  return tensorOf(scalar.dtype, [times], make);
}

/** Indices of slices along the first dimension, as {@link scatterVariable} takes them. */
export const rowIndices = (indices: Tensor): Tensor => indices.reshape([sizeOf(indices.shape), 1]);
