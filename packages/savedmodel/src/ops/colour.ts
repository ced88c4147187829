import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';

/** Colour spaces and adjustments; colours are the last dimension. */
export const colour = new OpFamily('colour')
  .native('RGBToHSV', (context) =>
    inComputeDType(context.builder, [context.input(0)], ([x]) =>
      join(context.builder, toHsv(context.builder, x as Value)),
    ),
  )
  .native('HSVToRGB', (context) =>
    inComputeDType(context.builder, [context.input(0)], ([x]) =>
      toRgb(context.builder, split(context.builder, x as Value)),
    ),
  )
  .native('AdjustHue', (context) =>
    adjust(context, (builder, [h, s, v], delta) => {
      const turned = builder.emit('Add', [h, delta]);
      return [builder.emit('Sub', [turned, builder.emit('Floor', [turned])]), s, v];
    }),
  )
  .native('AdjustSaturation', (context) =>
    adjust(context, (builder, [h, s, v], scale) => [h, clip(builder, builder.emit('Mul', [s, scale])), v]),
  )
  .native('AdjustContrastv2', (context) => {
    const { builder } = context;
    const rank = context.rank(0);
    return inComputeDType(builder, [context.input(0)], ([x]) => {
      const axes = builder.ints([rank - 3, rank - 2]);
      const mean = builder.emit('ReduceMean', [x, axes], { keepdims: 1 });
      const factor = builder.cast(context.input(1), (x as Value).dtype);
      return builder.emit('Add', [builder.emit('Mul', [builder.emit('Sub', [x, mean]), factor]), mean]);
    });
  });

type Channels = readonly [Value, Value, Value];

function split(builder: Builder, x: Value): Channels {
  return [0, 1, 2].map((i) => builder.slice(x, -1, i, i + 1)) as unknown as Channels;
}

function join(builder: Builder, channels: Channels): Value {
  return builder.concat(channels, -1);
}

function clip(builder: Builder, x: Value): Value {
  return builder.emit('Clip', [x, builder.scalar(x.dtype, 0), builder.scalar(x.dtype, 1)]);
}

function adjust(context: OpContext, change: (builder: Builder, hsv: Channels, by: Value) => Channels): Value {
  const { builder } = context;
  return inComputeDType(builder, [context.input(0)], ([x]) => {
    const by = builder.cast(context.input(1), (x as Value).dtype);
    return toRgb(builder, change(builder, toHsv(builder, x as Value), by));
  });
}

/** Hue, saturation and value in [0, 1] (tensorflow/core/kernels/image/colorspace_op.h). */
function toHsv(builder: Builder, rgb: Value): Channels {
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const n = (value: number) => builder.scalar(rgb.dtype, value);
  const [r, g, b] = split(builder, rgb);
  const value = emit('Max', emit('Max', r, g), b);
  const range = emit('Sub', value, emit('Min', emit('Min', r, g), b));
  const bright = emit('Greater', value, n(0));
  const saturation = emit('Where', bright, emit('Div', range, emit('Where', bright, value, n(1))), n(0));
  const coloured = emit('Greater', range, n(0));
  const norm = emit('Reciprocal', emit('Mul', n(6), emit('Where', coloured, range, n(1))));
  const sector = (a: Value, c: Value, offset: number) => emit('Add', emit('Mul', norm, emit('Sub', a, c)), n(offset));
  const hue = emit(
    'Where',
    emit('Equal', r, value),
    emit('Mul', norm, emit('Sub', g, b)),
    emit('Where', emit('Equal', g, value), sector(b, r, 2 / 6), sector(r, g, 4 / 6)),
  );
  const known = emit('Where', coloured, hue, n(0));
  const wrapped = emit('Where', emit('Less', known, n(0)), emit('Add', known, n(1)), known);
  return [wrapped, saturation, value];
}

function toRgb(builder: Builder, [h, s, v]: Channels): Value {
  const emit = (op: string, ...inputs: Value[]) => builder.emit(op, inputs);
  const n = (value: number) => builder.scalar(h.dtype, value);
  const sixth = emit('Mul', h, n(6));
  const distance = (from: number) => emit('Abs', emit('Sub', sixth, n(from)));
  const parts = [emit('Sub', distance(3), n(1)), emit('Sub', n(2), distance(2)), emit('Sub', n(2), distance(4))].map(
    (part) => clip(builder, part),
  );
  const grey = emit('Sub', n(1), s);
  return join(
    builder,
    parts.map((part) => emit('Mul', emit('Add', grey, emit('Mul', s, part)), v)) as unknown as Channels,
  );
}
