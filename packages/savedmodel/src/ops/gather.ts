import { integerOf } from '../kernels/elements.js';
import { gather as gatherOnHost } from '../kernels/rearrange.js';
import { knownIntegers, unknownShape } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { selectBools } from './comparison.js';
import { inComputeDType } from './dtypes.js';
import { withoutNegatives } from './guard.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Look-ups by index. */
export const gather = new OpFamily('gather')
  .native('Gather', (context) => gatherAlong(context, context.input(0), 0, 0))
  .native('GatherV2', (context) => {
    const axis = knownIntegers(context.input(2))?.[0];
    const batch = context.attrs.int('batch_dims', 0);
    if (axis !== undefined) return gatherAlong(context, context.input(0), axis, batch);
    const [params, indices] = [context.input(0), context.input(1)];
    const rank = params.shape && indices.shape && params.shape.length + indices.shape.length - 1 - batch;
    const shape = rank === undefined || batch < 0 ? undefined : unknownShape(rank);
    return hostValue(context, context.inputs(), { dtype: params.dtype, shape }, (x, which, at) =>
      gatherOnHost(x, which, integerOf(at), batch),
    );
  })
  .native('ResourceGather', (context) => {
    const batch = context.attrs.int('batch_dims', 0);
    return gatherAlong(context, context.variableValue(0), batch, batch);
  })
  .native('GatherNd', (context) => gatherNd(context, context.input(0)))
  .native('ResourceGatherNd', (context) => gatherNd(context, context.variableValue(0)))
  .native('OneHot', oneHot);

function gatherNd(context: OpContext, params: Value): Value {
  const { builder } = context;
  return builder.emit('GatherND', [params, builder.cast(withoutNegatives(builder, context.input(1)), 'int64')]);
}

/** Indices along `given`; leading `batch` dimensions of both belong together. */
function gatherAlong(context: OpContext, params: Value, given: number, batch: number): Value {
  const { builder } = context;
  const indices = withoutNegatives(builder, context.input(1));
  if (batch === 0) return builder.emit('Gather', [params, indices], { axis: given });
  const rank = params.shape?.length;
  if (rank === undefined) throw context.refuse('the rank of what it gathers from is not known before a request');
  const indicesRank = context.rank(1);
  const batchDims = batch < 0 ? batch + indicesRank : batch;
  const axis = given < 0 ? given + rank : given;
  if (!(batchDims >= 0 && batchDims <= Math.min(axis, indicesRank) && axis < rank)) {
    throw context.refuse(
      `of ${rank} dimensions and indices of ${indicesRank}, axis ${given} and ${batch} batch dimensions cannot be told apart`,
    );
  }
  // The gathered axis comes right behind the batch dimensions, where GatherND looks; its place is taken again after.
  const between = Array.from({ length: axis - batchDims }, (_, i) => batchDims + i);
  const behind = Array.from({ length: rank - axis - 1 }, (_, i) => axis + 1 + i);
  const lead = Array.from({ length: batchDims }, (_, i) => i);
  const moved = builder.transpose(params, [...lead, axis, ...between, ...behind]);
  const wide = builder.unsqueeze(builder.cast(indices, 'int64'), [indicesRank]);
  const gathered = builder.emit('GatherND', [moved, wide], { batch_dims: batchDims });
  const own = Array.from({ length: indicesRank - batchDims }, (_, i) => batchDims + i);
  const betweenNow = between.map((_, i) => indicesRank + i);
  const behindNow = behind.map((_, i) => indicesRank + between.length + i);
  return builder.transpose(gathered, [...lead, ...betweenNow, ...own, ...behindNow]);
}

/** Indices outside of `0..depth-1` give a row of "off"; ONNX's OneHot would count negative ones from the end. */
function oneHot(context: OpContext): Value {
  const { builder } = context;
  const indices = builder.cast(context.input(0), 'int64');
  const depth = builder.cast(context.input(1), 'int64');
  const rank = context.rank(0);
  const axis = context.attrs.int('axis', -1);
  if (axis < -1 || axis > rank) throw context.refuse(`its axis ${axis} is none of a result of ${rank + 1} dimensions`);
  const at = axis < 0 ? rank : axis;
  const classes = builder.emit('Range', [builder.int(0), builder.reshape(depth, []), builder.int(1)]);
  const trailing = Array.from({ length: rank - at }, (_, i) => i + 1);
  const hit = builder.emit('Equal', [builder.unsqueeze(indices, [at]), builder.unsqueeze(classes, trailing)]);
  const [on, off] = [context.input(2), context.input(3)];
  if (on.dtype === 'bool') return selectBools(builder, hit, on, off);
  return inComputeDType(builder, [on, off], ([a, b]) => builder.emit('Where', [hit, a, b]));
}
