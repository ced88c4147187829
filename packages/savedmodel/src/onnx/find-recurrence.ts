import { Tensor } from '@servable/tensor';
import type { Builder } from './builder.js';
import { knownIntegers } from './known-shapes.js';
import type { LoopParts } from './loop-parts.js';
import type { OnnxNode } from './lowered-graph.js';
import { intAttribute } from './onnx-attributes.js';
import { isStatic, type Value } from './value.js';
import { derivedWeight } from './weight.js';

/** A loop over time that is an LSTM or GRU as Keras writes them, in terms of the engine's ops of that name. */
export interface Recurrence {
  /** [time, batch, features] */
  readonly sequence: Value;
  /** [batch, units]: the states before the first step. */
  readonly states: readonly Value[];
  /** Emits the engine's op; its results stand in the order of the loop's. */
  emit(builder: Builder): readonly Value[];
}

type Maker = { readonly node: OnnxNode; readonly output: number };

/** An expression: a name is a value that has to be the same wherever the name stands, a function matches as it likes. */
type Pattern =
  string | readonly [string, ...Pattern[]] | ((value: Value, found: Found, match: Match) => Found | undefined);
type Found = ReadonlyMap<string, Value>;
type Match = (value: Value | undefined, pattern: Pattern, found: Found) => Found | undefined;

const COMMUTATIVE = new Set(['Add', 'Mul']);

/** Part `index` of `count` along the last axis, cut by a Split or a Slice. */
const part =
  (index: number, count: number, whole: Pattern, makers: ReadonlyMap<string, Maker>): Pattern =>
  (value, found, match) => {
    const maker = makers.get(value.name);
    if (maker === undefined) return undefined;
    const { node, output } = maker;
    const width = node.inputs[0]?.shape?.at(-1);
    if (typeof width !== 'number' || width % count !== 0 || node.inputs[0]?.shape?.length !== 2) return undefined;
    const size = width / count;
    if (node.op === 'Split') {
      const axis = intAttribute(node.attrs, 'axis', 0);
      const sizes = knownIntegers(node.inputs[1]);
      const even = sizes?.length === count && sizes.every((each) => each === size);
      const last = axis === 1 || axis === -1;
      return even && last && output === index ? match(node.inputs[0], whole, found) : undefined;
    }
    if (node.op !== 'Slice') return undefined;
    const [start, end, axis, step] = node.inputs.slice(1).map((input) => knownIntegers(input));
    const stop = Math.min(end?.[0] ?? -1, width);
    const isPart = start?.length === 1 && start[0] === index * size && stop === (index + 1) * size;
    const isLast = axis?.length === 1 && (axis[0] === 1 || axis[0] === -1) && (step === undefined || step[0] === 1);
    return isPart && isLast ? match(node.inputs[0], whole, found) : undefined;
  };

interface Cell {
  readonly op: 'LSTM' | 'GRU';
  readonly gates: number;
  /** The engine's gates in Keras' numbering. */
  readonly order: readonly number[];
  readonly next: Pattern;
  /** The next value of the second state. */
  readonly nextCell: Pattern | undefined;
}

function cells(makers: ReadonlyMap<string, Maker>): readonly Cell[] {
  const dense = (bias: boolean): Pattern => {
    const sum: Pattern = ['Add', ['MatMul', 'x', 'W'], ['MatMul', 'h', 'R']];
    return bias ? ['Add', sum, 'b'] : sum;
  };
  const lstm = (bias: boolean): Cell => {
    const gate = (index: number) => part(index, 4, dense(bias), makers);
    const nextCell: Pattern = [
      'Add',
      ['Mul', ['Sigmoid', gate(1)], 'c'],
      ['Mul', ['Sigmoid', gate(0)], ['Tanh', gate(2)]],
    ];
    const next: Pattern = ['Mul', ['Sigmoid', gate(3)], ['Tanh', nextCell]];
    return { op: 'LSTM', gates: 4, order: [0, 3, 1, 2], next, nextCell };
  };
  const given = (index: number) => part(index, 3, ['Add', ['MatMul', 'x', 'W'], 'b'], makers);
  const held = (index: number) => part(index, 3, ['Add', ['MatMul', 'h', 'R'], 'rb'], makers);
  const update: Pattern = ['Sigmoid', ['Add', given(0), held(0)]];
  const reset: Pattern = ['Sigmoid', ['Add', given(1), held(1)]];
  const fresh: Pattern = ['Tanh', ['Add', given(2), ['Mul', reset, held(2)]]];
  const next: Pattern = ['Add', ['Mul', update, 'h'], ['Mul', ['Sub', 'one', update], fresh]];
  return [lstm(true), lstm(false), { op: 'GRU', gates: 3, order: [0, 1, 2], next, nextCell: undefined }];
}

