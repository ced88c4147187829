import type { DType } from '@servable/tensor';
import type { Value } from '../../onnx/value.js';
import { tfText } from './tf-attributes.js';
import type { HloContext } from './context.js';
import { HloFamily } from './registry.js';

/** Products of matrices. */
export const products = new HloFamily()
  .op('dot_general', (context) =>
    dotGeneral(context, {
      leftBatch: context.ints('lhs_batching_dimensions'),
      rightBatch: context.ints('rhs_batching_dimensions'),
      leftSum: context.ints('lhs_contracting_dimensions'),
      rightSum: context.ints('rhs_contracting_dimensions'),
    }),
  )
  .op('dot', (context) =>
    dotGeneral(context, { leftBatch: [], rightBatch: [], leftSum: [context.rank(0) - 1], rightSum: [0] }),
  )
  .op('einsum', (context) =>
    context.tf('Einsum', [context.input(0), context.input(1)], { equation: tfText(context.text('einsum_config')) }),
  );

interface Dimensions {
  readonly leftBatch: readonly number[];
  readonly rightBatch: readonly number[];
  readonly leftSum: readonly number[];
  readonly rightSum: readonly number[];
}

/** The result's dimensions are the batch, what is left of the left operand, and what is left of the right one. */
function dotGeneral(context: HloContext, dimensions: Dimensions): Value {
  const { builder } = context;
  const { dtype } = context.resultType();
  const [a, b] = [widen(context, context.input(0), dtype), widen(context, context.input(1), dtype)];
  const label = (i: number) => String.fromCharCode(97 + i);
  let next = 0;
  const left: string[] = [];
  const right: string[] = [];
  const pair = (axes: readonly number[], others: readonly number[]) =>
    axes.map((axis, i) => (left[axis] = right[others[i] ?? 0] = label(next++)));
  const batch = pair(dimensions.leftBatch, dimensions.rightBatch);
  pair(dimensions.leftSum, dimensions.rightSum);
  const rest = (labels: string[], rank: number) => {
    const own: string[] = [];
    for (let axis = 0; axis < rank; axis++) if (labels[axis] === undefined) own.push((labels[axis] = label(next++)));
    return own;
  };
  const output = [...batch, ...rest(left, context.rank(0)), ...rest(right, context.rank(1))];
  if (next > 26) throw context.refuse('its operands have too many dimensions');
  const equation = `${left.join('')},${right.join('')}->${output.join('')}`;
  return builder.cast(context.tf('Einsum', [a, b], { equation: tfText(equation) }), dtype);
}

/** Operands may be narrower than the result. */
function widen(context: HloContext, value: Value, dtype: DType): Value {
  return value.dtype === dtype ? value : context.builder.cast(value, dtype);
}
