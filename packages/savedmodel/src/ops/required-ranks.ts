import type { OpContext } from './registry.js';

/** The least and the largest rank of an input. */
type Range = readonly [least: number, most: number];

const matrix: Range = [2, 2];
const matrices: Range = [2, Infinity];
const image: Range = [4, 4];
const volume: Range = [5, 5];

/** Ranks that TensorFlow asks of inputs, where the engine's ops that stand for these would take others (core/ops/*.cc). */
const required = new Map<string, readonly Range[]>([
  ['MatMul', [matrix, matrix]],
  ['BatchMatMul', [matrices, matrices]],
  ['BatchMatMulV2', [matrices, matrices]],
  ['BatchMatMulV3', [matrices, matrices]],
  ['BiasAdd', [matrices, [1, 1]]],
  ['BiasAddV1', [matrices, [1, 1]]],
  ['Conv2D', [image, image]],
  ['DepthwiseConv2dNative', [image, image]],
  ['Conv3D', [volume, volume]],
  ['MaxPool', [image]],
  ['MaxPoolV2', [image]],
  ['AvgPool', [image]],
  ['MaxPool3D', [volume]],
  ['AvgPool3D', [volume]],
  ['FusedBatchNorm', [image]],
  ['FusedBatchNormV2', [image]],
  ['FusedBatchNormV3', [[4, 5]]],
  ['LRN', [image]],
  ['ResizeBilinear', [image]],
  ['ResizeNearestNeighbor', [image]],
  ['ResizeBicubic', [image]],
  ['ResizeArea', [image]],
  ['Softmax', [[1, Infinity]]],
  ['LogSoftmax', [[1, Infinity]]],
]);

/** @throws SavedModelError UNIMPLEMENTED for an input whose rank is known and not one that TensorFlow takes */
export function checkRanks(op: string, context: Pick<OpContext, 'input' | 'refuse'>): void {
  required.get(op)?.forEach(([least, most], index) => {
    const rank = context.input(index).shape?.length;
    if (rank === undefined || (rank >= least && rank <= most)) return;
    const expected = least === most ? String(least) : `from ${least}${most === Infinity ? '' : ` to ${most}`}`;
    throw context.refuse(`its input ${index} has rank ${rank}, where ${expected} is expected`);
  });
}
