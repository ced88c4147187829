import { knownIntegers } from '../onnx/known-shapes.js';
import type { LoweredNode, OnnxNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import { countUses } from './count-uses.js';

/**
 * Folds zero padding in front of a convolution into the convolution, which pads without a copy of the image. Keras writes
 * the padding of strided convolutions as an op of its own.
 *
 * @param nodes - in order; returned with the folded nodes gone
 */
export function foldPadding(nodes: readonly LoweredNode[], outputs: readonly Value[]): LoweredNode[] {
  const uses = countUses(nodes, outputs);
  const pads = new Map<string, OnnxNode>();
  for (const node of nodes) {
    const output = node.outputs[0];
    if (node.kind !== 'native' || node.op !== 'Pad' || output === undefined) continue;
    if (uses.get(output.name)?.length === 1 && spatialZeros(node) !== undefined) pads.set(output.name, node);
  }
  const folded = new Set<LoweredNode>();
  const result = nodes.map((node) => {
    const pad = node.kind === 'native' && node.op === 'Conv' ? pads.get(node.inputs[0]?.name ?? '') : undefined;
    const zeros = pad && spatialZeros(pad);
    if (node.kind !== 'native' || pad === undefined || zeros === undefined) return node;
    const own = node.attrs['pads'];
    if (node.attrs['auto_pad'] !== undefined) return node;
    folded.add(pad);
    const sum = zeros.map((size, i) => size + (own?.kind === 'ints' ? (own.value[i] ?? 0) : 0));
    return {
      ...node,
      attrs: { ...node.attrs, pads: { kind: 'ints' as const, value: sum } },
      inputs: [pad.inputs[0], ...node.inputs.slice(1)],
    };
  });
  return result.filter((node) => !folded.has(node));
}

/** What a Pad adds before and after each spatial dimension, if it adds zeros and nothing else. */
function spatialZeros(pad: OnnxNode): readonly number[] | undefined {
  const mode = pad.attrs['mode'];
  if (mode?.kind === 'string' && mode.value !== 'constant') return undefined;
  const fill = pad.inputs[2];
  if (fill !== undefined && Number((fill.constant?.data as ArrayLike<number> | undefined)?.[0]) !== 0) return undefined;
  const sizes = pad.inputs[3] === undefined ? knownIntegers(pad.inputs[1]) : undefined;
  if (sizes === undefined || sizes.some((size) => size < 0)) return undefined;
  const rank = sizes.length / 2;
  const elsewhere = [sizes[0], sizes[1], sizes[rank], sizes[rank + 1]];
  if (rank < 3 || elsewhere.some((size) => size !== 0)) return undefined;
  return [...sizes.slice(2, rank), ...sizes.slice(rank + 2)];
}
