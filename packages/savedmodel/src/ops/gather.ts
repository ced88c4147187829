import type { Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Look-ups by index. */
export const gather = new OpFamily('gather')
  .native('Gather', (context) => context.builder.emit('Gather', [context.input(0), context.input(1)], { axis: 0 }))
  .native('GatherV2', gatherV2)
  .native('ResourceGather', (context) => {
    if (context.attrs.int('batch_dims', 0) !== 0) throw context.refuse('batch_dims of an embedding look-up is not 0');
    return context.builder.emit('Gather', [context.resource(0).value, context.input(1)], { axis: 0 });
  })
  .native('GatherNd', (context) => gatherNd(context, context.input(0)))
  .native('ResourceGatherNd', (context) => gatherNd(context, context.resource(0).value))
  .native('OneHot', oneHot);

function gatherNd(context: OpContext, params: Value): Value {
  return context.builder.emit('GatherND', [params, context.builder.cast(context.input(1), 'int64')]);
}

function gatherV2(context: OpContext): Value {
  const { builder } = context;
  const params = context.input(0);
  const indices = context.input(1);
  const [given = 0] = context.constantInts(2, 'axis');
  const batch = context.attrs.int('batch_dims', 0);
  if (batch === 0) return builder.emit('Gather', [params, indices], { axis: given });
  const rank = context.rank(0);
  const indicesRank = context.rank(1);
  const batchDims = batch < 0 ? batch + indicesRank : batch;
  const axis = given < 0 ? given + rank : given;
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
  const at = axis < 0 ? rank : axis;
  const classes = builder.emit('Range', [builder.int(0), builder.reshape(depth, []), builder.int(1)]);
  const trailing = Array.from({ length: rank - at }, (_, i) => i + 1);
  const hit = builder.emit('Equal', [builder.unsqueeze(indices, [at]), builder.unsqueeze(classes, trailing)]);
  return builder.emit('Where', [hit, context.input(2), context.input(3)]);
}
