import { analyseBody, analyseCondition, type Bound } from '../graph/loop-analysis.js';
import type { FunctionGraph } from '../graph/graph.js';
import type { Builder } from '../onnx/builder.js';
import { asCondition, emitLoop, withBodies } from '../onnx/control-flow.js';
import { isNeverNegative, knownIntegers, unknownDim } from '../onnx/known-shapes.js';
import { sameScalar, UnsuitedVariable } from '../onnx/tensor-list.js';
import type { Shape, Value } from '../onnx/value.js';
import { bodyArguments } from './body-arguments.js';
import {
  Carrier,
  Counter,
  Invariant,
  listVariable,
  type LoopResults,
  type LoopVariable,
  type NextIteration,
} from './loop-variables.js';
import { isResource, type Lowered } from '../onnx/resource.js';
import { OpFamily, type OpContext } from './registry.js';
import { valueOf } from '../onnx/variable-access.js';

/** Loops become ONNX Loops, or loops of the plan where the body needs the host. */
export const loops = new OpFamily('loops').native('While StatelessWhile', (context) => {
  const args = bodyArguments(context, 0);
  return withBodies(context.builder, (body) => new LoopLowering(context, args, body).run());
});

/** Lowering a body again always settles something; a loop that goes on settling is a defect. */
const MAX_ATTEMPTS = 64;

class LoopLowering {
  private readonly builder: Builder;
  private readonly condition: FunctionGraph;
  private readonly body: FunctionGraph;
  /** Parts of the condition that are not counting. */
  private readonly rest: FunctionGraph;
  private readonly bounds: readonly Bound[];
  private readonly counters: ReadonlyMap<number, Counter>;

  constructor(
    private readonly context: OpContext,
    private readonly args: readonly Lowered[],
    private readonly newBody: () => Builder,
  ) {
    this.builder = context.builder;
    this.condition = context.body('cond');
    this.body = context.body('body');
    const { counters } = analyseBody(this.body);
    this.counters = this.countersOf(counters);
    const { bounds, rest } = analyseCondition(this.condition, this.body, (i) => this.counters.has(i));
    this.bounds = bounds;
    this.rest = { ...this.condition, outputs: rest };
  }

