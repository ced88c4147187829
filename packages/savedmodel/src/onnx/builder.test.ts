import { tensor, Tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import { Builder } from './builder.js';
import { float } from './onnx-attributes.js';
import { unknownDim } from './known-shapes.js';
import { DimSymbol, formatShape, type Value } from './value.js';
import { weightOf } from './weight.js';

const ops = (builder: Builder) => builder.nodes.map((node) => ('op' in node ? node.op : node.kind));
const image = (builder: Builder) => builder.input('x', 'float32', [unknownDim(), 8, 8, 3]);
const toFirst = [0, 3, 1, 2];
const toLast = [0, 2, 3, 1];

describe('transpositions between channels-last and channels-first', () => {
  test('vanish where one undoes the other, through elementwise ops, constants and reductions between them', () => {
    const builder = new Builder();
    const x = builder.input('x', 'float32', [unknownDim(), 3, 8, 8]);
    const last = builder.transpose(x, toLast);
    const biased = builder.emit('Add', [last, builder.constant(tensor([1, 2, 3], 'float32'))]);
    const active = builder.emit('Relu', [biased]);
    const y = builder.materialize(builder.transpose(active, toFirst));
    expect(ops(builder)).toEqual(['Add', 'Relu']);
    expect(formatShape(y.shape)).toBe('[?, 3, 8, 8]');
    const pooled = builder.materialize(builder.emit('ReduceMean', [active, builder.ints([1, 2])], { keepdims: 0 }));
    expect(ops(builder)).toEqual(['Add', 'Relu', 'ReduceMean']);
    expect(formatShape(pooled.shape)).toBe('[?, 3]');
  });

  test('are emitted once for all that need the order of dimensions', () => {
    const builder = new Builder();
    const last = builder.transpose(builder.input('x', 'float32', [1, 3, 8, 8]), toLast);
    builder.emit('MatMul', [last, last]);
    builder.emit('Softmax', [last], { axis: -1 });
    expect(ops(builder).filter((op) => op === 'Transpose')).toHaveLength(1);
  });

  test('of a concatenation move its axis', () => {
    const builder = new Builder();
    const last = builder.transpose(builder.input('x', 'float32', [1, 3, 8, 8]), toLast);
    const joined = builder.concat([last, last], 3);
    expect(formatShape(joined.shape)).toBe('[1, 8, 8, 6]');
    expect(builder.nodes[0]).toMatchObject({ op: 'Concat', attrs: { axis: { value: 1 } } });
  });
});

describe('shapes', () => {
  test('flow from Shape through arithmetic into Reshape, so that nothing is computed at run time', () => {
    const builder = new Builder();
    const x = image(builder);
    const dims = builder.shapeOf(x);
    const batch = builder.pick(dims, 0);
    const rest = builder.emit('Mul', [builder.pick(dims, 1), builder.pick(dims, 2)]);
    const target = builder.concat([builder.unsqueeze(batch, [0]), builder.unsqueeze(rest, [0]), builder.ints([3])], 0);
    const y = builder.reshapeTo(x, target);
    expect(formatShape(y.shape)).toBe('[?, 64, 3]');
    const reshape = builder.nodes.at(-1);
    const constant = reshape?.kind === 'native' ? reshape.inputs[1]?.constant?.toArray() : undefined;
    expect(constant).toEqual([0n, 64n, 3n]);
  });

  test('a size that is left open is computed where it can be: the engine cannot infer it of no rows', () => {
    const builder = new Builder();
    const x = image(builder);
    const batch = builder.unsqueeze(builder.pick(builder.shapeOf(x), 0), [0]);
    const y = builder.reshapeTo(x, builder.concat([batch, builder.ints([-1, 3])], 0));
    const reshape = builder.nodes.at(-1);
    expect(reshape?.kind === 'native' && reshape.inputs[1]?.constant?.toArray()).toEqual([0n, 64n, 3n]);
    expect(formatShape(y.shape)).toBe('[?, 64, 3]');
  });

  test('a size that is left open beside two that a request brings is the one in its place', () => {
    const builder = new Builder();
    const x = builder.input('x', 'float32', [new DimSymbol(), new DimSymbol(), 24]);
    const batch = builder.unsqueeze(builder.pick(builder.shapeOf(x), 0), [0]);
    const targets = [
      [-1, 4, 6],
      [-1, 24],
      [-1, 12],
    ].map((rest) => builder.reshapeTo(x, builder.concat([batch, builder.ints(rest)], 0)));
    const constants = builder.nodes.flatMap((node) =>
      node.kind === 'native' && node.op === 'Reshape' ? [node.inputs[1]?.constant?.toArray()] : [],
    );
    // Beside a batch that may be empty the engine infers nothing: the last one is computed.
    expect(constants).toEqual([[0n, 0n, 4n, 6n], undefined]);
    expect(targets[2]?.shape?.[2]).toBe(12);
    expect(targets[0]?.shape?.[1]).toBe(x.shape?.[1]);
    expect(targets[1]).toBe(x);
  });

  test('a reshape that moves ones alone needs no sizes', () => {
    const builder = new Builder();
    const x = builder.input('x', 'float32', [new DimSymbol(), 1, new DimSymbol()]);
    const batch = builder.unsqueeze(builder.pick(builder.shapeOf(x), 0), [0]);
    const y = builder.reshapeTo(x, builder.concat([batch, builder.ints([1, 1, -1])], 0));
    expect(y.shape).toEqual([x.shape?.[0], 1, 1, x.shape?.[2]]);
    expect(ops(builder)).not.toContain('Reshape');
  });

  test('zeros among sizes that a request brings mean zero', () => {
    const builder = new Builder();
    const x = builder.input('x', 'float32', [new DimSymbol(), 24]);
    const rows = builder.unsqueeze(builder.emit('Mul', [builder.pick(builder.shapeOf(x), 0), builder.int(2)]), [0]);
    builder.reshapeTo(x, builder.concat([builder.ints([1]), rows, builder.ints([12, 1])], 0));
    builder.reshapeTo(x, builder.input('shape', 'int64', [3]));
    expect(builder.nodes.filter((node) => node.kind === 'native' && node.op === 'Reshape')).toMatchObject([
      { inputs: [{}, {}], attrs: { allowzero: { value: 1 } } },
      { inputs: [{}, {}], attrs: { allowzero: { value: 1 } } },
    ]);
  });

  test('reshaping to the shape a value has is left out', () => {
    const builder = new Builder();
    const x = image(builder);
    expect(builder.reshapeTo(x, builder.shapeOf(x))).toBe(x);
  });

  test('elements that a request brings are no sizes: two reshapes by them need not be equal', () => {
    const builder = new Builder();
    const x = builder.input('x', 'float32', [6, 4]);
    const wanted = builder.input('shape', 'int64', [2]);
    const a = builder.reshapeTo(x, wanted);
    const b = builder.reshapeTo(builder.input('y', 'float32', [2, 4]), wanted);
    expect(a.shape?.[0]).not.toBe(b.shape?.[0]);
  });
});

describe('constants', () => {
  const number = (value: Value) => value.constant?.toArray();

  test('fold with the arithmetic of their dtype', () => {
    const builder = new Builder();
    const int32 = (value: number) => builder.constant(new Tensor('int32', [], Int32Array.of(value)));
    expect(number(builder.emit('Add', [int32(2 ** 31 - 1), int32(1)]))).toBe(-(2 ** 31));
    expect(number(builder.emit('Mul', [int32(65537), int32(65537)]))).toBe(131073);
    expect(number(builder.emit('Div', [int32(-7), int32(2)]))).toBe(-3);
    const int64 = (value: bigint) => builder.constant(new Tensor('int64', [], BigInt64Array.of(value)));
    expect(number(builder.emit('Mul', [int64(2n ** 62n), int64(2n)]))).toBe(-(2n ** 63n));
    expect(ops(builder)).toEqual([]);
  });

  test('a division by a constant zero is left to the request', () => {
    const builder = new Builder();
    const value = builder.emit('Div', [builder.ints([1]), builder.ints([0])]);
    expect(value.constant).toBeUndefined();
  });

  test('a weight changes its layout when it is read, not before', async () => {
    const builder = new Builder();
    let reads = 0;
    const source = weightOf(new Tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)));
    const weight = builder.weight({ ...source, readInto: (...args) => (reads++, source.readInto(...args)) });
    const moved = builder.reshape(builder.transpose(weight, [1, 0]), [6]);
    expect([reads, ops(builder), moved.shape]).toEqual([0, [], [6]]);
    const target = new Uint8Array(24);
    await moved.weight?.readInto(target, new Uint8Array(24));
    expect([...new Float32Array(target.buffer)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  test('multiplying by one is left out, adding zero is not: it would lose the sign of a zero', () => {
    const builder = new Builder();
    const x = image(builder);
    const one = builder.scalar('float32', 1);
    expect(builder.emit('Mul', [one, builder.emit('Div', [x, one])])).toBe(x);
    expect(builder.emit('Mul', [x, builder.constant(tensor([1, 1, 1], 'float32'))])).not.toBe(x);
    expect(builder.emit('Add', [x, builder.scalar('float32', 0)])).not.toBe(x);
  });

  test('attributes keep the difference between integers and floats', () => {
    const builder = new Builder();
    builder.emit('LeakyRelu', [image(builder)], { alpha: float(1) });
    expect(builder.nodes[0]).toMatchObject({ attrs: { alpha: { kind: 'float', value: 1 } } });
  });
});
