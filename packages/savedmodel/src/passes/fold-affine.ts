import { Tensor } from '@servable/tensor';
import { knownIntegers } from '../onnx/known-shapes.js';
import type { LoweredNode, OnnxNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import { scaleRows } from '../kernels/transpose.js';
import { derivedWeight } from '../onnx/weight.js';
import { countUses, type Uses } from './count-uses.js';

/**
 * Folds what follows a convolution and is affine per channel (its bias, and batch normalization at inference, which is
 * a multiplication and an addition by constants) into the convolution's weights and bias.
 *
 * @param nodes - in order; returned with the folded nodes gone
 */
export function foldAffine(nodes: readonly LoweredNode[], outputs: readonly Value[]): LoweredNode[] {
  const result: (LoweredNode | undefined)[] = [...nodes];
  const uses = countUses(nodes, outputs);
  const position = new Map(nodes.map((node, i) => [node, i] as const));
  const replaced = new Map<string, OnnxNode>();
  nodes.forEach((node, i) => {
    if (node.kind !== 'native' || node.op !== 'Conv') return;
    let conv: OnnxNode = node;
    // What stands between a convolution over one dimension and its bias.
    let squeeze: OnnxNode | undefined;
    let isSqueezeMoved = false;
    for (;;) {
      squeeze ??= squeezeUser(conv, uses);
      const last = squeeze ?? conv;
      const next = affineUser(last, uses);
      const folded = next && fold(conv, next.node, next.operand, last.outputs[0]?.shape?.length);
      if (next === undefined || folded === undefined) break;
      result[position.get(next.node) ?? -1] = undefined;
      if (squeeze === undefined) conv = folded;
      else {
        conv = { ...folded, outputs: conv.outputs };
        if (!isSqueezeMoved) result[position.get(squeeze) ?? -1] = undefined;
        squeeze = { ...squeeze, outputs: folded.outputs };
        isSqueezeMoved = true;
      }
    }
    if (conv !== node) {
      result[i] = undefined;
      // The folded convolution makes the value of the last node folded into it.
      replaced.set(conv.outputs[0]?.name ?? '', conv);
      if (isSqueezeMoved && squeeze !== undefined) replaced.set(squeeze.outputs[0]?.name ?? '', squeeze);
    }
  });
  if (replaced.size === 0) return [...nodes];
  return nodes.flatMap((node, i) => {
    const kept = result[i];
    const conv = replaced.get(node.outputs[0]?.name ?? '');
    if (conv !== undefined) return [conv];
    return kept === undefined ? [] : [kept];
  });
}

/** The only user of a convolution's output, when it drops dimensions behind the channels. */
function squeezeUser(conv: OnnxNode, uses: Uses): OnnxNode | undefined {
  const output = conv.outputs[0];
  const users = output === undefined ? undefined : uses.get(output.name);
  const user = users?.length === 1 ? users[0] : undefined;
  if (user === undefined || user === 'output' || user.kind !== 'native' || user.op !== 'Squeeze') return undefined;
  return knownIntegers(user.inputs[1])?.every((axis) => axis > 1) === true ? user : undefined;
}

/** The only user of a convolution's output, when it is an affine op with a constant operand. */
function affineUser(conv: OnnxNode, uses: Uses): { node: OnnxNode; operand: 0 | 1 } | undefined {
  const output = conv.outputs[0];
  const users = output === undefined ? undefined : uses.get(output.name);
  const user = users?.length === 1 ? users[0] : undefined;
  if (user === undefined || user === 'output' || user.kind !== 'native') return undefined;
  if (!['Add', 'Sub', 'Mul', 'Div'].includes(user.op)) return undefined;
  const operand = user.inputs[0]?.name === output?.name ? 1 : 0;
  // x - c and x / c fold; c - x and c / x do not.
  if (operand === 0 && (user.op === 'Sub' || user.op === 'Div')) return undefined;
  return { node: user, operand };
}

/** @param rank - of the convolution's output, or of what is left of it */
function fold(conv: OnnxNode, user: OnnxNode, operand: 0 | 1, rank: number | undefined): OnnxNode | undefined {
  const [x, weights, bias] = conv.inputs;
  const constant = user.inputs[operand]?.constant;
  const shape = weights?.constant?.shape ?? weights?.weight?.shape;
  if (x === undefined || weights?.dtype !== 'float32' || shape === undefined) return undefined;
  if (constant?.dtype !== 'float32' || (bias !== undefined && bias.constant === undefined)) return undefined;
  const channels = shape[0] ?? 0;
  const perChannel = channelVector(constant as Tensor<'float32'>, channels, rank ?? shape.length);
  if (perChannel === undefined) return undefined;
  const name = user.outputs[0]?.name ?? '';
  const factors = user.op === 'Mul' ? perChannel : user.op === 'Div' ? perChannel.map((x) => 1 / x) : undefined;
  const oldBias = (bias?.constant?.data as Float32Array | undefined) ?? new Float32Array(channels);
  const sign = user.op === 'Sub' ? -1 : 1;
  const newBias = oldBias.map((old, c) => (factors ? old * (factors[c] ?? 1) : old + sign * (perChannel[c] ?? 0)));
  const newWeights = factors === undefined ? weights : scaled(weights, factors, `${name}/scaled`);
  const biasValue: Value = {
    name: `${name}/bias`,
    dtype: 'float32',
    shape: [channels],
    constant: new Tensor('float32', [channels], newBias),
  };
  return { ...conv, inputs: [x, newWeights, biasValue], outputs: user.outputs };
}

/** The weights with every output channel multiplied by its factor. */
function scaled(weights: Value, factors: Float32Array, name: string): Value {
  const { dtype, shape, constant, weight } = weights;
  if (constant === undefined) {
    return {
      name,
      dtype,
      shape,
      weight: weight && derivedWeight(weight, weight.shape, { kind: 'scale', factors }),
    };
  }
  const copy = (constant.data as Float32Array).slice();
  scaleRows(copy, factors);
  return { name, dtype, shape, constant: new Tensor('float32', constant.shape, copy) };
}

/** A constant as one number per channel of an NC… value, if that is what it is. */
function channelVector(constant: Tensor<'float32'>, channels: number, rank: number): Float32Array | undefined {
  if (constant.rank > rank) return undefined;
  if (constant.size === 1) return new Float32Array(channels).fill(constant.data[0] ?? 0);
  const shape = [...Array.from({ length: rank - constant.rank }, () => 1), ...constant.shape];
  const perChannel = shape[1] === channels && shape.every((dim, i) => i === 1 || dim === 1);
  return perChannel ? constant.data : undefined;
}
