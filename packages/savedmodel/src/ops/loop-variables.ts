import type { Builder } from '../onnx/builder.js';
import { knownIntegers, unknownDim } from '../onnx/known-shapes.js';
import {
  emitZeros,
  reservedList,
  resizeList,
  sameScalar,
  stackedList,
  stackList,
  UnsuitedVariable,
  type TensorList,
} from '../onnx/tensor-list.js';
import { sameShape, type Dim, type Shape, type Value } from '../onnx/value.js';
import { isResource, type Lowered, type Resource } from '../onnx/resource.js';

/** One tensor that a loop hands from iteration to iteration. */
export interface Carried {
  readonly initial: Value;
  readonly parameter: Value;
  readonly next: Value;
}

/** What a loop variable becomes at the end of an iteration. */
export interface NextIteration {
  readonly carried: readonly Carried[];
  readonly scanned: readonly Value[];
  /** Set when the iteration showed that less is known of the variable than was assumed: lower the body again. */
  readonly again: boolean;
}

/** What is known after the loop. */
export interface LoopResults {
  readonly carried: readonly Value[];
  readonly scanned: readonly Value[];
  /** How many iterations there were: an int64 scalar. */
  readonly trips: () => Value;
  /** That number if it was known before the loop. */
  readonly count: Value | undefined;
}

/** One variable of a loop, and how it travels through it. */
export interface LoopVariable {
  /** What the variable is inside the body. */
  enter(inner: Builder, iteration: Value): Lowered;
  /** @throws UnsuitedVariable when it cannot travel like this */
  next(inner: Builder, result: Lowered): NextIteration;
  exit(outer: Builder, results: LoopResults): Lowered;
  /** Another way to travel. */
  fallback(outer: Builder): LoopVariable | undefined;
}

const NOTHING: NextIteration = { carried: [], scanned: [], again: false };

/** What the body hands on as it is: it stays outside, and the body reads it there. */
export class Invariant implements LoopVariable {
  constructor(private readonly value: Lowered) {}

  enter = (): Lowered => this.value;
  next = (): NextIteration => NOTHING;
  exit = (): Lowered => this.value;
  fallback = (): undefined => undefined;
}

/** An integer that grows by one: it follows from the iteration's number. */
export class Counter implements LoopVariable {
  private readonly inside = new WeakMap<Builder, Value>();

  constructor(readonly start: Value) {}

  enter(inner: Builder, iteration: Value): Value {
    let value = this.inside.get(inner);
    if (value === undefined) {
      value = this.at(inner, iteration);
      this.inside.set(inner, value);
    }
    return value;
  }

  next = (): NextIteration => NOTHING;

  exit(outer: Builder, results: LoopResults): Value {
    return this.at(outer, results.trips());
  }

  fallback = (): undefined => undefined;

  isValue(inner: Builder, value: Value): boolean {
    return this.inside.get(inner) === value;
  }

  private at(builder: Builder, iteration: Value): Value {
    const number = builder.cast(iteration, this.start.dtype);
    return knownIntegers(this.start)?.[0] === 0 ? number : builder.emit('Add', [number, this.start]);
  }
}

/** A tensor. Its shape in the body is what all iterations have in common. */
export class Carrier implements LoopVariable {
  private shape: Shape | undefined;
  private readonly open = new Set<Dim>();
  private parameter: Value | undefined;

  /** @param declared - the shape that the model itself gives the variable */
  constructor(
    private readonly initial: Value,
    private readonly declared?: Shape,
  ) {
    this.shape = initial.shape ?? declared;
  }

  enter(inner: Builder): Value {
    this.parameter = inner.input(`${inner.origin}/carried`, this.initial.dtype, this.shape);
    return this.parameter;
  }

  next(inner: Builder, result: Lowered): NextIteration {
    if (isResource(result)) throw new UnsuitedVariable(this);
    const before = this.shape;
    this.shape = this.common(result.shape);
    const { initial, parameter } = this;
    if (parameter === undefined) throw new RangeError('the loop has not been entered');
    return {
      carried: [{ initial, parameter, next: inner.materialize(result) }],
      scanned: [],
      again: before !== this.shape,
    };
  }

  exit(_outer: Builder, { carried: [value] }: LoopResults): Value {
    if (value === undefined) throw new RangeError('the loop has no result for its variable');
    return value;
  }

  fallback = (): undefined => undefined;

  private common(result: Shape | undefined): Shape | undefined {
    const { shape } = this;
    if (shape === undefined || sameShape(shape, result)) return shape;
    if (result !== undefined && result.length !== shape.length) return undefined;
    const dims = shape.map((dim, i) => {
      if (this.open.has(dim) || dim === result?.[i]) return dim;
      if (result === undefined && dim === this.declared?.[i]) return dim;
      const open = unknownDim();
      this.open.add(open);
      return open;
    });
    return sameShape(dims, shape) ? shape : dims;
  }
}

/** Lists up to this length whose elements are written at constant places are carried element by element. */
const MAX_CARRIED_ITEMS = 16;

/** How a list travels best; the others follow as {@link LoopVariable.fallback}. */
export const listVariable = (list: TensorList, counters: readonly Counter[]): LoopVariable =>
  new ScannedList(list, counters);

/** A list that every iteration adds one element to, in order: the loop stacks them. */
class ScannedList implements LoopVariable {
  private item:
    { readonly start: Value | 'end'; readonly grows: boolean; readonly element: Shape | undefined } | undefined;

  constructor(
    private readonly list: TensorList,
    private readonly counters: readonly Counter[],
  ) {}

  enter(): Resource {
    return { ...this.list, state: { kind: 'scanned', variable: this } };
  }

