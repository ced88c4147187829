import type { Builder } from '../../onnx/builder.js';
import { asCondition, emitLoop, withBodies } from '../../onnx/control-flow.js';
import { knownIntegers, unknownDim } from '../../onnx/known-shapes.js';
import type { Shape, Value } from '../../onnx/value.js';
import type { HloValue } from '../hlo.js';
import { malformedModule } from '../malformed-module.js';
import type { HloContext } from './context.js';
import { loopShape, type LoopShape } from './loop-shape.js';
import type { HloLowered } from './spread.js';

/** More attempts than there are things that a loop can settle. */
const MAX_ATTEMPTS = 64;

/**
 * A loop of the engine, or of the plan where its body needs the host. What no iteration changes is not carried, what counts
 * is counted by the engine, and results that are written row by row are stacked by it.
 */
export function lowerWhile(context: HloContext): readonly HloLowered[] {
  const args = context.operation.operands.map((_, i) => context.lowered(i));
  return withBodies(context.builder, (body) => new WhileLowering(context, args, body).run());
}

class WhileLowering {
  private readonly builder: Builder;
  private readonly shape: LoopShape;
  private readonly condition;
  private readonly body;

  constructor(
    private readonly context: HloContext,
    private readonly args: readonly HloLowered[],
    private readonly newBody: () => Builder,
  ) {
    this.builder = context.builder;
    this.condition = context.region(0);
    this.body = context.region(1);
    this.shape = loopShape(this.condition, this.body);
  }

  run(): readonly HloLowered[] {
    const { counter, kept, rows } = this.shape;
    const start = counter && this.context.tensor(this.args[counter.position] as HloLowered);
    const limit = counter && this.limit(counter.limit);
    const counted = counter !== undefined && start !== undefined && limit !== undefined;
    const count = counted ? this.count(start, limit) : undefined;
    // Rows can be stacked when iteration i writes row i, and all rows are written.
    const startsAtZero = counted && knownIntegers(start)?.[0] === 0;
    const trips = count && knownIntegers(count)?.[0];
    const stacked = new Set(
      [...rows.keys()].filter((i) => startsAtZero && this.tensorShape(i)?.[0] === trips && trips !== undefined),
    );
    const carried = this.args.flatMap((_, i) => {
      const isCounter = counted && i === counter.position;
      return kept.has(i) || stacked.has(i) || isCounter ? [] : [i];
    });
    let shapes = new Map(carried.map((i) => [i, this.context.tensor(this.args[i] as HloLowered).shape]));
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const result = this.attempt({ start: counted ? start : undefined, count, stacked, carried, shapes });
      if (!(result instanceof Map)) return result;
      shapes = result;
    }
    throw this.context.refuse('the shapes of its values do not settle');
  }

  /** @returns shapes of which less is known, when the body gives others than were assumed */
  private attempt(plan: LoopPlan): readonly HloLowered[] | Map<number, Shape | undefined> {
    const { start, count, stacked, carried, shapes } = plan;
    const { counter, rows } = this.shape;
    const inner = this.newBody();
    const iteration = inner.input(`${inner.origin}/iteration`, 'int64', []);
    const parameters = new Map<number, Value>();
    for (const i of carried) {
      const { dtype } = this.context.tensor(this.args[i] as HloLowered);
      parameters.set(i, inner.input(`${inner.origin}/carried`, dtype, shapes.get(i)));
    }
    const inside = this.args.map((arg, i): HloLowered => {
      if (start !== undefined && i === counter?.position) {
        return inner.emit('Add', [inner.cast(iteration, start.dtype), start]);
      }
      return parameters.get(i) ?? arg;
    });
    const results = this.results(inside, inner);
    const next = carried.map((i) => inner.materialize(results.tensor(i)));
    const looser = loosen(carried, shapes, next);
    if (looser !== undefined) return looser;
    const scanned = [...stacked].map((i) => {
      const row = rows.get(i)?.operands[1] as HloValue;
      return inner.materialize(inner.squeeze(results.value(row), [0]));
    });
    const condition =
      start === undefined
        ? { first: this.goesOn(this.args, this.builder), next: this.goesOn(results.all, inner) }
        : undefined;
    const parts = carried.map((i, at) => ({
      initial: this.builder.materialize(this.context.tensor(this.args[i] as HloLowered)),
      parameter: parameters.get(i) as Value,
      next: next[at] as Value,
    }));
    const outputs = emitLoop(this.builder, inner, { count, condition, iteration, carried: parts, scanned });
    return this.args.map((arg, i): HloLowered => {
      const position = carried.indexOf(i);
      if (position >= 0) return outputs[position] as Value;
      if (stacked.has(i)) return outputs[carried.length + [...stacked].indexOf(i)] as Value;
      if (start === undefined || count === undefined || i !== counter?.position) return arg;
      return this.builder.emit('Add', [this.builder.cast(count, start.dtype), start]);
    });
  }

  /** Lowers the body, and keeps what its values stand for. */
  private results(inside: readonly HloLowered[], inner: Builder) {
    const { all, scope } = this.context.module.blockWithScope(this.body, inside, inner, this.context.scope);
    const tensor = (value: HloLowered | undefined): Value => {
      if (value === undefined) throw malformedModule('expected a loop that returns what it takes');
      return this.context.module.tensor(value, inner);
    };
    return { all, tensor: (i: number) => tensor(all[i]), value: (value: HloValue) => tensor(scope.get(value)) };
  }

  private goesOn(values: readonly HloLowered[], builder: Builder): Value {
    const [condition] = this.context.inline(this.condition, values, builder);
    if (condition === undefined) throw this.context.refuse('its condition is missing');
    return builder.materialize(asCondition(builder, this.context.module.tensor(condition, builder)));
  }

  /** What the counter stays below, if that does not change in the loop. */
  private limit(value: HloValue): Value | undefined {
    const argument = this.condition.arguments.indexOf(value);
    if (argument >= 0) {
      return this.shape.kept.has(argument) ? this.context.tensor(this.args[argument] as HloLowered) : undefined;
    }
    if (value.operation?.name === 'constant') {
      const { all } = this.context.module.blockWithScope(
        { arguments: [], operations: [value.operation, { ...value.operation, name: 'return', operands: [value] }] },
        [],
        this.builder,
        undefined,
      );
      return this.context.tensor(all[0] as HloLowered);
    }
    const around = this.context.scope.find(value);
    return around && this.context.tensor(around);
  }

  private count(start: Value, limit: Value): Value {
    const { builder } = this;
    const difference = builder.emit('Sub', [builder.cast(limit, 'int64'), builder.cast(start, 'int64')]);
    const known = knownIntegers(difference)?.[0];
    return known !== undefined && known >= 0 ? difference : builder.emit('Max', [difference, builder.int(0)]);
  }

  private tensorShape(position: number): Shape | undefined {
    const type = this.body.arguments[position]?.type;
    return type?.kind === 'tensor' ? type.shape.map((size) => size ?? unknownDim()) : undefined;
  }
}