/**
 * Recognises a loop whose states are those of one LSTM or GRU (reset after the product) with Keras' default activations
 * and that returns nothing but its states and outputs. The engine's own ops run such a loop several times faster.
 */
export function findRecurrence(inner: Builder, parts: LoopParts): Recurrence | undefined {
  const { carried, scanned, condition, count } = parts;
  if (condition !== undefined || count === undefined || carried.length === 0) return undefined;
  const makers = new Map<string, Maker>();
  for (const node of inner.nodes) {
    if (node.kind !== 'native') continue;
    node.outputs.forEach((value, output) => makers.set(value.name, { node, output }));
  }
  const match = matcher(makers);
  for (const cell of cells(makers)) {
    for (const state of carried) {
      const found = match(state.next, cell.next, new Map([['h', state.parameter]]));
      if (found === undefined) continue;
      const second = carried.find(({ parameter }) => parameter === found.get('c'));
      if (cell.nextCell !== undefined) {
        if (second === undefined || match(second.next, cell.nextCell, found) === undefined) continue;
      }
      // What else the loop carries or stacks has to be the output of the iteration.
      const rest = [...carried.filter((each) => each !== state && each !== second).map(({ next }) => next), ...scanned];
      if (rest.some((value) => value.name !== state.next.name)) continue;
      const sequence = sequenceOf(found.get('x'), parts, makers);
      const emit = sequence && recurrenceOp(cell, found, sequence, parts, state, second);
      const states = [state, ...(second === undefined ? [] : [second])].map(({ initial }) => initial);
      if (sequence !== undefined && emit !== undefined) return { sequence, states, emit };
    }
  }
  return undefined;
}

function matcher(makers: ReadonlyMap<string, Maker>): Match {
  const match: Match = (value, pattern, found) => {
    if (value === undefined) return undefined;
    if (typeof pattern === 'function') return pattern(value, found, match);
    if (typeof pattern === 'string') {
      const known = found.get(pattern);
      if (known !== undefined) return known.name === value.name ? found : undefined;
      return new Map(found).set(pattern, value);
    }
    const [op, ...operands] = pattern;
    const node = makers.get(value.name)?.node;
    if (node?.op !== op || node.inputs.length !== operands.length) return undefined;
    const orders = COMMUTATIVE.has(op) ? [node.inputs, node.inputs.toReversed()] : [node.inputs];
    for (const inputs of orders) {
      let result: Found | undefined = found;
      operands.forEach((operand, i) => (result = result && match(inputs[i], operand, result)));
      if (result !== undefined) return result;
    }
    return undefined;
  };
  return match;
}

/** What the loop takes its inputs from, if it takes one after the other and all of them. */
function sequenceOf(x: Value | undefined, { iteration, count }: LoopParts, makers: ReadonlyMap<string, Maker>) {
  const gather = x && makers.get(x.name)?.node;
  if (gather?.op !== 'Gather' || intAttribute(gather.attrs, 'axis', 0) !== 0) return undefined;
  const [sequence, index] = gather.inputs;
  let at = index;
  for (let node = at && makers.get(at.name)?.node; node?.op === 'Cast'; node = at && makers.get(at.name)?.node) {
    at = node.inputs[0];
  }
  const length = sequence?.shape?.[0];
  const steps = count && (count.elements ?? knownIntegers(count))?.[0];
  const whole = at?.name === iteration.name && length !== undefined && length === steps;
  return whole && sequence?.shape?.length === 3 && !makers.has(sequence.name) ? sequence : undefined;
}

type Carried = LoopParts['carried'][number];

