import { emitIf } from '../../onnx/control-flow.js';
import type { Builder } from '../../onnx/builder.js';
import { unknownDim, type OutputSpec } from '../../onnx/known-shapes.js';
import type { Shape, Value } from '../../onnx/value.js';
import type { HloBlock } from '../hlo.js';
import type { HloContext } from './context.js';
import { HloFamily } from './registry.js';
import { TOKEN, type HloLowered } from './spread.js';
import { tfType } from './tf-attributes.js';
import { lowerWhile } from './while-loop.js';

/** Calls, branches and loops. */
export const control = new HloFamily()
  .op('call', (context) => call(context, 'callee'))
  .op('composite', (context) => composites.get(context.text('name'))?.(context) ?? call(context, 'decomposition'))
  .op('if', (context) => {
    const condition = context.builder.reshape(context.input(0), []);
    return branch(context, context.builder, condition, context.region(0), (builder) =>
      take(context, context.region(1), builder),
    );
  })
  .op('case', (context) => {
    const index = context.input(0);
    const count = context.operation.regions.length;
    const known = index.constant === undefined ? undefined : Number(index.constant.data[0]);
    if (known !== undefined) return take(context, context.region(known >= 0 && known < count ? known : count - 1));
    // What is no branch's number takes the last one.
    const from = (i: number, builder: Builder): readonly HloLowered[] => {
      if (i === count - 1) return take(context, context.region(i), builder);
      const isThis = builder.emit('Equal', [index, builder.scalar(index.dtype, i)]);
      return branch(context, builder, isThis, context.region(i), (inner) => from(i + 1, inner));
    };
    return from(0, context.builder);
  })
  .op('while', lowerWhile)
  .op('after_all create_token', () => TOKEN);

/** Composites that the engine has an op for; the others are what they decompose into. */
const composites = new Map<string, (context: HloContext) => HloLowered | readonly HloLowered[] | undefined>([
  ['chlo.erf', (context) => context.elementwise((inputs) => context.tf('Erf', inputs))],
  [
    'chlo.top_k',
    (context) => {
      const attributes = context.operation.attributes.get('composite_attributes');
      const k = attributes?.kind === 'dictionary' ? attributes.entries.get('k') : undefined;
      if (k?.kind !== 'integer') return undefined;
      const count = context.builder.scalar('int32', Number(k.value));
      const index = { index_type: tfType(context.resultType(1).dtype) };
      return context.tfAll('TopKV2', [context.input(0), count], index);
    },
  ],
]);

function call(context: HloContext, attribute: string): readonly HloLowered[] {
  const args = context.operation.operands.map((_, i) => context.lowered(i));
  return context.module.call(context.text(attribute), args, context.builder);
}

function take(context: HloContext, block: HloBlock, builder: Builder = context.builder): readonly HloLowered[] {
  return context.inline(block, [], builder);
}

function branch(
  context: HloContext,
  builder: Builder,
  condition: Value,
  whenTrue: HloBlock,
  otherwise: (builder: Builder) => readonly HloLowered[],
): readonly HloLowered[] {
  const { constant } = condition;
  if (constant !== undefined) return constant.data[0] === 0 ? otherwise(builder) : take(context, whenTrue, builder);
  const tensors = (values: readonly HloLowered[], inner: Builder) =>
    values.map((value) => inner.materialize(context.module.tensor(value, inner)));
  return emitIf(
    builder,
    condition,
    (inner) => tensors(take(context, whenTrue, inner), inner),
    (inner) => tensors(otherwise(inner), inner),
    (yes, no) => yes.map((value, i) => common(value, no[i])),
  );
}

function common(a: Value, b: Value | undefined): OutputSpec {
  return { dtype: a.dtype, shape: commonShape(a.shape, b?.shape) };
}

function commonShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((dim, i) => (dim === b[i] ? dim : unknownDim()));
}
