import type { DType, Tensor } from '@servable/tensor';
import type { Weight } from '../plan/plan.js';
import { integerTensor } from './constant-tensors.js';
import { foldConstants } from './fold-constants.js';
import type { OutputSpec } from './known-shapes.js';
import type { OnnxAttributes } from './lowered-graph.js';
import { isStatic, type Value } from './value.js';
import { derivedWeight } from './weight.js';

/** The part of the builder that this needs. */
interface Emitter {
  constant(tensor: Tensor): Value;
  weight(weight: Weight): Value;
}

/** Ops that keep every element as it is. */
const LAYOUT_OPS = new Set(['Identity', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** What a node computes, if that is known now: a constant, or a weight whose elements are moved when it is read. */
export function foldNode(
  emitter: Emitter,
  op: string,
  inputs: readonly (Value | undefined)[],
  attrs: OnnxAttributes,
  spec: OutputSpec | undefined,
): Value | undefined {
  if (spec === undefined) return undefined;
  const weight = inputs[0]?.weight;
  if (weight !== undefined) return foldLayout(emitter, op, weight, inputs.slice(1), attrs, spec);
  const constants = inputs.map((input) => input && (input.constant ?? knownTensor(input)));
  // Optional inputs that are left out keep their place only at the end of the ops that are folded.
  if (inputs.length > 0 && inputs.every((input, i) => input === undefined || constants[i] !== undefined)) {
    const gap = inputs.findIndex((input) => input === undefined);
    if (gap < 0 || inputs.slice(gap).every((input) => input === undefined)) {
      const tensors = constants.filter((tensor) => tensor !== undefined);
      const tensor = foldConstants(op, tensors, attrs, spec.dtype);
      if (tensor !== undefined) return emitter.constant(tensor);
    }
  }
  const known = knownTensor(spec);
  return known && emitter.constant(known);
}

/** What only moves a weight's elements is done when the weight is read. */
function foldLayout(
  emitter: Emitter,
  op: string,
  weight: Weight,
  others: readonly (Value | undefined)[],
  attrs: OnnxAttributes,
  { shape }: OutputSpec,
): Value | undefined {
  const constants = others.map((input) => input?.constant).filter((tensor) => tensor !== undefined);
  if (!LAYOUT_OPS.has(op) || constants.length !== others.length || !isStatic(shape)) return undefined;
  const perm = attrs['perm'];
  if (op === 'Transpose' && perm?.kind !== 'ints') return undefined;
  if (perm?.kind !== 'ints') return emitter.weight(derivedWeight(weight, shape));
  return emitter.weight(derivedWeight(weight, shape, { kind: 'transpose', perm: perm.value }));
}

/** The elements of integers, where all are known. */
export function knownTensor({ elements, shape, dtype }: OutputSpec): Tensor | undefined {
  if (elements === undefined || shape === undefined || !isStatic(elements)) return undefined;
  if (dtype !== 'int64' && dtype !== 'int32') return undefined;
  if (shape.length <= 1) return integerTensor(dtype, shape.length, elements);
  const isWhole = isStatic(shape) && shape.reduce((a, b) => a * b, 1) === elements.length;
  return isWhole ? integerTensor(dtype, 1, elements).reshape(shape) : undefined;
}

/** The operand that a multiplication or division by one, or a subtraction of zero, leaves as it is. */
export function unchangedOperand(op: string, [a, b, ...others]: readonly (Value | undefined)[]): Value | undefined {
  if (a === undefined || b === undefined || others.length > 0) return undefined;
  const is = (value: Value, number: number, other: Value) =>
    value.constant?.size === 1 &&
    value.constant.rank <= (other.shape?.length ?? 0) &&
    isReal(value.dtype) &&
    Number((value.constant.data as ArrayLike<number | bigint>)[0]) === number;
  if ((op === 'Mul' || op === 'Div') && is(b, 1, a)) return a;
  if (op === 'Mul' && is(a, 1, b)) return b;
  // Adding zero is not among them: it turns a negative zero into a positive one.
  return op === 'Sub' && is(b, 0, a) && !Object.is((b.constant?.data as ArrayLike<number>)[0], -0) ? a : undefined;
}

/** Dtypes whose elements are the numbers in their typed array. */
const isReal = (dtype: DType) => dtype === 'float32' || dtype === 'float64' || dtype === 'int32' || dtype === 'int64';
