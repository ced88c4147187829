import { integersOf } from '../kernels/elements.js';
import { reverse, roll } from '../kernels/rearrange.js';
import { knownIntegers } from '../onnx/known-shapes.js';
import { sameShape, type Value } from '../onnx/value.js';
import { viaFloat } from './dtypes.js';
import { hostValue, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Reversals and rotations along axes. */
export const reordering = new OpFamily('reordering')
  .native('Reverse ReverseV2', reversed)
  .native('ReverseSequence', reverseSequence)
  .native('Roll', rolled);

function reversed(context: OpContext): Value {
  const { builder } = context;
  const [x, given] = [context.input(0), context.input(1)];
  const values = knownIntegers(given);
  if (values === undefined || (x.shape === undefined && given.dtype === 'bool')) {
    return hostValue(context, [x, given], like(x), (value, axes) => {
      const which = integersOf(axes);
      return reverse(value, axes.dtype === 'bool' ? which.flatMap((flag, i) => (flag === 0 ? [] : [i])) : which);
    });
  }
  const axes = given.dtype === 'bool' ? values.flatMap((flag, i) => (flag === 0 ? [] : [i])) : values;
  if (axes.length === 0) return x;
  const all = (value: number) => builder.ints(axes.map(() => value));
  const sliced = builder.emit('Slice', [x, all(-1), all(-Number.MAX_SAFE_INTEGER), builder.ints(axes), all(-1)]);
  return { ...sliced, shape: x.shape };
}

/** Reverses the first `seq_lengths[i]` steps of every sequence. */
function reverseSequence(context: OpContext): Value {
  const { builder, attrs } = context;
  const x = context.input(0);
  const rank = context.rank(0);
  const [time, batch] = [attrs.int('seq_dim'), attrs.int('batch_dim', 0)].map((axis) => builder.axis(axis, x)) as [
    number,
    number,
  ];
  const rest = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== time && i !== batch);
  const direct = time + batch === 1;
  const perm = [batch, time, ...rest];
  const moved = direct ? x : builder.transpose(x, perm);
  const lengths = builder.cast(context.input(1), 'int64');
  const attributes = direct ? { batch_axis: batch, time_axis: time } : { batch_axis: 0, time_axis: 1 };
  const result = viaFloat(builder, moved, (value) =>
    builder.emit('ReverseSequence', [value, lengths], attributes, { dtype: value.dtype, shape: moved.shape }),
  );
  return direct
    ? result
    : builder.transpose(
        result,
        perm.map((_, i) => perm.indexOf(i)),
      );
}

/** Shifts with wrap-around: two slices where shift and size are known. */
function rolled(context: OpContext): Value {
  const { builder } = context;
  const x = context.input(0);
  const [shifts, axes] = [knownIntegers(context.input(1)), knownIntegers(context.input(2))];
  const sizes = axes?.map((axis) => x.shape?.[builder.axis(axis, x)]);
  const paired = shifts !== undefined || sameShape(context.input(1).shape, context.input(2).shape);
  if (axes === undefined || x.shape === undefined || !paired) {
    return hostValue(context, context.inputs(), like(x), (value, by, along) =>
      roll(value, integersOf(by), integersOf(along)),
    );
  }
  if (shifts === undefined || sizes?.some((size) => typeof size !== 'number')) return rolledByRequest(context, axes);
  let value = x;
  axes.forEach((axis, i) => {
    const size = sizes?.[i] as number;
    const by = size === 0 ? 0 : (((shifts[i] ?? 0) % size) + size) % size;
    if (by === 0) return;
    value = builder.concat([builder.slice(value, axis, size - by), builder.slice(value, axis, 0, size - by)], axis);
  });
  return value;
}

/** Rolls by shifts, or along sizes, that a request brings. */
function rolledByRequest(context: OpContext, axes: readonly number[]): Value {
  const { builder } = context;
  const x = context.input(0);
  const shifts = builder.reshape(builder.cast(context.input(1), 'int64'), [-1]);
  const shape = builder.shapeOf(x);
  const rolled = viaFloat(builder, x, (moved) => {
    let value = moved;
    axes.forEach((given, i) => {
      const axis = builder.axis(given, x);
      // There is nothing to roll where the size is 0, and no rest of a division by it.
      const size = builder.emit('Max', [builder.slice(shape, 0, axis, axis + 1), builder.ints([1])]);
      const by = builder.emit('Mod', [builder.slice(shifts, 0, i, i + 1), size]);
      const start = builder.emit('Sub', [size, by]);
      const [first, last, along] = [builder.ints([0]), builder.ints([Number.MAX_SAFE_INTEGER]), builder.ints([axis])];
      value = builder.concat(
        [builder.emit('Slice', [value, start, last, along]), builder.emit('Slice', [value, first, start, along])],
        axis,
      );
    });
    return value;
  });
  return { ...rolled, shape: x.shape };
}
