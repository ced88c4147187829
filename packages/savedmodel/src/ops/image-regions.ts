import type { Tensor } from '@servable/tensor';
import { cropAndResize } from '../kernels/crop-and-resize.js';
import { drawBoxes } from '../kernels/draw-boxes.js';
import { doublesOf, integersOf } from '../kernels/elements.js';
import { fillModes, projectiveTransform, type FillMode } from '../kernels/projective-transform.js';
import { knownElements } from '../onnx/known-shapes.js';
import type { Dim, Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Ops on boxes and on the geometry of images. */
export const imageRegions = new OpFamily('image regions')
  .host('CropAndResize', (context) => {
    const { builder, attrs } = context;
    const method = attrs.string('method', 'bilinear');
    if (method !== 'bilinear' && method !== 'nearest') throw context.refuse(`its method is '${method}'`);
    const options = { method, extrapolation: attrs.float('extrapolation_value', 0) } as const;
    const count = context.input(1).shape?.[0] ?? builder.unknownDim();
    const shape = [count, ...sizeOf(context, 3), context.input(0).shape?.[3] ?? builder.unknownDim()];
    return builder.host(
      context.node.op,
      context.inputs(),
      [{ dtype: 'float32', shape }],
      ([images, boxes, indices, size]) => [
        cropAndResize(images as Tensor, boxes as Tensor, indices as Tensor, integersOf(size), options),
      ],
    );
  })
  .host('ImageProjectiveTransformV2', (context) => transform(context, () => 0))
  .host('ImageProjectiveTransformV3', (context) => transform(context, (fill) => (fill && doublesOf(fill)[0]) ?? 0))
  .host('DrawBoundingBoxes', (context) => {
    const { dtype, shape } = context.input(0);
    return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape }], ([images, boxes]) => [
      drawBoxes(images as Tensor, boxes as Tensor, undefined),
    ]);
  })
  .host('DrawBoundingBoxesV2', (context) => {
    const { dtype, shape } = context.input(0);
    return context.builder.host(context.node.op, context.inputs(), [{ dtype, shape }], ([images, boxes, colours]) => [
      drawBoxes(images as Tensor, boxes as Tensor, colours),
    ]);
  });

/** Height and width from a size input, as far as known. */
function sizeOf(context: OpContext, input: number): readonly [Dim, Dim] {
  const [height, width] = knownElements(context.input(input)) ?? [];
  const size = (dim: Dim | undefined) => (typeof dim === 'number' ? dim : context.builder.unknownDim());
  return [size(height), size(width)];
}

function transform(context: OpContext, fillValue: (input: Tensor | undefined) => number): readonly Value[] {
  const { builder, attrs } = context;
  const interpolation = attrs.string('interpolation');
  const fillMode = attrs.string('fill_mode', 'CONSTANT') as FillMode;
  if (interpolation !== 'NEAREST' && interpolation !== 'BILINEAR') {
    throw context.refuse(`its interpolation is '${interpolation}'`);
  }
  if (!fillModes.includes(fillMode)) throw context.refuse(`its fill_mode is '${fillMode}'`);
  const { dtype, shape } = context.input(0);
  const batch = shape?.[0] ?? builder.unknownDim();
  const spec = { dtype, shape: [batch, ...sizeOf(context, 2), shape?.[3] ?? builder.unknownDim()] };
  return builder.host(context.node.op, context.inputs(), [spec], ([images, transforms, size, fill]) => [
    projectiveTransform(images as Tensor, transforms as Tensor, integersOf(size), {
      interpolation,
      fillMode,
      fillValue: fillValue(fill),
    }),
  ]);
}
