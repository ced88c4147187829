import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { OpFamily, type OpContext } from './registry.js';

const compare =
  (build: (builder: Builder, a: Value, b: Value) => Value) =>
  (context: OpContext): Value =>
    inComputeDType(
      context.builder,
      [context.input(0), context.input(1)],
      ([a, b]) => build(context.builder, a as Value, b as Value),
      'asComputed',
    );

const emit = (op: string) => compare((builder, a, b) => builder.emit(op, [a, b]));
const logical = (op: string) => (context: OpContext) => context.builder.emit(op, [...context.inputs()]);

/** Comparison, logic and selection. */
export const comparison = new OpFamily('comparison')
  .native('Equal', emit('Equal'))
  .native(
    'NotEqual',
    compare((builder, a, b) => builder.emit('Not', [builder.emit('Equal', [a, b])])),
  )
  .native('Less', emit('Less'))
  .native('LessEqual', emit('LessOrEqual'))
  .native('Greater', emit('Greater'))
  .native('GreaterEqual', emit('GreaterOrEqual'))
  .native('LogicalAnd', logical('And'))
  .native('LogicalOr', logical('Or'))
  .native('LogicalNot', logical('Not'))
  .native('IsNan', (context) => context.builder.emit('IsNaN', [context.input(0)]))
  .native('IsInf', (context) => context.builder.emit('IsInf', [context.input(0)]))
  .native('SelectV2', (context) => select(context, context.input(0)))
  .native('Select', (context) => {
    // The old op does not broadcast: a vector condition chooses whole rows.
    const condition = context.input(0);
    const rank = context.rank(1);
    const own = context.rank(0);
    const axes = own === 1 ? Array.from({ length: rank - 1 }, (_, i) => i + 1) : [];
    return select(context, context.builder.unsqueeze(condition, axes));
  });

function select(context: OpContext, condition: Value): Value {
  const [a, b] = [context.input(1), context.input(2)];
  if (a.dtype === 'bool') {
    const { builder } = context;
    const [x, y] = [builder.cast(a, 'int32'), builder.cast(b, 'int32')];
    return builder.cast(builder.emit('Where', [condition, x, y]), 'bool');
  }
  return inComputeDType(context.builder, [a, b], ([x, y]) => context.builder.emit('Where', [condition, x, y]));
}
