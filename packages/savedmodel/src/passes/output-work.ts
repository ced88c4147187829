import type { LoweredNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import type { OutputWork } from '../plan/plan.js';
import { readNames } from './live-nodes.js';

/** What such an op does stands for that of many others. */
const HEAVY_OPS = /^(Attention|Conv|ConvTranspose|Einsum|FusedMatMul|Gemm|GRU|If|Loop|LSTM|MatMul|MultiHeadAttention|QLinear.*|Resize|RNN|Scan|.*Integer)$/; // prettier-ignore
const HEAVY = 16;

/**
 * How the work of a plan is shared by its outputs: one entry for every set of outputs that some nodes are needed for.
 *
 * @param nodes - in an order in which every value is made before it is used
 * @param outputs - aliases with the values that they stand for
 * @param effects - values that every call needs
 */
export function outputWork(
  nodes: readonly LoweredNode[],
  outputs: readonly (readonly [alias: string, value: Value])[],
  effects: readonly Value[],
): readonly OutputWork[] {
  const all = (1n << BigInt(outputs.length)) - 1n;
  const needed = new Map<string, bigint>();
  const need = (name: string, by: bigint) => needed.set(name, (needed.get(name) ?? 0n) | by);
  outputs.forEach(([, value], i) => need(value.name, 1n << BigInt(i)));
  for (const effect of effects) need(effect.name, all);
  const amounts = new Map<bigint, { amount: number; weightBytes: number }>();
  const entry = (by: bigint) => {
    let found = amounts.get(by);
    if (found === undefined) amounts.set(by, (found = { amount: 0, weightBytes: 0 }));
    return found;
  };
  const weights = new Map<string, number>();
  for (const node of nodes.toReversed()) {
    let by = 0n;
    for (const output of node.outputs) by |= needed.get(output.name) ?? 0n;
    if (by === 0n) continue;
    entry(by).amount += node.kind !== 'native' || HEAVY_OPS.test(node.op) ? HEAVY : 1;
    for (const name of readNames(node)) need(name, by);
    for (const input of node.inputs) {
      const bytes = input?.weight?.byteLength ?? input?.constant?.byteLength;
      if (input !== undefined && bytes !== undefined) weights.set(input.name, bytes);
    }
  }
  for (const [name, bytes] of weights) entry(needed.get(name) ?? all).weightBytes += bytes;
  return [...amounts].map(([by, sums]) => ({
    outputs: outputs.flatMap(([alias], i) => ((by >> BigInt(i)) & 1n ? [alias] : [])),
    ...sums,
  }));
}
