import type { GraphNode } from '../graph/graph.js';
import { Attributes } from '../graph/attributes.js';
import { unknownDim } from '../onnx/known-shapes.js';
import {
  concatList,
  getItem,
  listLength,
  reservedList,
  scatterIntoList,
  setItem,
  stackOf,
} from '../onnx/tensor-list.js';
import type { Shape } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';
import { isRangeFromZero, listAt, splitList } from './tensor-lists.js';

/**
 * TensorFlow 1's TensorArrays. Its ops change an array behind a handle, and the scalar called flow puts them in order; so
 * the flow is what carries the elements here, and the handle carries nothing.
 */
export const tensorArrays = new OpFamily('tensor arrays')
  .native('TensorArrayV3 TensorArrayV2 TensorArray', (context) => {
    const { builder, attrs, node } = context;
    const length = builder.reshape(builder.cast(context.input(0), 'int64'), []);
    return [{ kind: 'tensor-array', node }, reservedList(attrs.dtype('dtype'), elementShape(attrs), length)];
  })
  .native('TensorArrayWriteV3 TensorArrayWriteV2 TensorArrayWrite', (context) => {
    const grows = attributesOf(arrayAt(context)).bool('dynamic_size', false);
    return setItem(context.builder, listAt(context, 3), context.input(1), context.input(2), grows);
  })
  .native('TensorArrayReadV3 TensorArrayReadV2 TensorArrayRead', (context) =>
    getItem(context.builder, listAt(context, 2), context.input(1)),
  )
  .native('TensorArraySizeV3 TensorArraySizeV2 TensorArraySize', (context) =>
    context.builder.cast(listLength(context.builder, listAt(context, 1)), 'int32'),
  )
  .native('TensorArrayGatherV3 TensorArrayGatherV2 TensorArrayGather', (context) => {
    const { builder } = context;
    const indices = context.input(1);
    const stacked = stackOf(builder, listAt(context, 2), elementShape(context.attrs, 'element_shape'));
    // Whoever stacks an array gathers it in order.
    if (isRangeFromZero(indices, context.producer(1)) && gathersAll(context)) return stacked;
    return builder.emit('Gather', [stacked, builder.cast(indices, 'int64')]);
  })
  .native('TensorArrayScatterV3 TensorArrayScatterV2 TensorArrayScatter', (context) => {
    const indices = context.input(1);
    const inOrder = isRangeFromZero(indices, context.producer(1));
    return scatterIntoList(context.builder, listAt(context, 3), indices, context.input(2), inOrder);
  })
  .native('TensorArrayConcatV3 TensorArrayConcatV2 TensorArrayConcat', (context) =>
    concatList(context.builder, listAt(context, 1)),
  )
  .native('TensorArraySplitV3 TensorArraySplitV2 TensorArraySplit', (context) =>
    splitList(context, context.input(1), context.input(2), listAt(context, 3).element),
  )
  .compile('TensorArrayCloseV3 TensorArrayCloseV2 TensorArrayClose', () => []);

function arrayAt(context: OpContext): GraphNode {
  const resource = context.resource(0);
  if (resource.kind !== 'tensor-array')
    throw context.refuse(`input 0 is a ${resource.kind}, where an array is expected`);
  return resource.node;
}

const attributesOf = (node: GraphNode) => new Attributes(node, node.attrs);

function elementShape(attrs: Attributes, fallback = 'elem_shape'): Shape | undefined {
  const shape = attrs.shape('element_shape') ?? attrs.shape(fallback);
  return shape?.map((dim) => dim ?? unknownDim());
}

/** Whether the indices run up to the size of the array, or to a constant that was its size. */
function gathersAll(context: OpContext): boolean {
  let node = context.producer(1)?.node;
  while (node?.op === 'Identity') node = node.inputs[0]?.node;
  let limit = node?.op === 'Range' ? node.inputs[1]?.node : undefined;
  while (limit?.op === 'Identity') limit = limit.inputs[0]?.node;
  return limit?.op.startsWith('TensorArraySize') ?? false;
}
