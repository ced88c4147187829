import { Tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import { Builder } from '../onnx/builder.js';
import { unknownDim } from '../onnx/known-shapes.js';
import type { LoweredNode } from '../onnx/lowered-graph.js';
import type { Shape } from '../onnx/value.js';
import { padChannels } from './pad-channels.js';

const ops = (nodes: readonly LoweredNode[]) => nodes.map((node) => (node.kind === 'native' ? node.op : node.kind));

function averaged(shape: Shape) {
  const builder = new Builder();
  const x = builder.input('x', 'float32', shape);
  const y = builder.emit('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  return { y, nodes: padChannels(builder.nodes) };
}

/** A depthwise convolution with a kernel of 3x3 whose weights count from 1. */
function depthwise(shape: Shape, channels: number) {
  const builder = new Builder();
  const x = builder.input('x', 'float32', shape);
  const weights = Float32Array.from({ length: channels * 9 }, (_, i) => i + 1);
  const kernel = builder.constant(new Tensor('float32', [channels, 1, 3, 3], weights));
  const bias = builder.constant(new Tensor('float32', [channels], new Float32Array(channels).fill(7)));
  builder.emit('Conv', [x, kernel, bias], { kernel_shape: [3, 3], strides: [1, 1], group: channels });
  return padChannels(builder.nodes);
}

describe('channels are filled up to the blocks of the engine', () => {
  test('for averages over windows, whose channels are cut off again', () => {
    const { y, nodes } = averaged([unknownDim(), 44, 28, 28]);
    expect(ops(nodes)).toEqual(['Pad', 'AveragePool', 'Slice']);
    expect(nodes.map(({ outputs }) => outputs[0]?.shape?.[1])).toEqual([48, 48, 44]);
    expect(nodes[0]?.inputs[1]?.constant?.toArray()).toEqual([0n, 0n, 0n, 0n, 0n, 4n, 0n, 0n]);
    expect(nodes[2]?.outputs[0]?.name).toBe(y.name);
  });

  test('for depthwise convolutions of wide images, with filters and biases of zeros', () => {
    const nodes = depthwise([1, 11, 112, 112], 11);
    expect(ops(nodes)).toEqual(['Pad', 'Conv', 'Slice']);
    const [, conv] = nodes;
    if (conv?.kind !== 'native') throw new Error('expected a native node');
    expect(conv.attrs['group']).toEqual({ kind: 'int', value: 16 });
    const [, weights, bias] = conv.inputs.map((input) => input?.constant);
    expect(weights?.shape).toEqual([16, 1, 3, 3]);
    expect(Array.from(weights?.data as Float32Array).slice(97, 101)).toEqual([98, 99, 0, 0]);
    expect(Array.from(bias?.data as Float32Array)).toEqual(Array.from({ length: 16 }, (_, i) => (i < 11 ? 7 : 0)));
  });

  test('not where they fit, where there are too few, nor for small images', () => {
    expect(ops(averaged([1, 32, 28, 28]).nodes)).toEqual(['AveragePool']);
    expect(ops(averaged([1, 2, 28, 28]).nodes)).toEqual(['AveragePool']);
    expect(ops(averaged([1, 44, 28]).nodes)).toEqual(['AveragePool']);
    expect(ops(depthwise([1, 44, 28, 28], 44))).toEqual(['Conv']);
    expect(ops(depthwise([1, 32, 112, 112], 32))).toEqual(['Conv']);
  });
});
