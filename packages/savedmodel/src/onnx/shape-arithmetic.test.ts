import { describe, expect, test } from 'vitest';
import { Builder } from './builder.js';
import { isNeverNegative, unknownDim } from './known-shapes.js';

/** A builder, and the shape of an input of `[?, 1000]` as TensorFlow's graphs take it apart. */
function split() {
  const builder = new Builder();
  const x = builder.input('x', 'float32', [unknownDim(), 1000]);
  const shape = builder.cast(builder.shapeOf(x), 'int32');
  const [batch, length] = builder.emitAll('Split', [shape, builder.ints([1, 1])], { axis: 0 });
  return { builder, x, batch: batch!, length: length! };
}

describe('what is known of shapes', () => {
  test('the size that is known stays known when the shape is split', () => {
    const { builder, length } = split();
    expect(length.elements).toEqual([1000]);
    expect(builder.emit('Mul', [length, length]).constant?.toArray()).toEqual([1_000_000]);
  });

  test('sizes, and sums, products and quotients of them, are never negative', () => {
    const { builder, batch } = split();
    const three = builder.constantVector('int32', [3]);
    expect(isNeverNegative(builder.emit('Div', [builder.emit('Add', [batch, three]), three]))).toBe(true);
    expect(isNeverNegative(builder.emit('Sub', [batch, three]))).toBe(false);
    const atLeastZero = builder.emit('Max', [builder.emit('Sub', [batch, three]), builder.scalar('int32', 0)]);
    expect(isNeverNegative(atLeastZero)).toBe(true);
  });

  test('a size with its sign turned twice is one again', () => {
    const { builder, batch } = split();
    const negative = builder.emit('Neg', [batch]);
    expect(isNeverNegative(negative)).toBe(false);
    expect(isNeverNegative(builder.emit('Neg', [negative]))).toBe(true);
  });

  test('numbers counted from zero are never negative, in any shape', () => {
    const { builder, batch } = split();
    const counted = builder.emit('Range', [
      builder.scalar('int32', 0),
      builder.emit('Squeeze', [batch]),
      builder.scalar('int32', 1),
    ]);
    const table = builder.emit('Add', [builder.unsqueeze(counted, [1]), builder.constantVector('int32', [0, 1])]);
    expect(isNeverNegative(table)).toBe(true);
    expect(isNeverNegative(builder.emit('Add', [table, builder.scalar('int32', -1)]))).toBe(false);
  });

  test('constants are padded and repeated while compiling', () => {
    const { builder } = split();
    const row = builder.unsqueeze(builder.constantVector('float32', [1, 2]), [0]);
    const padded = builder.emit('Pad', [row, builder.ints([1, 0, 0, 1])], { mode: 'constant' });
    expect(padded.constant?.toArray()).toEqual([
      [0, 0, 0],
      [1, 2, 0],
    ]);
    const tiled = builder.emit('Tile', [padded, builder.ints([1, 2])]);
    expect(tiled.constant?.toArray()).toEqual([
      [0, 0, 0, 0, 0, 0],
      [1, 2, 0, 1, 2, 0],
    ]);
    expect(builder.nodes.map((node) => (node.kind === 'native' ? node.op : node.kind))).not.toContain('Pad');
  });

  test('the remainder of a division rounds downwards', () => {
    const { builder } = split();
    const mod = builder.emit('Mod', [
      builder.constantVector('int32', [-5, 5]),
      builder.constantVector('int32', [3, -3]),
    ]);
    expect(mod.constant?.toArray()).toEqual([1, -1]);
  });
});
