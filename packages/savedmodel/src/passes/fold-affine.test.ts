import { Tensor, tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { Builder } from '../onnx/builder.js';
import type { LoweredNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import { foldAffine } from './fold-affine.js';

/** A 1x1 convolution with two output channels of weights 1 and 2. */
function convolution(builder: Builder): Value {
  const x = builder.input('x', 'float32', [1, 1, 4, 4]);
  const weights = builder.constant(new Tensor('float32', [2, 1, 1, 1], Float32Array.of(1, 2)));
  return builder.emit('Conv', [x, weights], { kernel_shape: [1, 1], strides: [1, 1] });
}

const perChannel = (builder: Builder, values: number[]) => builder.constant(tensor(values, 'float32', [1, 2, 1, 1]));

function only(nodes: readonly LoweredNode[]) {
  expect(nodes).toHaveLength(1);
  const [conv] = nodes;
  if (conv?.kind !== 'native') throw new Error('expected a native node');
  return conv.inputs.slice(1).map((input) => Array.from(input?.constant?.data as Float32Array));
}

test('bias, scale and shift per channel become the weights and bias of the convolution', () => {
  const builder = new Builder();
  const biased = builder.emit('Add', [convolution(builder), perChannel(builder, [10, 20])]);
  const scaled = builder.emit('Mul', [biased, perChannel(builder, [3, 5])]);
  const shifted = builder.emit('Sub', [scaled, perChannel(builder, [1, 2])]);
  expect(only(foldAffine(builder.nodes, [shifted]))).toEqual([
    [3, 10],
    [29, 98],
  ]);
});

test('what another node or an output reads too is left as it is', () => {
  const builder = new Builder();
  const conv = convolution(builder);
  const biased = builder.emit('Add', [conv, perChannel(builder, [10, 20])]);
  expect(foldAffine(builder.nodes, [biased, conv])).toHaveLength(2);
});

test('a constant that differs within a channel, and one on the left of a subtraction, do not fold', () => {
  const builder = new Builder();
  const wide = builder.emit('Add', [convolution(builder), builder.constant(tensor([1, 2, 3, 4], 'float32'))]);
  expect(foldAffine(builder.nodes, [wide])).toHaveLength(2);
  const other = new Builder();
  const reversed = other.emit('Sub', [perChannel(other, [1, 2]), convolution(other)]);
  expect(foldAffine(other.nodes, [reversed])).toHaveLength(2);
});

test('a bias behind a dropped dimension, as convolutions over one dimension have it, folds too', () => {
  const builder = new Builder();
  const squeezed = builder.squeeze(convolution(builder), [2]);
  const biased = builder.emit('Add', [squeezed, builder.constant(tensor([10, 20], 'float32', [1, 2, 1]))]);
  const [conv, last, ...others] = foldAffine(builder.nodes, [biased]);
  expect(others).toEqual([]);
  expect(only([conv!])).toEqual([
    [1, 2],
    [10, 20],
  ]);
  expect(last).toMatchObject({ op: 'Squeeze', inputs: [conv?.outputs[0], {}] });
  expect(last?.outputs[0]?.name).toBe(biased.name);
});