function recurrenceOp(
  { op, gates, order }: Cell,
  found: Found,
  sequence: Value,
  { carried, scanned }: LoopParts,
  state: Carried,
  second: Carried | undefined,
): Recurrence['emit'] | undefined {
  const [w, r, b, rb, one] = ['W', 'R', 'b', 'rb', 'one'].map((name) => found.get(name));
  if (w === undefined || r === undefined || sequence.dtype !== 'float32') return undefined;
  const [features, wide] = w.shape ?? [];
  const [units, alsoWide] = r.shape ?? [];
  if (typeof features !== 'number' || typeof units !== 'number') return undefined;
  if (wide !== units * gates || alsoWide !== wide || !isKnown(w) || !isKnown(r)) return undefined;
  if (one !== undefined && (one.constant?.size !== 1 || Number(one.constant.data[0]) !== 1)) return undefined;
  const biases = [b, rb].map((bias) => bias && biasOf(bias, wide));
  if ((b !== undefined && biases[0] === undefined) || (rb !== undefined && biases[1] === undefined)) return undefined;
  const states = [state, ...(second === undefined ? [] : [second])];
  if (states.some(({ initial }) => initial.shape?.length !== 2 || initial.shape[1] !== units)) return undefined;

  return (builder) => {
    const kernel = (value: Value, rows: number) =>
      moved(builder, value, [1, wide, rows], (from, to) => moveGates(from, to, gates, units, order));
    const bias = new Float32Array(2 * wide);
    biases.forEach((values, half) => {
      for (let i = 0; values !== undefined && i < wide; i++) {
        bias[half * wide + i] = values[(order[Math.floor(i / units)] ?? 0) * units + (i % units)] ?? 0;
      }
    });
    const inputs = [
      sequence,
      kernel(w, features),
      kernel(r, units),
      builder.constant(new Tensor('float32', [1, 2 * wide], bias)),
      undefined,
      ...states.map(({ initial }) => builder.unsqueeze(initial, [0])),
    ];
    const [time, batch] = sequence.shape ?? [];
    const dims = [time ?? builder.unknownDim(), batch ?? builder.unknownDim()] as const;
    const last = { dtype: 'float32', shape: [1, dims[1], units] } as const;
    const attrs = op === 'GRU' ? { hidden_size: units, linear_before_reset: 1 } : { hidden_size: units };
    const [all, ...lasts] = builder.emitAll(op, inputs, attrs, [
      { dtype: 'float32', shape: [dims[0], 1, dims[1], units] },
      ...states.map(() => last),
    ]);
    const finals = lasts.map((value) => builder.squeeze(value, [0]));
    const outputs = builder.squeeze(all as Value, [1]);
    return [
      ...carried.map((each) => (each === second ? finals[1] : finals[0]) as Value),
      ...scanned.map(() => outputs),
    ];
  };
}

const isKnown = (value: Value): boolean => value.constant !== undefined || value.weight !== undefined;

function biasOf({ constant }: Value, size: number): Float32Array | undefined {
  return constant?.dtype === 'float32' && constant.size === size ? (constant.data as Float32Array) : undefined;
}

/** A constant whose elements are moved, now or when it is read. */
function moved(
  builder: Builder,
  { name, constant, weight }: Value,
  shape: readonly number[],
  apply: (from: Tensor, to: Tensor) => void,
): Value {
  if (weight !== undefined) return builder.weight(derivedWeight(weight, shape, { kind: 'move', apply }), name);
  if (constant === undefined) throw new RangeError('a constant is expected');
  const to = new Tensor('float32', shape, new Float32Array(constant.size));
  apply(constant, to);
  return builder.constant(to, name);
}

/** Keras' kernel [inputs, gates × units] as the engine has it: [1, gates × units, inputs], gates in `order`. */
function moveGates(kernel: Tensor, to: Tensor, gates: number, units: number, order: readonly number[]): void {
  const [inputs = 0] = kernel.shape;
  const from = kernel.data as Float32Array;
  const data = to.data as Float32Array;
  const wide = gates * units;
  for (let gate = 0; gate < gates; gate++) {
    for (let unit = 0; unit < units; unit++) {
      const row = (gate * units + unit) * inputs;
      const column = (order[gate] ?? gate) * units + unit;
      for (let i = 0; i < inputs; i++) data[row + i] = from[i * wide + column] ?? 0;
    }
  }
}

/**
 * Whether the engine's op takes the request: a bool scalar, or undefined when it takes all. It ends the process on an empty
 * batch, forgets the initial state when there are no steps, and does not broadcast a state to the batch.
 */
export function recurrenceTakes(builder: Builder, { sequence, states }: Recurrence): Value | undefined {
  const conditions: Value[] = [];
  if (!isStatic(sequence.shape) || sequence.shape.includes(0)) {
    conditions.push(builder.emit('Greater', [builder.emit('Size', [sequence]), builder.int(0)]));
  }
  for (const state of states) {
    if (state.shape?.[0] === sequence.shape?.[1]) continue;
    const [own, batch] = [builder.pick(builder.shapeOf(state), 0), builder.pick(builder.shapeOf(sequence), 1)];
    conditions.push(builder.emit('Equal', [own, batch]));
  }
  return conditions.length === 0 ? undefined : conditions.reduce((a, b) => builder.emit('And', [a, b]));
}
