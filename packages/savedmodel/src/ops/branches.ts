import type { FunctionGraph } from '../graph/graph.js';
import type { Builder } from '../onnx/builder.js';
import { asCondition, emitBranch, withBodies } from '../onnx/control-flow.js';
import { knownIntegers, unknownDim, type OutputSpec } from '../onnx/known-shapes.js';
import { refineShape, sameScalar, stackList, type TensorList } from '../onnx/tensor-list.js';
import { valueOf } from '../onnx/variable-access.js';
import { sameDim, type Shape, type Value } from '../onnx/value.js';
import { bodyArguments } from './body-arguments.js';
import { guardedAssertion, lowerGuardedAssertion } from './assertions.js';
import { isResource, type Lowered } from '../onnx/resource.js';
import { OpFamily, type OpContext } from './registry.js';

type Side = (builder: Builder) => readonly Lowered[];

/** Branches become ONNX Ifs, or branches of the plan where a side needs the host. */
export const branches = new OpFamily('branches')
  .native('If StatelessIf', (context) => {
    const args = bodyArguments(context, 1);
    const side = (body: FunctionGraph) => (builder: Builder) => context.lowerBody(body, args, builder);
    const condition = asCondition(context.builder, context.input(0));
    const [whenTrue, whenFalse] = [context.body('then_branch'), context.body('else_branch')];
    const assertion = guardedAssertion(whenTrue, whenFalse);
    if (assertion !== undefined) {
      lowerGuardedAssertion(context, condition, whenFalse, assertion, args);
      return whenTrue.outputs.map(() => condition);
    }
    return branch(context, context.builder, condition, side(whenTrue), side(whenFalse));
  })
  .native('Case StatelessCase', (context) => {
    const args = bodyArguments(context, 1);
    const index = context.builder.cast(context.input(0), 'int64');
    const bodies = context.bodies('branches');
    // What is no branch's number takes the last branch (TensorFlow's core/kernels/case_op, `SwitchCase`).
    const from = (i: number, builder: Builder): readonly Lowered[] => {
      const body = bodies[i];
      if (body === undefined) throw context.refuse('it has no branches');
      const take: Side = (inner) => context.lowerBody(body, args, inner);
      if (i === bodies.length - 1) return take(builder);
      const isThis = builder.emit('Equal', [index, builder.int(i)]);
      return branch(context, builder, isThis, take, (inner) => from(i + 1, inner));
    };
    return from(0, context.builder);
  });

function branch(
  context: OpContext,
  builder: Builder,
  condition: Value,
  whenTrue: Side,
  whenFalse: Side,
): readonly Lowered[] {
  const [known] = condition.constant === undefined ? [] : (knownIntegers(condition) ?? []);
  if (known !== undefined) return (known === 0 ? whenFalse : whenTrue)(builder);
  return withBodies(builder, (body) => {
    const inner = [body(), body()] as const;
    const sides = [whenTrue(inner[0]), whenFalse(inner[1])] as const;
    const merged = sides[0].map((value, i) => {
      const other = sides[1][i];
      if (other === undefined) throw context.refuse('its branches return different numbers of values');
      return merge(context, inner, valueOf(inner[0], value), valueOf(inner[1], other));
    });
    const pairs = merged.flatMap((result) => result.pairs);
    const values = [pairs.map(([yes]) => yes), pairs.map(([, no]) => no)] as const;
    const hasEffects = inner.some((side) => side.effects.length + side.checks.length > 0);
    const outputs =
      pairs.length === 0 && !hasEffects ? [] : emitBranch(builder, condition, inner, values, pairs.map(specOf));
    let at = 0;
    return merged.map(({ pairs: { length }, result }) => result(outputs.slice(at, (at += length))));
  });
}

/** One result of a branch: what both sides compute for it, and what it is made of. */
interface Merged {
  readonly pairs: readonly (readonly [Value, Value])[];
  readonly result: (outputs: readonly Value[]) => Lowered;
}

function merge(context: OpContext, [yes, no]: readonly [Builder, Builder], a: Lowered, b: Lowered | undefined): Merged {
  if (b === undefined) throw context.refuse('its branches return different numbers of values');
  if (a === b) return { pairs: [], result: () => a };
  if (!isResource(a) && !isResource(b)) {
    const pair = [yes.materialize(a), no.materialize(b)] as const;
    return { pairs: [pair], result: ([value]) => value ?? a };
  }
  if (isResource(a) && isResource(b)) {
    if (a.kind === 'list' && b.kind === 'list') return mergeLists(yes, no, a, b);
    if ('node' in a && 'node' in b && a.node.name === b.node.name) return { pairs: [], result: () => a };
  }
  throw context.refuse('its branches return different resources');
}

function mergeLists(yes: Builder, no: Builder, a: TensorList, b: TensorList): Merged {
  const element = refineShape(a.element, b.element);
  const { state } = a;
  if (state.kind === 'sparse' && b.state.kind === 'sparse' && sameScalar(state.length, b.state.length)) {
    const other = b.state.items;
    const places = [...state.items.keys()];
    if (other.size === places.length && places.every((place) => other.has(place))) {
      return {
        pairs: places.map((place) => [
          yes.materialize(state.items.get(place) as Value),
          no.materialize(other.get(place) as Value),
        ]),
        result: (values) => {
          const items = new Map(places.map((place, i) => [place, values[i] as Value] as const));
          return { ...a, element, state: { ...state, items } };
        },
      };
    }
  }
  const pair = [yes.materialize(stackList(yes, a, b.element)), no.materialize(stackList(no, b, a.element))] as const;
  const loose = [a, b].some((list) => list.state.kind !== 'stacked' || list.state.loose);
  return {
    pairs: [pair],
    result: ([tensor]) => ({ ...a, element, state: { kind: 'stacked', tensor: tensor ?? pair[0], loose } }),
  };
}

/** What both sides of a branch have in common. */
function specOf([a, b]: readonly [Value, Value]): OutputSpec {
  return { dtype: a.dtype, shape: commonShape(a.shape, b.shape) };
}

function commonShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((dim, i) => (sameDim(dim, b[i]) ? dim : unknownDim()));
}