interface LoopPlan {
  /** Where the counter begins, in loops that count. */
  readonly start: Value | undefined;
  readonly count: Value | undefined;
  readonly stacked: ReadonlySet<number>;
  readonly carried: readonly number[];
  readonly shapes: Map<number, Shape | undefined>;
}

/** Shapes that are true before and after an iteration; undefined when the assumed ones are. */
function loosen(
  carried: readonly number[],
  shapes: Map<number, Shape | undefined>,
  next: readonly Value[],
): Map<number, Shape | undefined> | undefined {
  let changed = false;
  const looser = new Map(shapes);
  carried.forEach((i, at) => {
    const assumed = shapes.get(i);
    const given = next[at]?.shape;
    if (
      assumed === undefined ||
      (given?.length === assumed.length && assumed.every((dim, axis) => dim === given[axis]))
    )
      return;
    const isOwn = (axis: number) => given !== undefined && assumed[axis] === given[axis];
    const loose = assumed.map((dim, axis) => (isOwn(axis) ? dim : unknownDim()));
    const isLooser = assumed.some((dim, axis) => typeof dim === 'number' && !isOwn(axis));
    const symbolsDiffer = assumed.some((dim, axis) => typeof dim !== 'number' && !isOwn(axis) && !settled.has(dim));
    if (!isLooser && !symbolsDiffer) return;
    for (const dim of loose) if (typeof dim !== 'number') settled.add(dim);
    looser.set(i, loose);
    changed = true;
  });
  return changed ? looser : undefined;
}

/** Symbols of sizes that are known to differ between iterations. */
const settled = new WeakSet<object>();
