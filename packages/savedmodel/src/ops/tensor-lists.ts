import type { GraphValue } from '../graph/graph.js';
import { knownElements, knownIntegers, unknownDim } from '../onnx/known-shapes.js';
import {
  concatList,
  getItem,
  isStated,
  listLength,
  openDim,
  popBack,
  pushBack,
  refineShape,
  reservedList,
  resizeList,
  scatterIntoList,
  setItem,
  stackedList,
  stackList,
  stackOf,
  type TensorList,
} from '../onnx/tensor-list.js';
import type { Shape, Value } from '../onnx/value.js';
import { requireAll } from './guard.js';
import { OpFamily, type OpContext } from './registry.js';

/** TensorFlow 2's TensorLists: what `tf.TensorArray`, `tf.map_fn` and recurrent layers are made of. */
export const tensorLists = new OpFamily('tensor lists')
  .native('EmptyTensorList', (context) =>
    reservedList(context.attrs.dtype('element_dtype'), shapeFrom(context, 0), context.builder.int(0)),
  )
  .native('TensorListReserve', (context) => {
    const length = context.builder.reshape(context.builder.cast(context.input(1), 'int64'), []);
    return reservedList(context.attrs.dtype('element_dtype'), shapeFrom(context, 0), length);
  })
  .native('TensorListFromTensor', (context) => stackedList(context.input(0), shapeFrom(context, 1)))
  .native('TensorListStack', (context) => wholeList(context))
  .native('TensorListGetItem', (context) =>
    getItem(context.builder, listAt(context, 0), context.input(1), shapeFrom(context, 2)),
  )
  .native('TensorListSetItem', (context) => {
    const grows = context.attrs.bool('resize_if_index_out_of_bounds', false);
    return setItem(context.builder, listAt(context, 0), context.input(1), context.input(2), grows);
  })
  .native('TensorListLength', (context) =>
    context.builder.cast(listLength(context.builder, listAt(context, 0)), 'int32'),
  )
  .native('TensorListElementShape', (context) => {
    const list = listAt(context, 0);
    const dtype = context.attrs.dtype('shape_type', 'int32');
    const dims = list.element?.map((dim) => (typeof dim === 'number' ? dim : -1));
    return dims === undefined ? context.builder.scalar(dtype, -1) : context.builder.constantVector(dtype, dims);
  })
  .native('TensorListPushBack', (context) => pushBack(context.builder, listAt(context, 0), context.input(1)))
  .native('TensorListPopBack', (context) => popBack(context.builder, listAt(context, 0), shapeFrom(context, 1)))
  .native('TensorListResize', (context) => {
    const length = context.builder.reshape(context.builder.cast(context.input(1), 'int64'), []);
    return resizeList(context.builder, listAt(context, 0), length);
  })
  .native('TensorListGather', (context) => {
    const stacked = stackList(context.builder, listAt(context, 0), shapeFrom(context, 2));
    return context.builder.emit('Gather', [stacked, context.builder.cast(context.input(1), 'int64')]);
  })
  .native('TensorListScatter TensorListScatterV2', (context) => {
    const { builder } = context;
    const [values, indices] = [context.input(0), context.input(1)];
    const given = context.inputCount > 3 ? knownIntegers(context.input(3))?.[0] : undefined;
    const length =
      context.inputCount > 3 && given !== -1
        ? builder.cast(context.input(3), 'int64')
        : oneAboveGreatest(context, indices);
    const list = reservedList(values.dtype, refineShape(values.shape?.slice(1), shapeFrom(context, 2)), length);
    return scatterIntoList(builder, list, indices, values, isRangeFromZero(indices, context.producer(1)));
  })
  .native('TensorListScatterIntoExistingList', (context) => {
    const indices = context.input(2);
    const inOrder = isRangeFromZero(indices, context.producer(2));
    return scatterIntoList(context.builder, listAt(context, 0), indices, context.input(1), inOrder);
  })
  .native('TensorListConcat TensorListConcatV2', (context) => concatList(context.builder, listAt(context, 0)))
  .native('TensorListConcatLists', (context) => {
    const { builder } = context;
    const [a, b] = [listAt(context, 0), listAt(context, 1)];
    const parts = [stackList(builder, a, b.element), stackList(builder, b, a.element)];
    return stackedList(builder.concat(parts, 0), refineShape(a.element, b.element));
  })
  .native('TensorListPushBackBatch', (context) => {
    throw context.refuse('lists of lists are not supported');
  })
  .native('TensorListSplit', (context) =>
    splitList(context, context.input(0), context.input(2), shapeFrom(context, 1)),
  );

