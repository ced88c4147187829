import { knownIntegers, normalizeAxis } from './known-shapes.js';
import type { OnnxAttributes } from './lowered-graph.js';
import { intAttribute } from './onnx-attributes.js';
import type { Value } from './value.js';

/**
 * TensorFlow's images are NHWC, the engine's convolutions NCHW. Instead of transposing around every convolution, an op
 * that does not care for the order of dimensions is applied to the value before its transposition, and its result is
 * transposed (lazily) instead; between two convolutions nothing is left to transpose.
 */
const ELEMENTWISE = new Set(
  (
    'Abs Neg Sign Sqrt Reciprocal Exp Log Floor Ceil Round Sin Cos Tan Tanh Erf Relu LeakyRelu Elu Selu Sigmoid HardSigmoid ' +
    'HardSwish Softplus Softsign Gelu FastGelu QuickGelu Mish Not Clip Cast Identity IsNaN IsInf ' +
    'Add Sub Mul Div Pow Mod Max Min And Or Xor Equal Less Greater LessOrEqual GreaterOrEqual Where'
  ).split(' '),
);

type Inputs = readonly (Value | undefined)[];

/** Batch, steps and features. */
const SEQUENCE_RANK = 3;

/** The part of the builder that this needs. */
interface Emitter {
  emit(op: string, inputs: Inputs, attrs: OnnxAttributes | Readonly<Record<string, number | undefined>>): Value;
  lazyTranspose(of: Value, perm: readonly number[]): Value;
  unsqueeze(value: Value, axes: readonly number[]): Value;
  ints(values: readonly number[]): Value;
  materialize(value: Value): Value;
}

/** @returns the lazily transposed result, or undefined when the op is to be emitted as it stands */
export function pushThroughTranspose(
  builder: Emitter,
  op: string,
  inputs: Inputs,
  attrs: OnnxAttributes,
): Value | undefined {
  const first = inputs.find((input) => input?.transposed !== undefined)?.transposed;
  if (first === undefined) return undefined;
  const { perm } = first;
  if (!movesChannels(perm)) return undefined;
  if (ELEMENTWISE.has(op)) return pushElementwise(builder, op, inputs, attrs, perm);
  if (op === 'Concat') return pushConcat(builder, inputs, attrs, perm);
  const data = inputs[0]?.transposed;
  if (data === undefined) return undefined;
  if (op.startsWith('Reduce')) return pushReduce(builder, op, data, inputs[1], attrs);
  if (op === 'Pad') return pushPad(builder, data, inputs, attrs);
  if (op === 'Squeeze') return pushSqueeze(builder, data, inputs[1]);
  if (op === 'Unsqueeze') return pushUnsqueeze(builder, data, inputs[1]);
  return undefined;
}

/** Whether a permutation turns channels-last into channels-first or back; others gain nothing from being put off. */
function movesChannels(perm: readonly number[]): boolean {
  const rank = perm.length;
  const toLast = perm.every((axis, i) => axis === (i === 0 ? 0 : i === rank - 1 ? 1 : i + 1));
  const toFirst = perm.every((axis, i) => axis === (i === 0 ? 0 : i === 1 ? rank - 1 : i - 1));
  return toLast || toFirst;
}

function pushElementwise(
  builder: Emitter,
  op: string,
  inputs: Inputs,
  attrs: OnnxAttributes,
  perm: readonly number[],
): Value | undefined {
  const before = inputs.map((input) => input && beforeTranspose(builder, input, perm));
  if (before.some((value, i) => value === undefined && inputs[i] !== undefined)) return undefined;
  const value = builder.emit(op, before, attrs);
  return builder.lazyTranspose(value, perm);
}

function pushConcat(
  builder: Emitter,
  inputs: Inputs,
  attrs: OnnxAttributes,
  perm: readonly number[],
): Value | undefined {
  const axis = attrs['axis'];
  if (axis?.kind !== 'int') return undefined;
  // Without broadcasting every input has full rank, and each that is not yet transposed would cost a Transpose.
  const pending = inputs.filter((input) => input?.transposed !== undefined).length;
  if (pending * 2 < inputs.length) return undefined;
  const before = inputs.map((input) =>
    input?.shape?.length === perm.length ? beforeTranspose(builder, input, perm) : undefined,
  );
  if (before.some((value) => value === undefined)) return undefined;
  const moved = perm[normalizeAxis(Number(axis.value), perm.length)];
  return builder.lazyTranspose(builder.emit('Concat', before, { axis: moved }), perm);
}

