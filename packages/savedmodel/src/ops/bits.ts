import { dtypeInfo } from '@servable/tensor';
import { bitcast, populationCount } from '../kernels/bits.js';

import type { Builder } from '../onnx/builder.js';
import type { Shape, Value } from '../onnx/value.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

const binary = (op: string) => (context: OpContext) => context.builder.emit(op, [context.input(0), context.input(1)]);

/** Integers as bits. */
export const bits = new OpFamily('bits')
  .native('BitwiseAnd', binary('BitwiseAnd'))
  .native('BitwiseOr', binary('BitwiseOr'))
  .native('BitwiseXor', binary('BitwiseXor'))
  .native('Invert', (context) => context.builder.emit('BitwiseNot', [context.input(0)]))
  .native('LeftShift', (context) => shift(context, 'LEFT'))
  .native('RightShift', (context) => shift(context, 'RIGHT'))
  .host('PopulationCount', (context) => {
    const x = context.input(0);
    return hostValue(context, [x], { dtype: 'uint8', shape: x.shape }, (bytes) => populationCount(bytes));
  })
  .host('Bitcast', (context) => {
    const x = context.input(0);
    const to = context.attrs.dtype('type');
    const [from, width] = [dtypeInfo(x.dtype).bytes, dtypeInfo(to).bytes];
    const shape: Shape | undefined =
      width === from ? x.shape : width < from ? x.shape && [...x.shape, from / width] : x.shape?.slice(0, -1);
    return hostValue(context, [x], { dtype: to, shape }, (bytes) => bitcast(bytes, to));
  });

/**
 * Shifts by 0 to width-1: counts outside are moved to the nearer end, as TensorFlow does
 * (tensorflow/core/kernels/cwise_ops.h). The engine shifts unsigned numbers only.
 */
function shift(context: OpContext, direction: 'LEFT' | 'RIGHT'): Value {
  const { builder } = context;
  const [x, count] = [context.input(0), context.input(1)];
  const width = dtypeInfo(x.dtype).bytes * 8;
  const unsigned = x.dtype === 'uint64';
  const clamped = builder.cast(clampCount(builder, count, width), 'uint64');
  const emit = (value: Value) => builder.emit('BitShift', [builder.cast(value, 'uint64'), clamped], { direction });
  if (unsigned) return emit(x);
  const wide = builder.cast(x, 'int64');
  if (direction === 'LEFT') return builder.cast(builder.cast(emit(wide), 'int64'), x.dtype);
  // The bits of a negative number are inverted before and after, so that ones come in at the top.
  const negative = builder.emit('Less', [wide, builder.int(0)]);
  const sign = builder.emit('Where', [negative, builder.int(-1), builder.int(0)]);
  const shifted = builder.cast(emit(builder.emit('BitwiseXor', [wide, sign])), 'int64');
  return builder.cast(builder.emit('BitwiseXor', [shifted, sign]), x.dtype);
}

function clampCount(builder: Builder, count: Value, width: number): Value {
  const most = builder.scalar(count.dtype === 'uint64' ? 'uint64' : 'int64', width - 1);
  if (count.dtype === 'uint64') return builder.emit('Min', [count, most]);
  const wide = builder.cast(count, 'int64');
  return builder.emit('Min', [builder.emit('Max', [wide, builder.int(0)]), most]);
}