export function listAt(context: OpContext, index: number): TensorList {
  const resource = context.resource(index);
  if (resource.kind !== 'list') throw context.refuse(`input ${index} is a ${resource.kind}, where a list is expected`);
  return resource;
}

/** An element shape given as a tensor; -1 stands for what is not known. */
function shapeFrom(context: OpContext, index: number): Shape | undefined {
  const value = context.input(index);
  if (value.shape?.length !== 1) return undefined;
  return knownElements(value)?.map((dim) =>
    typeof dim === 'number' ? (dim < 0 ? openDim() : dim) : dim.kind === 'size' ? dim : unknownDim(),
  );
}

/**
 * All elements in one tensor. Of no elements TensorFlow makes one of the shape that was stated, or none where there is no
 * such shape (core/kernels/list_kernels, `TensorListStack`).
 */
function wholeList(context: OpContext): Value {
  const { builder } = context;
  const [list, element] = [listAt(context, 0), shapeFrom(context, 1)];
  const stacked = stackOf(builder, list, element);
  const [rows] = stacked.shape ?? [];
  if ((typeof rows === 'number' && rows > 0) || isStated(list.element, element)) return stacked;
  const some = builder.emit('Greater', [listLength(builder, list), builder.int(0)]);
  const complaint = 'Tried to stack elements of an empty list with non-fully-defined element_shape';
  return requireAll(builder, some, stacked, complaint);
}

/** Whether indices are 0, 1, 2 ... */
export function isRangeFromZero(indices: Value, producer: GraphValue | undefined): boolean {
  const known = knownIntegers(indices);
  if (known !== undefined) return known.every((index, i) => index === i);
  let node = producer?.node;
  while (node?.op === 'Identity') node = node.inputs[0]?.node;
  if (node?.op !== 'Range') return false;
  const numbers = [node.inputs[0], node.inputs[2]].map((input) => {
    const value = input?.node.op === 'Const' ? input.node.attrs['value']?.value : undefined;
    if (value?.case !== 'tensor') return undefined;
    const { tensorContent, intVal, int64Val } = value.value;
    return intVal[0] ?? int64Val[0] ?? tensorContent[0];
  });
  return Number(numbers[0]) === 0 && Number(numbers[1]) === 1;
}

function oneAboveGreatest(context: OpContext, indices: Value): Value {
  const { builder } = context;
  const known = knownIntegers(indices);
  if (known !== undefined) return builder.int(Math.max(-1, ...known) + 1);
  const greatest = builder.emit('ReduceMax', [builder.cast(indices, 'int64'), builder.ints([0])], { keepdims: 0 });
  return builder.emit('Add', [greatest, builder.int(1)]);
}

/** A tensor cut into elements along its first dimension. */
export function splitList(context: OpContext, tensor: Value, lengths: Value, element: Shape | undefined): TensorList {
  const { builder } = context;
  const sizes = knownIntegers(lengths);
  if (sizes === undefined) throw context.refuse('the lengths of its parts depend on the request');
  const parts =
    sizes.length === 0
      ? []
      : sizes.length === 1
        ? [tensor]
        : builder.emitAll('Split', [tensor, builder.ints(sizes)], { axis: 0 });
  return {
    kind: 'list',
    dtype: tensor.dtype,
    element,
    state: { kind: 'sparse', length: builder.int(parts.length), items: new Map(parts.map((part, i) => [i, part])) },
  };
}
