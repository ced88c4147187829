import type { Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';
import { overPositions, padSpatial, paddingOf } from './window-slices.js';

/** Sliding windows laid out in the channels. */
export const patches = new OpFamily('patches')
  .native('ExtractImagePatches', (context) => extract(context, 2))
  .native('ExtractVolumePatches', (context) => extract(context, 3));

function extract(context: OpContext, spatial: number): Value {
  const { builder, attrs } = context;
  const inner = (name: string) =>
    attrs
      .ints(
        name,
        Array.from({ length: spatial + 2 }, () => 1),
      )
      .slice(1, -1);
  const window = { kernel: inner('ksizes'), strides: inner('strides'), dilations: inner('rates') };
  const x = context.input(0);
  const { before, after, none } = paddingOf(context, x, 1, window);
  const padded = none ? x : padSpatial(builder, x, 1, before, after);
  const parts: Value[] = [];
  overPositions(builder, padded, 1, window, (slice) => parts.push(slice));
  return builder.concat(parts, spatial + 1);
}
