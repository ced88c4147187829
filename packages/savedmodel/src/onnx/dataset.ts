import type { DType } from '@servable/tensor';
import type { Builder } from './builder.js';
import { emitIf } from './control-flow.js';
import { emitZeros } from './tensor-list.js';
import type { Shape, Value } from './value.js';

/** The dtype and shape of a component of all elements. */
export interface Component {
  readonly dtype: DType;
  readonly shape: Shape | undefined;
}

/** What is next in a dataset. Elements mean nothing where there is none. */
export interface NextElement {
  /** Whether there is one: a bool scalar. */
  readonly has: Value;
  readonly elements: readonly Value[];
  readonly state: readonly Value[];
}

/**
 * A dataset that a function builds and consumes itself. It never exists at run time: what consumes it is a loop that takes
 * one element after another, with what the dataset has to remember carried as `state`.
 */
export interface Dataset {
  readonly components: readonly Component[];
  /** The state in front of the first element. */
  start(builder: Builder): readonly Value[];
  next(builder: Builder, state: readonly Value[]): NextElement;
}

/** A tensor that stands where there is no element. */
export function placeholder(builder: Builder, { dtype, shape }: Component): Value {
  const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 0));
  return emitZeros(builder, dtype, builder.ints(dims));
}

/** Values that are computed where a condition holds, and placeholders elsewhere. */
export function onlyIf(
  builder: Builder,
  condition: Value,
  components: readonly Component[],
  values: (inner: Builder) => readonly Value[],
): readonly Value[] {
  return choose(builder, condition, components, values, (inner) =>
    components.map((component) => placeholder(inner, component)),
  );
}

/** Values of two sides of a branch, which are alike as far as `components` says. */
export function choose(
  builder: Builder,
  condition: Value,
  components: readonly Component[],
  whenTrue: (inner: Builder) => readonly Value[],
  whenFalse: (inner: Builder) => readonly Value[],
): readonly Value[] {
  if (components.length === 0) return [];
  return emitIf(builder, condition, whenTrue, whenFalse, () => components);
}

/** The next element where a condition holds; else none, and the state as it is. */
export function nextIf(builder: Builder, condition: Value, dataset: Dataset, state: readonly Value[]): NextElement {
  const { components } = dataset;
  const all = [{ dtype: 'bool' as const, shape: [] }, ...components, ...state.map(open)];
  const [has, ...rest] = choose(
    builder,
    condition,
    all,
    (inner) => {
      const next = dataset.next(inner, state);
      return [next.has, ...next.elements, ...next.state];
    },
    (inner) => [inner.scalar('bool', 0), ...components.map((component) => placeholder(inner, component)), ...state],
  );
  return { has: has as Value, elements: rest.slice(0, components.length), state: rest.slice(components.length) };
}

/** What is known of a value that a branch may replace: its dtype and rank. */
export function open({ dtype, shape }: Component): Component {
  return { dtype, shape: shape?.length === 0 ? shape : undefined };
}
