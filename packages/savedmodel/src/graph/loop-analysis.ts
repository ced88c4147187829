import { tensorFromProto } from '@servable/tensor';
import type { FunctionGraph, GraphNode, GraphValue } from './graph.js';

/** What a loop's body does to the loop's variables, by position. */
export interface BodyAnalysis {
  /** Variables that it hands on as they are. */
  readonly kept: ReadonlySet<number>;
  /** Variables that it adds one to. */
  readonly counters: ReadonlySet<number>;
}

const analysed = new WeakMap<FunctionGraph, BodyAnalysis>();

export function analyseBody(body: FunctionGraph): BodyAnalysis {
  let analysis = analysed.get(body);
  if (analysis === undefined) {
    const kept = new Set<number>();
    const counters = new Set<number>();
    body.outputs.forEach((output, i) => {
      if (parameterOf(body, output) === i) kept.add(i);
      else if (addsOne(body, output, i)) counters.add(i);
    });
    analysis = { kept, counters };
    analysed.set(body, analysis);
  }
  return analysis;
}

/** The loop goes on while the counter is below (or at) the limit. */
export interface Bound {
  /** The counter's position among the loop's variables. */
  readonly counter: number;
  /** In the graph of the condition; the same in every iteration. */
  readonly limit: GraphValue;
  readonly inclusive: boolean;
}

/** Splits a loop's condition into what is counting and the rest; all of it must hold for the loop to go on. */
export function analyseCondition(
  condition: FunctionGraph,
  body: FunctionGraph,
  isCounter: (position: number) => boolean,
): { readonly bounds: readonly Bound[]; readonly rest: readonly GraphValue[] } {
  const { kept } = analyseBody(body);
  const bounds: Bound[] = [];
  const rest: GraphValue[] = [];
  const isFixed = (value: GraphValue) => {
    const position = parameterOf(condition, value);
    return position === undefined ? sourceOf(value).node.op === 'Const' : kept.has(position);
  };
  const pending = condition.outputs.slice(0, 1);
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    const { node } = sourceOf(value);
    const [a, b] = node.inputs;
    if (node.op === 'LogicalAnd' && a !== undefined && b !== undefined) {
      pending.push(a, b);
      continue;
    }
    const [low, high] = node.op.startsWith('Greater') ? [b, a] : [a, b];
    const counter = low && parameterOf(condition, low);
    if (
      /^(Less|Greater)(Equal)?$/.test(node.op) &&
      counter !== undefined &&
      isCounter(counter) &&
      high &&
      isFixed(high)
    ) {
      bounds.push({ counter, limit: high, inclusive: node.op.endsWith('Equal') });
    } else {
      rest.push(value);
    }
  }
  return { bounds, rest };
}

/** The value behind nodes that only hand it on. */
function sourceOf(value: GraphValue): GraphValue {
  let source = value;
  while (source.node.op === 'Identity' || source.node.op === 'IdentityN') {
    const input = source.node.inputs[source.index];
    if (input === undefined) return source;
    source = input;
  }
  return source;
}

function parameterOf(body: FunctionGraph, value: GraphValue): number | undefined {
  const position = body.parameters.indexOf(sourceOf(value).node);
  return position < 0 ? undefined : position;
}

function addsOne(body: FunctionGraph, output: GraphValue, position: number): boolean {
  const { node } = sourceOf(output);
  if (node.op !== 'AddV2' && node.op !== 'Add') return false;
  const [a, b] = node.inputs;
  if (a === undefined || b === undefined) return false;
  return (
    (parameterOf(body, a) === position && isOne(sourceOf(b).node)) ||
    (parameterOf(body, b) === position && isOne(sourceOf(a).node))
  );
}

function isOne(node: GraphNode): boolean {
  const value = node.op === 'Const' ? node.attrs['value']?.value : undefined;
  if (value?.case !== 'tensor') return false;
  const tensor = tensorFromProto(value.value);
  return tensor.size === 1 && tensor.rank === 0 && Number(tensor.data[0]) === 1;
}
