import { expect, test } from 'vitest';
import { Builder } from '../onnx/builder.js';
import { unknownDim } from '../onnx/known-shapes.js';
import { foldPadding } from './fold-padding.js';

function padded(builder: Builder, pads: readonly number[], fill?: number) {
  const x = builder.input('x', 'float32', [unknownDim(), 3, 8, 8]);
  const constant = fill === undefined ? [] : [builder.scalar('float32', fill)];
  return builder.emit('Pad', [x, builder.ints(pads), ...constant], { mode: 'constant' });
}

function convolve(builder: Builder, pad: ReturnType<typeof padded>) {
  const weights = builder.input('w', 'float32', [4, 3, 3, 3]);
  return builder.emit('Conv', [pad, weights], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
}

test('zeros around an image become padding of the convolution, on top of its own', () => {
  const builder = new Builder();
  const y = convolve(builder, padded(builder, [0, 0, 0, 1, 0, 0, 2, 3], 0));
  const nodes = foldPadding(builder.nodes, [y]);
  expect(nodes).toHaveLength(1);
  expect(nodes[0]).toMatchObject({ op: 'Conv', attrs: { pads: { value: [1, 2, 3, 4] } }, inputs: [{ name: 'x' }, {}] });
});

test.each([
  ['another value than zero', [0, 0, 1, 1, 0, 0, 1, 1], 5],
  ['channels', [0, 1, 0, 0, 0, 0, 0, 0], 0],
  ['a crop', [0, 0, -1, 0, 0, 0, 0, 0], 0],
])('padding with %s stays', (_, pads, fill) => {
  const builder = new Builder();
  const y = convolve(builder, padded(builder, pads, fill));
  expect(foldPadding(builder.nodes, [y])).toHaveLength(2);
});

test('padding that something else reads too stays', () => {
  const builder = new Builder();
  const pad = padded(builder, [0, 0, 1, 1, 0, 0, 1, 1]);
  expect(foldPadding(builder.nodes, [convolve(builder, pad), pad])).toHaveLength(2);
});
