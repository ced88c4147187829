import type { OnnxAttributes } from './lowered-graph.js';
import { isNeverNegative, type OutputSpec } from './known-shapes.js';
import { outputBits } from './integer-bits.js';
import { elementwiseRules } from './shape-rules/elementwise-rules.js';
import { layoutRules } from './shape-rules/layout-rules.js';
import { productRules } from './shape-rules/product-rules.js';
import { reductionRules } from './shape-rules/reduction-rules.js';
import type { Inputs } from './shape-rules/shape-rules.js';
import type { Value } from './value.js';

/** Shape and dtype rules of the ONNX ops that the lowerings emit. An op that is not listed needs explicit outputs. */
const rules = new Map([elementwiseRules, productRules, layoutRules, reductionRules].flatMap((each) => [...each.rules]));

/** @returns undefined when there is no rule for `op` */
export function inferOutputs(op: string, inputs: Inputs, attrs: OnnxAttributes): readonly OutputSpec[] | undefined {
  const inference = rules.get(op);
  if (inference === undefined) return undefined;
  const inferred = inference(inputs, attrs);
  const outputs = Array.isArray(inferred) ? (inferred as readonly OutputSpec[]) : [inferred as OutputSpec];
  const nonNegative = keepsCounts(op, inputs) || undefined;
  const bits = outputBits(op, inputs);
  return nonNegative === undefined && bits === undefined
    ? outputs
    : outputs.map((spec) => ({ ...spec, nonNegative, bits }));
}

/** Ops that make integers of 0 or more of such, and those whose first input alone they take elements from. */
const COUNTS = new Set('Add Mul Div Min Concat ReduceSum ReduceProd'.split(' '));
const MOVES = new Set(
  'Identity Cast Reshape Unsqueeze Squeeze Transpose Slice Split Gather GatherND GatherElements Tile Expand'.split(' '),
);

/** Whether the elements of the outputs are known to be 0 or more though they are not known one by one. */
function keepsCounts(op: string, inputs: Inputs): boolean {
  const isIndex = (value: Value | undefined): value is Value => value?.dtype === 'int32' || value?.dtype === 'int64';
  const isCounted = (value: Value | undefined) => isIndex(value) && isNeverNegative(value);
  if (MOVES.has(op)) return isCounted(inputs[0]);
  if (op.startsWith('Reduce') && COUNTS.has(op)) return isCounted(inputs[0]);
  if (op === 'Max') return inputs.every(isIndex) && inputs.some(isCounted);
  if (op === 'Range') return isCounted(inputs[0]) && isCounted(inputs[2]) && inputs[2]?.constant !== undefined;
  return COUNTS.has(op) && inputs.every(isCounted);
}
