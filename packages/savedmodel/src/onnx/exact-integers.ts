import type { DType } from '@servable/tensor';
import { bitsOf } from './integer-bits.js';
import type { OnnxAttributes } from './lowered-graph.js';
import { intAttribute } from './onnx-attributes.js';
import type { Value } from './value.js';

/** The engine compares integers of so many bits rightly, and adds them up in float64 without rounding. */
const COMPARED_BITS = 31;
const ADDED_BITS = 32;
/** So many bits of int32 may be added up 2^15 times before the sum is limited to what int32 holds. */
const ADDED_BITS_OF_INT32 = 16;

const LOW = 2 ** 32 - 1;

/** The part of the builder that this needs. */
interface Emitter {
  emit(op: string, inputs: Inputs, attrs?: Readonly<Record<string, number>>): Value;
  cast(value: Value, dtype: DType): Value;
  int(value: number): Value;
  scalar(dtype: DType, value: number): Value;
}

type Inputs = readonly (Value | undefined)[];
type Emitted = Value | undefined;

/**
 * Integers as TensorFlow has them where the engine's kernels are wrong: vectorised minima, maxima and signs of int64 take
 * bit 31 of the lower half for a sign (1.30, on processors with AVX2: of 4294967295 and 3, 3 is the greater), and sums are
 * made in float64 and limited, where TensorFlow's wrap around.
 *
 * @returns undefined where the engine's own op does
 */
export function emitExactIntegers(builder: Emitter, op: string, inputs: Inputs, attributes: OnnxAttributes): Emitted {
  const [x, ...others] = inputs;
  if (x === undefined || (x.dtype !== 'int64' && x.dtype !== 'int32')) return undefined;
  if (op === 'ReduceSum') return sum(builder, x, others, attributes);
  const isNarrow = inputs.every((input) => input === undefined || (bitsOf(input) ?? 64) <= COMPARED_BITS);
  if (x.dtype === 'int32' || isNarrow) return undefined;
  switch (op) {
    case 'Max':
    case 'Min':
      return others.reduce<Value>((a, b) => (b === undefined ? a : choose(builder, op, a, b)), x);
    case 'Clip': {
      const [least, most] = others;
      const raised = least === undefined ? x : choose(builder, 'Max', x, least);
      return most === undefined ? raised : choose(builder, 'Min', raised, most);
    }
    case 'Sign': {
      const compared = (how: string) => builder.cast(builder.emit(how, [x, builder.int(0)]), 'int64');
      return builder.emit('Sub', [compared('Greater'), compared('Less')]);
    }
    case 'ReduceMax':
    case 'ReduceMin':
      return extreme(builder, op, x, others, attributes);
    default:
      return undefined;
  }
}

function choose(builder: Emitter, op: 'Max' | 'Min', a: Value, b: Value): Value {
  return builder.emit('Where', [builder.emit(op === 'Max' ? 'Greater' : 'Less', [a, b]), a, b]);
}

/** The lower 32 bits, from 0 up, and how often 2^32 goes into the rest; both int64. */
function halves(builder: Emitter, x: Value): { readonly low: Value; readonly high: Value } {
  const low = builder.emit('BitwiseAnd', [x, builder.int(LOW)]);
  const high = builder.emit('Div', [builder.emit('Sub', [x, low]), builder.int(2 ** 32)]);
  return { low, high };
}

/** The greatest upper half, and the greatest lower half of those that have it. */
function extreme(
  builder: Emitter,
  op: 'ReduceMax' | 'ReduceMin',
  x: Value,
  axes: Inputs,
  attributes: OnnxAttributes,
): Value {
  const keepdims = intAttribute(attributes, 'keepdims', 1);
  const noop = intAttribute(attributes, 'noop_with_empty_axes', 0);
  const reduce = (value: Value, keep: number) =>
    builder.emit(op, [value, ...axes], { keepdims: keep, noop_with_empty_axes: noop });
  const { low, high } = halves(builder, x);
  const upper = builder.cast(high, 'int32');
  const lower = builder.cast(builder.emit('Sub', [low, builder.int(2 ** 31)]), 'int32');
  const others = builder.scalar('int32', op === 'ReduceMax' ? -(2 ** 31) : 2 ** 31 - 1);
  const taking = builder.emit('Equal', [upper, reduce(upper, 1)]);
  const best = builder.cast(reduce(builder.emit('Where', [taking, lower, others]), keepdims), 'int64');
  const bestUpper = builder.cast(reduce(upper, keepdims), 'int64');
  return builder.emit('Add', [
    builder.emit('Mul', [bestUpper, builder.int(2 ** 32)]),
    builder.emit('Add', [best, builder.int(2 ** 31)]),
  ]);
}

function sum(builder: Emitter, x: Value, axes: Inputs, attributes: OnnxAttributes): Emitted {
  const bits = bitsOf(x) ?? 64;
  const keepdims = intAttribute(attributes, 'keepdims', 1);
  const noop = intAttribute(attributes, 'noop_with_empty_axes', 0);
  const add = (value: Value) => builder.emit('ReduceSum', [value, ...axes], { keepdims, noop_with_empty_axes: noop });
  if (x.dtype === 'int32')
    return bits <= ADDED_BITS_OF_INT32 ? undefined : builder.cast(add(builder.cast(x, 'int64')), 'int32');
  if (bits <= ADDED_BITS) return undefined;
  const { low, high } = halves(builder, x);
  return builder.emit('Add', [builder.emit('Mul', [add(high), builder.int(2 ** 32)]), add(low)]);
}
