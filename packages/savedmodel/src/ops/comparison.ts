import type { Builder } from '../onnx/builder.js';
import type { Shape, Value } from '../onnx/value.js';
import { equalOrIncompatible } from '../kernels/equal.js';
import { inComputeDType } from './dtypes.js';
import { knownIntegers } from '../onnx/known-shapes.js';
import { requireAll, withoutNegatives } from './guard.js';
import { hostValue } from './host-value.js';
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
  .native('Equal', (context) => equality(context))
  .native('NotEqual', (context) => context.builder.emit('Not', [equality(context)]))
  .native('Less', emit('Less'))
  .native('LessEqual', emit('LessOrEqual'))
  .native('Greater', emit('Greater'))
  .native('GreaterEqual', emit('GreaterOrEqual'))
  .native('LogicalAnd', logical('And'))
  .native('LogicalOr', logical('Or'))
  .native('LogicalNot', logical('Not'))
  .native(
    'IsNan',
    classify((builder, x) => builder.emit('IsNaN', [x])),
  )
  .native(
    'IsInf',
    classify((builder, x) => builder.emit('IsInf', [x])),
  )
  .native('IsFinite', classify(isFinite))
  .native('CheckNumerics', (context) => {
    const { builder, attrs } = context;
    const x = context.input(0);
    const ok = isFinite(builder, builder.cast(x, x.dtype === 'float64' ? 'float64' : 'float32'));
    return requireAll(builder, ok, x, `${attrs.string('message', '')} : Tensor had NaN or Inf values`);
  })
  .native('ApproximateEqual', (context) =>
    compare((builder, a, b) => {
      const distance = builder.emit('Abs', [builder.emit('Sub', [a, b])]);
      return builder.emit('Less', [distance, builder.scalar(a.dtype, context.attrs.float('tolerance', 1e-5))]);
    })(context),
  )
  .native('RefSelect', (context) => {
    const { builder } = context;
    const [index, ...choices] = context.inputs() as [Value, ...Value[]];
    const only = knownIntegers(index)?.[0];
    if (only !== undefined && choices[only] !== undefined) return choices[only];
    const shapes = new Set(choices.map(({ shape }) => JSON.stringify(shape)));
    if (shapes.size !== 1) throw context.refuse('it chooses between tensors of different shapes');
    const stacked = builder.concat(
      choices.map((choice) => builder.unsqueeze(choice, [0])),
      0,
    );
    return builder.emit('Gather', [stacked, withoutNegatives(builder, index)], { axis: 0 });
  })
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
  if (a.dtype === 'bool') return selectBools(context.builder, condition, a, b);
  return inComputeDType(context.builder, [a, b], ([x, y]) => context.builder.emit('Where', [condition, x, y]));
}

/** The engine's Where has no kernel for bools. */
export function selectBools(builder: Builder, condition: Value, a: Value, b: Value): Value {
  const chosen = builder.emit('And', [condition, a]);
  return builder.emit('Or', [chosen, builder.emit('And', [builder.emit('Not', [condition]), b])]);
}

function classify(build: (builder: Builder, x: Value) => Value) {
  return (context: OpContext): Value =>
    inComputeDType(context.builder, [context.input(0)], ([x]) => build(context.builder, x as Value), 'asComputed');
}

function isFinite(builder: Builder, x: Value): Value {
  return builder.emit('Not', [builder.emit('Or', [builder.emit('IsNaN', [x]), builder.emit('IsInf', [x])])]);
}

/**
 * With `incompatible_shape_error` off, as Python's `==` has it, shapes that do not broadcast make tensors unequal as a
 * whole. Where that can still happen, the host compares.
 */
function equality(context: OpContext): Value {
  const [a, b] = [context.input(0), context.input(1)];
  if (context.attrs.bool('incompatible_shape_error', true) || mayBroadcast(a.shape, b.shape)) {
    return emit('Equal')(context);
  }
  return hostValue(context, [a, b], { dtype: 'bool', shape: undefined }, (x, y) => equalOrIncompatible(x, y));
}

function mayBroadcast(a: Shape | undefined, b: Shape | undefined): boolean {
  if (a === undefined || b === undefined) return a?.length === 0 || b?.length === 0;
  return a.toReversed().every((dim, i) => {
    const other = b.at(-1 - i) ?? 1;
    return typeof dim !== 'number' || typeof other !== 'number' || dim === other || dim === 1 || other === 1;
  });
}
