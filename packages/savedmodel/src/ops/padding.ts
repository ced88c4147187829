import type { DType } from '@servable/tensor';
import { integersOf, isComplex } from '../kernels/elements.js';
import { pad as padTensor } from '../kernels/rearrange.js';
import type { Builder } from '../onnx/builder.js';
import { isNeverNegative, knownIntegers, unknownShape } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { requireAll } from './guard.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Padding with a value or with what stands at the edge. */
export const padding = new OpFamily('padding')
  .native('Pad', (context) => pad(context, 'constant', undefined))
  .native('PadV2', (context) => pad(context, 'constant', context.input(2)))
  .native('MirrorPad', (context) => mirrorPad(context, context.input(0), context.input(1)));

/** Pads with what stands at the edge, as the node's `mode` says. */
export function mirrorPad(context: OpContext, x: Value, given: Value): Value {
  const mode = context.attrs.string('mode') as 'REFLECT' | 'SYMMETRIC';
  const known = knownIntegers(given);
  if (known === undefined || x.shape === undefined) {
    const shape = x.shape && unknownShape(x.shape.length);
    return hostValue(context, [x, given], { dtype: x.dtype, shape }, (value, paddings) =>
      padTensor(value, integersOf(paddings), mode),
    );
  }
  if (mode === 'REFLECT') return pad(context, 'reflect', undefined, x, given);
  return symmetricPad(context.builder, x, known);
}

function pad(
  context: OpContext,
  mode: 'constant' | 'reflect',
  fill: Value | undefined,
  x = context.input(0),
  paddings = context.input(1),
): Value {
  const { builder } = context;
  const known = knownIntegers(paddings);
  let pads: Value;
  if (known !== undefined) {
    if (known.every((size) => size === 0)) return x;
    pads = builder.ints([...known.filter((_, i) => i % 2 === 0), ...known.filter((_, i) => i % 2 === 1)]);
  } else {
    // The engine would cut where a padding is negative.
    const wide = builder.cast(paddings, 'int64');
    const checked = isNeverNegative(wide)
      ? wide
      : requireAll(
          builder,
          builder.emit('GreaterOrEqual', [wide, builder.int(0)]),
          wide,
          'Paddings must be non-negative',
        );
    pads = builder.reshape(builder.transpose(checked, [1, 0]), [-1]);
  }
  return emitPad(builder, x, pads, fill, mode);
}

/** Pads a value of any dtype. @param pads - an int64 vector as the engine has it: all sizes in front, then all behind */
export function emitPad(builder: Builder, x: Value, pads: Value, fill?: Value, mode = 'constant'): Value {
  const emit = (value: Value, filling: Value | undefined) =>
    builder.emit('Pad', filling === undefined ? [value, pads] : [value, pads, filling], { mode });
  if (isComplex(x.dtype) || PADDED.includes(x.dtype)) return emit(x, fill);
  return inComputeDType(builder, fill === undefined ? [x] : [x, fill], ([value, filling]) =>
    emit(value as Value, filling),
  );
}

/** Dtypes that the engine pads as they are. */
const PADDED: readonly DType[] = [
  'float32',
  'float64',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'int8',
  'uint8',
  'bool',
  'string',
];

/** Mirrors the edges including the outermost elements, one dimension after the other. */
function symmetricPad(builder: Builder, x: Value, paddings: readonly number[]): Value {
  let value = x;
  x.shape?.forEach((dim, axis) => {
    const [before = 0, after = 0] = paddings.slice(2 * axis, 2 * axis + 2);
    const mirrored = (from: number, to: number) =>
      builder.emit('Slice', [
        value,
        builder.ints([from]),
        builder.ints([to]),
        builder.ints([axis]),
        builder.ints([-1]),
      ]);
    const parts = [
      ...(before > 0 ? [mirrored(before - 1, -Number.MAX_SAFE_INTEGER)] : []),
      value,
      ...(after > 0 ? [mirrored(-1, -after - 1)] : []),
    ];
    value = builder.concat(parts, axis);
  });
  return value;
}
