import type { Builder } from '../onnx/builder.js';
import type { AttributeInput } from '../onnx/onnx-attributes.js';
import type { Value } from '../onnx/value.js';
import type { OpContext } from './registry.js';

/** Whether the node works on `NC…` tensors; TensorFlow's default is channels last. */
export function isChannelsFirst(context: OpContext): boolean {
  const format = context.attrs.string('data_format', 'NHWC');
  return format.startsWith('NC') || format === 'CHANNELS_FIRST';
}

export function toChannelsFirst(builder: Builder, value: Value, alreadyFirst: boolean): Value {
  const rank = value.shape?.length ?? 4;
  if (alreadyFirst) return value;
  return builder.lazyTranspose(value, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
}

export function fromChannelsFirst(builder: Builder, value: Value, keepFirst: boolean): Value {
  const rank = value.shape?.length ?? 4;
  if (keepFirst) return value;
  return builder.lazyTranspose(value, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
}

/** An attribute with one number per dimension, reduced to the spatial ones; all ones when it is absent. */
export function spatialAttribute(context: OpContext, name: string, rank: number): number[] {
  const all = context.attrs.ints(
    name,
    Array.from({ length: rank }, () => 1),
  );
  return spatialOf(context, all);
}

/** Of one number per dimension, those of the spatial ones. */
export function spatialOf(context: OpContext, all: readonly number[]): number[] {
  return isChannelsFirst(context) ? all.slice(2) : all.slice(1, -1);
}

/** ONNX padding attributes for TensorFlow's `padding` (VALID, SAME, EXPLICIT). */
export function windowPadding(
  context: OpContext,
  input: Value,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Readonly<Record<string, AttributeInput>> {
  const padding = context.attrs.string('padding', 'VALID');
  if (padding === 'VALID') return {};
  if (padding === 'EXPLICIT') {
    const all = context.attrs.ints('explicit_paddings');
    const pairs = kernel.map((_, i) => (i + (isChannelsFirst(context) ? 2 : 1)) * 2);
    return { pads: [...pairs.map((at) => all[at] ?? 0), ...pairs.map((at) => all[at + 1] ?? 0)] };
  }
  const sizes = input.shape?.slice(2) ?? [];
  const totals = kernel.map((size, i) => {
    const dim = sizes[i];
    const stride = strides[i] ?? 1;
    const effective = (size - 1) * (dilations[i] ?? 1) + 1;
    // With stride 1 the padding does not depend on the size of the image.
    if (stride === 1) return effective - 1;
    return typeof dim === 'number' ? Math.max((Math.ceil(dim / stride) - 1) * stride + effective - dim, 0) : undefined;
  });
  if (totals.every((total) => total !== undefined)) {
    const before = totals.map((total) => Math.floor(total / 2));
    return { pads: [...before, ...totals.map((total, i) => total - (before[i] ?? 0))] };
  }
  return { auto_pad: 'SAME_UPPER' };
}