function pushReduce(
  builder: Emitter,
  op: string,
  data: NonNullable<Value['transposed']>,
  axesInput: Value | undefined,
  attrs: OnnxAttributes,
): Value | undefined {
  const { of, perm } = data;
  const axes = knownIntegers(axesInput);
  if (axes === undefined || axes.length === 0) return undefined;
  const moved = axes.map((axis) => perm[normalizeAxis(axis, perm.length)] ?? 0).sort((a, b) => a - b);
  const keepdims = attrs['keepdims'];
  // Normalizations of a sequence's features: the engine has one op for these where they come last.
  const isOfFeatures =
    perm.length === SEQUENCE_RANK && axes.length === 1 && normalizeAxis(axes[0] ?? 0, perm.length) === 2;
  if (isOfFeatures && intAttribute(attrs, 'keepdims', 1) === 1) return undefined;
  const reduced = builder.emit(op, [of, builder.ints(moved)], attrs);
  if (keepdims?.kind !== 'int' || Number(keepdims.value) === 1) return builder.lazyTranspose(reduced, perm);
  const rest = perm.filter((axis) => !moved.includes(axis));
  const order = [...rest].sort((a, b) => a - b);
  return builder.lazyTranspose(
    reduced,
    rest.map((axis) => order.indexOf(axis)),
  );
}

function pushSqueeze(
  builder: Emitter,
  { of, perm }: NonNullable<Value['transposed']>,
  axesInput: Value | undefined,
): Value | undefined {
  const axes = knownIntegers(axesInput)?.map((axis) => normalizeAxis(axis, perm.length));
  if (axes === undefined || axes.length === 0) return undefined;
  const squeezed = builder.emit('Squeeze', [of, builder.ints(axes.map((axis) => perm[axis] ?? 0))], {});
  const rest = perm.filter((_, axis) => !axes.includes(axis));
  const order = [...rest].sort((a, b) => a - b);
  return builder.lazyTranspose(
    squeezed,
    rest.map((axis) => order.indexOf(axis)),
  );
}

/** Dimensions of one between the batch and the channels, which stay last: those of a convolution over one dimension. */
function pushUnsqueeze(
  builder: Emitter,
  { of, perm }: NonNullable<Value['transposed']>,
  axesInput: Value | undefined,
): Value | undefined {
  const known = knownIntegers(axesInput);
  const rank = perm.length + (known?.length ?? 0);
  const axes = known?.map((axis) => normalizeAxis(axis, rank));
  const isToLast = perm.length > 2 && perm.at(-1) === 1;
  if (axes === undefined || !isToLast || !axes.every((axis) => axis > 0 && axis < rank - 1)) return undefined;
  const wide = builder.emit('Unsqueeze', [of, builder.ints(axes.map((axis) => axis + 1))], {});
  return builder.lazyTranspose(wide, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
}

function pushPad(
  builder: Emitter,
  data: NonNullable<Value['transposed']>,
  inputs: Inputs,
  attrs: OnnxAttributes,
): Value | undefined {
  const { of, perm } = data;
  const pads = knownIntegers(inputs[1]);
  if (pads === undefined || inputs[3] !== undefined) return undefined;
  const rank = perm.length;
  const moved = new Array<number>(rank * 2).fill(0);
  perm.forEach((axis, i) => {
    moved[axis] = pads[i] ?? 0;
    moved[axis + rank] = pads[i + rank] ?? 0;
  });
  return builder.lazyTranspose(builder.emit('Pad', [of, builder.ints(moved), inputs[2]], attrs), perm);
}

/** The value x' for which `Transpose(x', perm)` is `value`, after broadcasting it to the rank of `perm`. */
function beforeTranspose(builder: Emitter, value: Value, perm: readonly number[]): Value | undefined {
  const rank = value.shape?.length;
  if (rank === undefined || rank > perm.length) return undefined;
  if (rank === 0 || (value.constant?.size === 1 && rank <= 1)) return value;
  if (value.transposed !== undefined && value.transposed.perm.every((axis, i) => axis === perm[i])) {
    return value.transposed.perm.length === perm.length ? value.transposed.of : undefined;
  }
  const missing = Array.from({ length: perm.length - rank }, (_, i) => i);
  const inverse = perm.map((_, i) => perm.indexOf(i));
  return builder.materialize(builder.lazyTranspose(builder.unsqueeze(value, missing), inverse));
}

/**
 * A sequence that has been transposed for one op is used as it is by those that follow: behind a convolution, a transformer
 * works on features that come last.
 *
 * @param transposedBefore - the value after its transposition, where that has been emitted
 */
export function asTransposed(
  inputs: Inputs,
  transposedBefore: (value: Value) => Value | undefined,
): readonly (Value | undefined)[] {
  return inputs.map((input) =>
    input?.transposed?.perm.length === SEQUENCE_RANK ? (transposedBefore(input) ?? input) : input,
  );
}
