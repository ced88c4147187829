import { float, type Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';

const unary = (op: string) => (context: OpContext) =>
  inComputeDType(context.builder, [context.input(0)], ([x]) => context.builder.emit(op, [x]));

const compute = (body: (builder: Builder, x: Value, context: OpContext) => Value) => (context: OpContext) =>
  inComputeDType(context.builder, [context.input(0)], ([x]) => body(context.builder, x as Value, context));

/** Activation functions. */
export const activations = new OpFamily('activations')
  .native('Relu', unary('Relu'))
  .native(
    'Relu6',
    compute((builder, x) => builder.emit('Clip', [x, builder.scalar(x.dtype, 0), builder.scalar(x.dtype, 6)])),
  )
  .native(
    'LeakyRelu',
    compute((builder, x, { attrs }) => builder.emit('LeakyRelu', [x], { alpha: float(attrs.float('alpha', 0.2)) })),
  )
  .native('Elu', unary('Elu'))
  .native('Selu', unary('Selu'))
  .native('Sigmoid', unary('Sigmoid'))
  .native('Tanh', unary('Tanh'))
  .native('Softplus', unary('Softplus'))
  .native('Softsign', unary('Softsign'))
  .native('Erf', unary('Erf'))
  .native(
    'Erfc',
    compute((builder, x) => builder.emit('Sub', [builder.scalar(x.dtype, 1), builder.emit('Erf', [x])])),
  )
  .native(
    'Softmax',
    compute((builder, x) => builder.emit('Softmax', [x], { axis: -1 })),
  )
  .native(
    'LogSoftmax',
    compute((builder, x) => builder.emit('LogSoftmax', [x], { axis: -1 })),
  );
