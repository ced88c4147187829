import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { computeDType } from './dtypes.js';
import { requireAll } from './guard.js';
import { OpFamily, type OpContext } from './registry.js';

/** Losses with their gradients, which scoring functions and distributions use for the logarithm of a softmax. */
export const losses = new OpFamily('losses')
  .native('SoftmaxCrossEntropyWithLogits', softmaxCrossEntropy)
  .native('SparseSoftmaxCrossEntropyWithLogits', sparseSoftmaxCrossEntropy);

/** Labels are weights of the classes; both sides are broadcast (tensorflow/core/kernels/xent_op.h). */
function softmaxCrossEntropy(context: OpContext): readonly Value[] {
  const { builder } = context;
  const { dtype } = context.input(0);
  const [given, labels] = context.inputs().map((x) => builder.cast(x, computeDType(dtype))) as [Value, Value];
  const logits = builder.emit('Add', [given, zerosLike(builder, labels)]);
  const logarithms = builder.emit('LogSoftmax', [logits], { axis: -1 });
  const weighted = builder.emit('Mul', [labels, logarithms]);
  const loss = builder.emit('Neg', [builder.emit('ReduceSum', [weighted, builder.ints([1])], { keepdims: 0 })]);
  const gradient = builder.emit('Sub', [builder.emit('Softmax', [logits], { axis: -1 }), labels]);
  return [builder.cast(loss, dtype), builder.cast(gradient, dtype)];
}

/** Labels are numbers of classes; such as are none are refused (tensorflow/core/kernels/sparse_xent_op.cc). */
function sparseSoftmaxCrossEntropy(context: OpContext): readonly Value[] {
  const { builder } = context;
  const { dtype } = context.input(0);
  const logits = builder.cast(context.input(0), computeDType(dtype));
  const wanted = builder.cast(context.input(1), 'int64');
  const classes = builder.pick(builder.shapeOf(logits), 1);
  const isClass = builder.emit('And', [
    builder.emit('GreaterOrEqual', [wanted, builder.int(0)]),
    builder.emit('Less', [wanted, classes]),
  ]);
  const labels = builder.unsqueeze(requireAll(builder, isClass, wanted, 'a label that is no class'), [1]);
  const logarithms = builder.emit('LogSoftmax', [logits], { axis: -1 });
  const chosen = builder.emit('GatherElements', [logarithms, labels], { axis: 1 });
  const loss = builder.emit('Neg', [builder.squeeze(chosen, [1])]);
  const numbers = builder.emit('Range', [builder.int(0), classes, builder.int(1)]);
  const isLabel = builder.emit('Equal', [labels, builder.unsqueeze(numbers, [0])]);
  const ones = builder.cast(isLabel, logits.dtype);
  const gradient = builder.emit('Sub', [builder.emit('Softmax', [logits], { axis: -1 }), ones]);
  return [builder.cast(loss, dtype), builder.cast(gradient, dtype)];
}

/** Zeros to broadcast with, also where the values are not finite. */
function zerosLike(builder: Builder, x: Value): Value {
  return builder.emit('Expand', [builder.scalar(x.dtype, 0), builder.shapeOf(x)]);
}
