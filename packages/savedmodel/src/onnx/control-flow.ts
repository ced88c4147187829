import type { DType } from '@servable/tensor';
import { liveNodes } from '../passes/live-nodes.js';
import { carryChecks, mergeChecks } from './body-checks.js';
import type { Builder } from './builder.js';
import { HostOpInBody } from './host-op-in-body.js';
import { graphAttribute } from './onnx-attributes.js';
import { findRecurrence, recurrenceTakes } from './find-recurrence.js';
import { knownIntegers, type OutputSpec } from './known-shapes.js';
import type { LoopParts } from './loop-parts.js';
import type { LoweredBody, Subgraph } from './lowered-graph.js';
import type { Dim, Value } from './value.js';
import { emitCheck } from './emit-check.js';

/**
 * Lowers bodies for the engine; if something in them needs the host, for a plan's own loop or branch.
 *
 * @param attempt - called with what makes builders for bodies
 */
export function withBodies<T>(builder: Builder, attempt: (body: () => Builder) => T): T {
  const undo = builder.order.checkpoint();
  try {
    return attempt(() => builder.child('engine'));
  } catch (error) {
    if (!(error instanceof HostOpInBody) || !builder.runsHostOps) throw error;
    undo();
    return attempt(() => builder.child('host'));
  }
}

/** Emits a branch, in the engine if both sides can run there. */
export function emitIf(
  builder: Builder,
  condition: Value,
  whenTrue: (inner: Builder) => readonly Value[],
  whenFalse: (inner: Builder) => readonly Value[],
  specs: (whenTrue: readonly Value[], whenFalse: readonly Value[]) => readonly OutputSpec[],
): readonly Value[] {
  return withBodies(builder, (body) => {
    const [a, b] = [body(), body()];
    const [yes, no] = [whenTrue(a), whenFalse(b)];
    return emitBranch(builder, condition, [a, b], [yes, no], specs(yes, no));
  });
}

/** As {@link emitIf}, with bodies that have been lowered. */
export function emitBranch(
  builder: Builder,
  condition: Value,
  [a, b]: readonly [Builder, Builder],
  [yes, no]: readonly [readonly Value[], readonly Value[]],
  specs: readonly OutputSpec[],
): readonly Value[] {
  if (a.place === 'engine') {
    const { pairs, checks } = mergeChecks([a, b]);
    if (yes.length + pairs.length === 0) return [];
    const outputs = builder.emitAll(
      'If',
      [condition],
      {
        then_branch: graphAttribute(subgraph(a, 'then', [], [...yes, ...pairs.map(([value]) => value)])),
        else_branch: graphAttribute(subgraph(b, 'else', [], [...no, ...pairs.map(([, value]) => value)])),
      },
      [...specs, ...pairs.map(([{ dtype, shape }]) => ({ dtype, shape }))],
    );
    for (const check of checks(outputs.slice(specs.length))) emitCheck(builder, check);
    return outputs.slice(0, specs.length);
  }
  const bodies = { whenTrue: bodyOf(a, [], yes), whenFalse: bodyOf(b, [], no) };
  return builder.control([condition], specs, [a, b], (inputs, outputs, origin) => ({
    kind: 'if',
    inputs,
    outputs,
    origin,
    bodies: [bodies.whenTrue, bodies.whenFalse],
    ...bodies,
  }));
}

/** @returns the carried values after the last iteration, then the stacked ones */
export function emitLoop(builder: Builder, inner: Builder, given: LoopParts): readonly Value[] {
  if (inner.place === 'host' || inner.checks.length === 0) return emitPlainLoop(builder, inner, given);
  const { carried, condition, checks } = carryChecks(builder, inner, given.condition);
  const outputs = emitPlainLoop(builder, inner, { ...given, condition, carried: [...given.carried, ...carried] });
  const [start, end] = [given.carried.length, given.carried.length + carried.length];
  for (const check of checks(outputs.slice(start, end))) emitCheck(builder, check);
  return [...outputs.slice(0, start), ...outputs.slice(end)];
}

function emitPlainLoop(builder: Builder, inner: Builder, parts: LoopParts): readonly Value[] {
  const { count, condition, iteration, carried, scanned } = parts;
  const specs = [
    ...carried.map(({ parameter: { dtype, shape } }) => ({ dtype, shape })),
    ...scanned.map(({ dtype, shape }) => ({ dtype, shape: shape && [rowsOf(builder, parts), ...shape] })),
  ];
  const parameters = carried.map(({ parameter }) => parameter);
  const results = [...carried.map(({ next }) => next), ...scanned];
  const initial = carried.map((variable) => variable.initial);
  if (inner.place === 'engine') {
    const goesOn = inner.input('condition', 'bool', []);
    const body = subgraph(
      inner,
      'body',
      [iteration, goesOn, ...parameters],
      [condition?.next ?? inner.scalar('bool', 1), ...results],
    );
    // A Loop has at least two inputs, written or not.
    const first = condition?.first ?? (initial.length === 0 ? builder.scalar('bool', 1) : undefined);
    const loop = (into: Builder) =>
      into.emitAll('Loop', [count, first, ...initial], { body: graphAttribute(body) }, specs);
    const recurrence = findRecurrence(inner, parts);
    if (recurrence === undefined) return loop(builder);
    const takes = recurrenceTakes(builder, recurrence);
    if (takes === undefined) return recurrence.emit(builder);
    return emitIf(
      builder,
      takes,
      (side) => recurrence.emit(side),
      (side) => loop(side),
      () => specs,
    );
  }
  const body = bodyOf(
    inner,
    [iteration, ...parameters],
    [...(condition === undefined ? [] : [condition.next]), ...results],
  );
  const limits = [count, condition?.first].filter((value) => value !== undefined);
  return builder.control([...limits, ...initial], specs, [inner], (inputs, outputs, origin) => ({
    kind: 'loop',
    inputs,
    outputs,
    origin,
    bodies: [body],
    count: count && inputs[0],
    condition: condition && inputs[count === undefined ? 0 : 1],
    initial: inputs.slice(limits.length, limits.length + initial.length),
    body,
    independent: condition === undefined && carried.length === 0 && inner.order.touched.size === 0,
  }));
}

/** How many iterations a loop stacks. */
function rowsOf(builder: Builder, { count, condition }: LoopParts): Dim {
  const rows =
    condition === undefined && count !== undefined ? (count.elements ?? knownIntegers(count))?.[0] : undefined;
  return typeof rows === 'number' || rows?.kind === 'size' ? rows : builder.unknownDim();
}

function subgraph(inner: Builder, name: string, inputs: readonly Value[], values: readonly Value[]): Subgraph {
  const outputs = values.map((value) => inner.materialize(value));
  return { name: `${inner.origin}/${name}`, inputs, outputs, nodes: liveNodes(inner.nodes, outputs) };
}

function bodyOf(inner: Builder, inputs: readonly Value[], values: readonly Value[]): LoweredBody {
  const outputs = values.map((value) => inner.materialize(value));
  const effects = inner.effects;
  return { inputs, outputs, effects, nodes: liveNodes(inner.nodes, [...outputs, ...effects]) };
}

/** A scalar condition of a numeric tensor, as TensorFlow's If and While take it. */
export function asCondition(builder: Builder, value: Value): Value {
  if (value.shape !== undefined && value.shape.length > 0) {
    return builder.emit('Greater', [builder.emit('Size', [value]), builder.int(0)]);
  }
  const { dtype } = value;
  if (dtype === 'bool') return value;
  return builder.cast(value, 'bool' satisfies DType);
}