  run(): readonly Lowered[] {
    const count = this.count();
    const first = this.goesOn(this.args, this.builder);
    if (knownIntegers(count)?.[0] === 0 || first?.constant?.data[0] === 0) return this.args;
    const { kept } = analyseBody(this.body);
    const counters = [...this.counters.values()];
    let variables = this.args.map((given, i): LoopVariable => {
      const counter = this.counters.get(i);
      if (kept.has(i)) return new Invariant(given);
      const arg = valueOf(this.builder, given);
      if (counter !== undefined) return counter;
      if (!isResource(arg)) return new Carrier(arg, this.declaredShape(i));
      if (arg.kind === 'list') return listVariable(arg, counters);
      throw this.context.refuse(`its loop variable ${i} is a ${arg.kind} that an iteration replaces`);
    });
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      try {
        const results = this.attempt(variables, count, first);
        if (results !== undefined) return results;
      } catch (error) {
        const unsuited = error instanceof UnsuitedVariable ? variables.indexOf(error.variable as LoopVariable) : -1;
        const other = variables[unsuited]?.fallback(this.builder);
        if (other === undefined) throw error;
        variables = variables.with(unsuited, other);
      }
    }
    throw this.context.refuse('the shapes of its variables do not settle');
  }

  /** @returns undefined when the body has to be lowered again, as less is known of a variable than was assumed */
  private attempt(
    variables: readonly LoopVariable[],
    count: Value | undefined,
    first: Value | undefined,
  ): readonly Lowered[] | undefined {
    const inner = this.newBody();
    const iteration = inner.input(`${inner.origin}/iteration`, 'int64', []);
    const inside = variables.map((variable) => variable.enter(inner, iteration));
    const results = this.context.lowerBody(this.body, inside, inner);
    const parts: NextIteration[] = variables.map((variable, i) => {
      const result = results[i];
      if (result === undefined) throw this.context.refuse(`its body does not return loop variable ${i}`);
      return variable.next(inner, variable instanceof Invariant ? result : valueOf(inner, result));
    });
    if (parts.some((part) => part.again)) return undefined;
    const carried = parts.flatMap((part) => part.carried);
    const scanned = parts.flatMap((part) => part.scanned);
    const next = first && this.goesOn(results, inner);
    const countsTrips = first !== undefined && (this.counters.size > 0 || scanned.length > 0);
    if (countsTrips) {
      const parameter = inner.input(`${inner.origin}/trips`, 'int64', []);
      carried.push({ initial: this.builder.int(0), parameter, next: inner.emit('Add', [iteration, inner.int(1)]) });
    }
    const condition = first && next && { first, next };
    const outputs = emitLoop(this.builder, inner, { count, condition, iteration, carried, scanned });
    const trips = (countsTrips ? outputs[carried.length - 1] : count) ?? this.builder.int(0);
    return this.exits(variables, parts, outputs, carried.length, trips, first === undefined ? count : undefined);
  }

  private exits(
    variables: readonly LoopVariable[],
    parts: readonly NextIteration[],
    outputs: readonly Value[],
    carriedCount: number,
    trips: Value,
    count: Value | undefined,
  ): readonly Lowered[] {
    let [atCarried, atScanned] = [0, carriedCount];
    return variables.map((variable, i) => {
      const { carried = [], scanned = [] } = parts[i] ?? {};
      const results: LoopResults = {
        carried: outputs.slice(atCarried, atCarried + carried.length),
        scanned: outputs.slice(atScanned, atScanned + scanned.length),
        trips: () => trips,
        count,
      };
      atCarried += carried.length;
      atScanned += scanned.length;
      return variable.exit(this.builder, results);
    });
  }

  /** Counters that begin with the same number are one. */
  private countersOf(positions: ReadonlySet<number>): ReadonlyMap<number, Counter> {
    const counters = new Map<number, Counter>();
    for (const position of positions) {
      const start = this.args[position];
      if (start === undefined || isResource(start) || start.shape?.length !== 0) continue;
      if (start.dtype !== 'int32' && start.dtype !== 'int64') continue;
      const same = [...counters.values()].find(
        (counter) => counter.start.dtype === start.dtype && sameScalar(counter.start, start),
      );
      counters.set(position, same ?? new Counter(start));
    }
    return counters;
  }

  /** How often the loop's counters let it run. */
  private count(): Value | undefined {
    const { builder } = this;
    const counts: Value[] = [];
    for (const { counter, limit, inclusive } of this.bounds) {
      const start = this.counters.get(counter)?.start;
      const end = this.context.lowerBody({ ...this.condition, outputs: [limit] }, this.args, builder)[0];
      if (start === undefined || end === undefined || isResource(end)) throw new RangeError('a bound is a tensor');
      let count = builder.emit('Sub', [builder.cast(end, 'int64'), builder.cast(start, 'int64')]);
      if (inclusive) count = builder.emit('Add', [count, builder.int(1)]);
      if (!counts.some((other) => sameScalar(other, count))) counts.push(count);
    }
    if (counts.length === 0) return undefined;
    const least = counts.reduce((a, b) => builder.emit('Min', [a, b]));
    return isNeverNegative(least) ? least : builder.emit('Max', [least, builder.int(0)]);
  }

  /** Whether there is another iteration, as far as that is not counted. */
  private goesOn(variables: readonly Lowered[], builder: Builder): Value | undefined {
    if (this.rest.outputs.length === 0) return undefined;
    const conditions = this.context.lowerBody(this.rest, variables, builder).map((value) => {
      if (isResource(value)) throw this.context.refuse('its condition is not a tensor');
      return asCondition(builder, value);
    });
    return conditions.reduce((a, b) => builder.emit('And', [a, b]));
  }

  private declaredShape(position: number): Shape | undefined {
    const shapes = this.context.attrs.has('output_shapes') ? this.context.attrs.shapes('output_shapes') : [];
    return shapes[position]?.map((dim) => dim ?? unknownDim());
  }
}