  next(inner: Builder, result: Lowered): NextIteration {
    if (!isResource(result) || result.kind !== 'list' || result.state.kind !== 'scanned')
      throw new UnsuitedVariable(this);
    const { variable, written } = result.state;
    if (variable !== this || written === undefined) throw new UnsuitedVariable(this);
    const { index, grows, value } = written;
    const start = index === 'end' ? 'end' : this.counters.find((counter) => counter.isValue(inner, index))?.start;
    if (start === undefined || (start !== 'end' && !this.isFilledUpTo(start))) throw new UnsuitedVariable(this);
    this.item = { start, grows, element: value.shape };
    return { carried: [], scanned: [value], again: false };
  }

  exit(outer: Builder, { scanned: [rows], trips, count }: LoopResults): TensorList {
    const { list, item } = this;
    const { state } = list;
    if (item === undefined || rows === undefined) throw new RangeError('the loop has not been lowered');
    const filled = stackedList(rows, list.element);
    if (state.kind === 'stacked') return stackedList(outer.concat([stackList(outer, list), rows], 0), list.element);
    if (state.kind !== 'sparse') throw new UnsuitedVariable(state.variable);
    const before = reservedList(list.dtype, list.element, outer.int(state.items.size));
    const head =
      state.items.size === 0
        ? rows
        : outer.concat(
            [stackList(outer, { ...before, state: { ...state, length: outer.int(state.items.size) } }), rows],
            0,
          );
    if (item.start === 'end' || item.grows) return stackedList(head, list.element);
    if (state.items.size === 0 && count !== undefined && sameScalar(count, state.length)) return filled;
    const known = [count ?? trips(), state.length].map((value) => knownIntegers(value)?.[0]);
    if (known[0] !== undefined && known[0] + state.items.size === known[1]) return stackedList(head, list.element);
    // A loop that ends early leaves the rest of the list unwritten.
    return resizeList(outer, stackedList(head, list.element), state.length);
  }

  fallback(outer: Builder): LoopVariable {
    const { state } = this.list;
    const [length] = state.kind === 'sparse' ? (knownIntegers(state.length) ?? []) : [];
    if (length !== undefined && length <= MAX_CARRIED_ITEMS) return new ItemList(outer, this.list, length);
    return new StackedList(outer, this.list);
  }

  private isFilledUpTo(start: Value): boolean {
    const { state } = this.list;
    const [first] = knownIntegers(start) ?? [];
    if (state.kind !== 'sparse' || first !== state.items.size) return false;
    return Array.from({ length: first }, (_, i) => i).every((i) => state.items.has(i));
  }
}

/** A short list whose elements are read and written at constant places. */
class ItemList implements LoopVariable {
  private readonly items: readonly Carrier[];

  constructor(
    outer: Builder,
    private readonly list: TensorList,
    private readonly length: number,
  ) {
    const items = list.state.kind === 'sparse' ? list.state.items : new Map<number, Value>();
    const sizes = (list.element ?? [0]).map((dim) => (typeof dim === 'number' ? dim : 0));
    this.items = Array.from({ length }, (_, i) => {
      const item = items.get(i) ?? emitZeros(outer, list.dtype, outer.ints(sizes));
      return new Carrier(outer.materialize(item));
    });
  }

  enter(inner: Builder): Resource {
    return this.withItems(
      inner,
      this.items.map((item) => item.enter(inner)),
    );
  }

  next(inner: Builder, result: Lowered): NextIteration {
    if (!isResource(result) || result.kind !== 'list' || result.state.kind !== 'sparse')
      throw new UnsuitedVariable(this);
    const { items, length } = result.state;
    if (knownIntegers(length)?.[0] !== this.length) throw new UnsuitedVariable(this);
    const parts = this.items.map((item, i) => {
      const value = items.get(i);
      if (value === undefined) throw new UnsuitedVariable(this);
      return item.next(inner, value);
    });
    return { carried: parts.flatMap((part) => part.carried), scanned: [], again: parts.some((part) => part.again) };
  }

  exit(outer: Builder, { carried }: LoopResults): Resource {
    return this.withItems(outer, carried);
  }

  fallback(outer: Builder): LoopVariable {
    return new StackedList(outer, this.list);
  }

  private withItems(builder: Builder, values: readonly Value[]): TensorList {
    const items = new Map(values.map((value, i) => [i, value] as const));
    return { ...this.list, state: { kind: 'sparse', length: builder.int(this.length), items } };
  }
}

/** Any other list: one tensor, copied whenever it is written. */
class StackedList implements LoopVariable {
  private readonly carrier: Carrier;
  private readonly loose: boolean;

  constructor(
    outer: Builder,
    private readonly list: TensorList,
  ) {
    const stacked = stackList(outer, list);
    const { state } = list;
    this.loose =
      state.kind === 'stacked' ? state.loose : !(list.element?.every((dim) => typeof dim === 'number') ?? false);
    this.carrier = new Carrier(outer.materialize(stacked));
  }

  enter(inner: Builder): Resource {
    return { ...this.list, state: { kind: 'stacked', tensor: this.carrier.enter(inner), loose: this.loose } };
  }

  next(inner: Builder, result: Lowered): NextIteration {
    if (!isResource(result) || result.kind !== 'list') throw new UnsuitedVariable(this);
    return this.carrier.next(inner, stackList(inner, result));
  }

  exit(outer: Builder, results: LoopResults): Resource {
    const tensor = this.carrier.exit(outer, results);
    return { ...this.list, state: { kind: 'stacked', tensor, loose: this.loose } };
  }

  fallback = (): undefined => undefined;
}
