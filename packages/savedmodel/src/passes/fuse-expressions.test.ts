import { Tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { Builder } from '../onnx/builder.js';
import { unknownDim } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { fuseExpressions } from './fuse-expressions.js';
import { liveNodes } from './live-nodes.js';

const ops = (builder: Builder, output: Value) =>
  liveNodes(fuseExpressions(builder.nodes), [output]).map((node) => node.kind === 'native' && node.op);

function normalization(builder: Builder, x: Value, axes: number[], gamma: Value, beta: Value, variant: 'neg' | 'sub') {
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const mean = builder.emit('ReduceMean', [x, builder.ints(axes)], { keepdims: 1 });
  const difference = emit('Sub', x, mean);
  const variance = builder.emit('ReduceMean', [emit('Mul', difference, difference), builder.ints(axes)], {
    keepdims: 1,
  });
  const root = emit('Reciprocal', emit('Sqrt', emit('Add', variance, builder.scalar('float32', 0.001))));
  const factor = emit('Mul', root, gamma);
  const shift =
    variant === 'neg'
      ? emit('Add', emit('Mul', emit('Neg', mean), factor), beta)
      : emit('Sub', beta, emit('Mul', mean, factor));
  return emit('Add', emit('Mul', x, factor), shift);
}

const vector = (builder: Builder, values: number[]) =>
  builder.constant(new Tensor('float32', [1, values.length], Float32Array.from(values)), 'parameter');

test.each(['neg', 'sub'] as const)('normalization over the last dimension becomes one op (%s)', (variant) => {
  const builder = new Builder();
  const x = builder.input('x', 'float32', [unknownDim(), unknownDim(), 3]);
  const y = normalization(builder, x, [2], vector(builder, [1, 2, 3]), vector(builder, [4, 5, 6]), variant);
  const [node] = liveNodes(fuseExpressions(builder.nodes), [y]);
  expect(ops(builder, y)).toEqual(['LayerNormalization']);
  expect(node).toMatchObject({
    attrs: { axis: { value: -1 }, epsilon: { value: Math.fround(0.001) } },
    inputs: [{ name: 'x' }, { constant: { shape: [3] } }, { constant: { shape: [3] } }],
  });
  expect(node?.inputs[1]?.constant?.toArray()).toEqual([1, 2, 3]);
  expect(node?.inputs[2]?.constant?.toArray()).toEqual([4, 5, 6]);
});

test('normalization over another dimension, or with parameters of another one, stays as it is', () => {
  const builder = new Builder();
  const x = builder.input('x', 'float32', [unknownDim(), 3, 3]);
  const one = vector(builder, [1, 2, 3]);
  expect(ops(builder, normalization(builder, x, [1], one, one, 'neg'))).not.toContain('LayerNormalization');
  const column = builder.constant(new Tensor('float32', [3, 1], Float32Array.of(1, 2, 3)), 'column');
  expect(ops(builder, normalization(builder, x, [2], column, one, 'neg'))).not.toContain('LayerNormalization');
});

test.each([
  [
    'x/2 · (1 + erf(x/√2))',
    (half: Value, x: Value, sum: Value, b: Builder) => b.emit('Mul', [b.emit('Mul', [x, half]), sum]),
  ],
  [
    '1/2 · (x · (1 + erf(x/√2)))',
    (half: Value, x: Value, sum: Value, b: Builder) => b.emit('Mul', [half, b.emit('Mul', [sum, x])]),
  ],
])('GELU written as %s becomes one op', (_, write) => {
  const builder = new Builder();
  const n = (value: number) => builder.scalar('float32', value);
  const x = builder.input('x', 'float32', [4]);
  const erf = builder.emit('Erf', [builder.emit('Mul', [x, n(Math.SQRT1_2)])]);
  const y = write(n(0.5), x, builder.emit('Add', [n(1), erf]), builder);
  expect(ops(builder, y)).toEqual(['Gelu']);
});

test('the tanh form of GELU becomes one op, of that form; other constants do not', () => {
  const builder = new Builder();
  const n = (value: number) => builder.scalar('float32', value);
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const x = builder.input('x', 'float32', [4]);
  const write = (cubic: number) => {
    const sum = emit('Add', x, emit('Mul', n(cubic), emit('Pow', x, n(3))));
    const tanh = emit('Tanh', emit('Mul', n(Math.sqrt(2 / Math.PI)), sum));
    return emit('Mul', emit('Mul', n(0.5), x), emit('Add', tanh, n(1)));
  };
  const y = write(0.044715);
  const [node, ...rest] = liveNodes(fuseExpressions(builder.nodes), [y]);
  expect(rest).toEqual([]);
  expect(node).toMatchObject({ op: 'Gelu', attrs: { approximate: { value: 'tanh' } }, inputs: [{ name: 'x' }] });
  expect(ops(builder, write(0.05))).not.toContain('Gelu');
});

test('a dense layer on three dimensions is one product, unless its reshapes move elements', () => {
  const builder = new Builder();
  const [batch, time] = [unknownDim(), unknownDim()];
  const x = builder.input('x', 'float32', [batch, time, 4]);
  const weights = builder.input('w', 'float32', [4, 6]);
  const flat = builder.reshape(x, [-1, 4]);
  const product = builder.emit('MatMul', [flat, weights]);
  const shape = builder.concat([builder.slice(builder.shapeOf(x), 0, 0, 2), builder.ints([6])], 0);
  expect(ops(builder, builder.reshapeTo(product, shape))).toEqual(['MatMul']);
  expect(ops(builder, builder.reshape(product, [2, -1, 6]))).toContain('Reshape');
});
