import type { OnnxAttributes } from './lowered-graph.js';
import type { OutputSpec } from './known-shapes.js';
import { elementwiseRules } from './shape-rules/elementwise-rules.js';
import { layoutRules } from './shape-rules/layout-rules.js';
import { productRules } from './shape-rules/product-rules.js';
import { reductionRules } from './shape-rules/reduction-rules.js';
import type { Inputs } from './shape-rules/shape-rules.js';

/** Shape and dtype rules of the ONNX ops that the lowerings emit. An op that is not listed needs explicit outputs. */
const rules = new Map([elementwiseRules, productRules, layoutRules, reductionRules].flatMap((each) => [...each.rules]));

/** @returns undefined when there is no rule for `op` */
export function inferOutputs(op: string, inputs: Inputs, attrs: OnnxAttributes): readonly OutputSpec[] | undefined {
  const inference = rules.get(op);
  if (inference === undefined) return undefined;
  const outputs = inference(inputs, attrs);
  return Array.isArray(outputs) ? (outputs as readonly OutputSpec[]) : [outputs as OutputSpec];
}
