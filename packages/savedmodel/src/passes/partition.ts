import type { Tensor } from '@servable/tensor';
import { encodeModel } from '../onnx/encode-model.js';
import type { ControlNode, HostNode, LoweredBody, LoweredNode, OnnxNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import type { HostStep, PlanStep, PlanValue, Subplan, Weight } from '../plan/plan.js';
import { readNames, subgraphsOf } from './live-nodes.js';
import { simplify } from './simplify.js';

/** The steps of a plan, and the constants that its host steps and outputs read. */
export interface Partition {
  readonly steps: readonly PlanStep[];
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Constants of the same kind that have yet to be read. */
  readonly weights: ReadonlyMap<string, Weight>;
}

/**
 * Cuts a graph into native islands and host steps with as few crossings as possible: stages alternate between the
 * engine (even) and the host (odd), and a node stands in the earliest stage that its inputs allow. Native nodes that no
 * host step waits for then sink into the latest stage that their users allow, so that an island in front of a host step
 * holds only what that step needs.
 */
export function partition(name: string, nodes: readonly LoweredNode[], outputs: readonly Value[]): Partition {
  const stages = assignStages(nodes);
  const count = Math.max(-1, ...stages.values()) + 1;
  const constants = new Map<string, Tensor>();
  const weights = new Map<string, Weight>();
  const keep = (value: Value) => {
    if (value.constant !== undefined) constants.set(value.name, value.constant);
    if (value.weight !== undefined) weights.set(value.name, value.weight);
  };
  const steps: PlanStep[] = [];
  const needed = neededAfter(nodes, stages, outputs);
  for (let stage = 0; stage < count; stage++) {
    const members = nodes.filter((node) => stages.get(node) === stage);
    if (stage % 2 === 0) {
      const native = members.filter((node): node is OnnxNode => node.kind === 'native');
      if (native.length > 0) steps.push(island(`${name}/${stage / 2}`, native, needed));
    } else {
      for (const [index, node] of members.entries()) {
        if (node.kind === 'native') continue;
        for (const input of node.inputs) keep(input);
        steps.push(node.kind === 'host' ? hostStep(node) : controlStep(`${name}/${stage}.${index}`, node, keep));
      }
    }
  }
  outputs.forEach(keep);
  return { steps, constants, weights };
}

function hostStep({ op, origin, inputs, outputs, run }: HostNode): HostStep {
  return { kind: 'host', op, node: origin, inputs: namesOf(inputs), outputs: namesOf(outputs), run };
}

/** @param keep - called with constants that the bodies read as the plan's */
function controlStep(name: string, node: ControlNode, keep: (value: Value) => void): PlanStep {
  const subplans = node.bodies.map((body, i) => subplan(`${name}.${i}`, body, keep));
  const captured = subplans.flatMap((body) => body.captured.map(({ value }) => value));
  const inputs = [...new Set([...namesOf(node.inputs), ...captured])];
  const [first, second] = subplans;
  const common = { node: node.origin, inputs, outputs: namesOf(node.outputs) };
  if (first === undefined) throw new RangeError('a loop or branch has a body');
  if (node.kind === 'loop') {
    const { count, condition, initial, independent } = node;
    return {
      kind: 'loop',
      ...common,
      count: count?.name,
      condition: condition?.name,
      initial: namesOf(initial),
      body: first,
      independent,
    };
  }
  return {
    kind: 'if',
    ...common,
    condition: node.inputs[0]?.name ?? '',
    whenTrue: first,
    whenFalse: second ?? first,
  };
}

function subplan(name: string, body: LoweredBody, keep: (value: Value) => void): Subplan {
  const wanted = [...body.outputs, ...body.effects];
  const { steps, constants, weights } = partition(name, simplify(body.nodes, wanted), wanted);
  const captured = new Map<string, PlanValue>();
  for (const value of [...readFromOutside(body)]) captured.set(value.name, planValue(value));
  // Constants that host steps read are kept once, by the plan, however often the body runs.
  for (const [constant, { dtype, shape }] of [...constants, ...weights]) {
    captured.set(constant, { value: constant, dtype, shape });
  }
  for (const [constant, tensor] of constants) {
    keep({ name: constant, dtype: tensor.dtype, shape: tensor.shape, constant: tensor });
  }
  for (const [constant, weight] of weights) {
    keep({ name: constant, dtype: weight.dtype, shape: weight.shape, weight });
  }
  return {
    inputs: body.inputs.map(planValue),
    captured: [...captured.values()],
    outputs: body.outputs.map(planValue),
    effects: namesOf(body.effects),
    steps,
  };
}

const namesOf = (values: readonly Value[]): readonly string[] => values.map((value) => value.name);

function planValue({ name, dtype, shape }: Value): PlanValue {
  return { value: name, dtype, shape: shape?.map((dim) => (typeof dim === 'number' ? dim : null)) };
}

const isConstant = (value: Value) => value.constant !== undefined || value.weight !== undefined;

function assignStages(nodes: readonly LoweredNode[]): Map<LoweredNode, number> {
  const makers = new Map<string, LoweredNode>();
  for (const node of nodes) for (const output of node.outputs) makers.set(output.name, node);
  const stages = new Map<LoweredNode, number>();
  const users = new Map<LoweredNode, LoweredNode[]>();
  for (const node of nodes) {
    const parity = node.kind === 'native' ? 0 : 1;
    let stage = parity;
    for (const name of readNames(node)) {
      const maker = makers.get(name);
      if (maker === undefined) continue;
      users.set(maker, [...(users.get(maker) ?? []), node]);
      const after = stages.get(maker) ?? 0;
      stage = Math.max(stage, after % 2 === parity ? after : after + 1);
    }
    stages.set(node, stage);
  }
  const last = Math.max(0, ...stages.values());
  const lastNative = last % 2 === 0 ? last : last + 1;
  const hasHost = nodes.some((node) => node.kind !== 'native');
  for (const node of hasHost ? nodes.toReversed() : []) {
    if (node.kind !== 'native') continue;
    const uses = users.get(node) ?? [];
    // What only outputs read may run last, unless that would open one more island.
    const bound = uses.length === 0 ? stages.get(node) : undefined;
    let stage = bound ?? lastNative;
    for (const user of uses) {
      const before = stages.get(user) ?? 0;
      stage = Math.min(stage, before % 2 === 0 ? before : before - 1);
    }
    stages.set(node, Math.max(stage, stages.get(node) ?? 0));
  }
  return stages;
}

/** By stage-crossing: names that are read by another stage's nodes or are outputs. */
function neededAfter(
  nodes: readonly LoweredNode[],
  stages: ReadonlyMap<LoweredNode, number>,
  outputs: readonly Value[],
): ReadonlySet<string> {
  const stageOf = new Map<string, number | undefined>();
  for (const node of nodes) for (const output of node.outputs) stageOf.set(output.name, stages.get(node));
  const needed = new Set(outputs.map((output) => output.name));
  for (const node of nodes) {
    for (const name of readNames(node)) if (stageOf.get(name) !== stages.get(node)) needed.add(name);
  }
  return needed;
}

function island(name: string, nodes: readonly OnnxNode[], needed: ReadonlySet<string>): PlanStep {
  const inputs = readFromOutside({ inputs: [], outputs: [], nodes });
  const outputs = nodes.flatMap((node) => node.outputs).filter((output) => needed.has(output.name));
  const encoded = encodeModel(name, inputs, outputs, nodes);
  return {
    kind: 'native',
    ...encoded,
    inputs: namesOf(inputs),
    outputs: namesOf(outputs),
  };
}

/** Values, other than constants, that nodes read and do not make; those that the bodies inside them read included. */
function readFromOutside(graph: Pick<LoweredBody, 'inputs' | 'outputs' | 'nodes'>): readonly Value[] {
  const found = new Map<string, Value>();
  const visit = ({ inputs, outputs, nodes }: typeof graph, around: ReadonlySet<string>) => {
    const made = new Set(around);
    for (const input of inputs) made.add(input.name);
    for (const node of nodes) for (const output of node.outputs) made.add(output.name);
    const read = (value: Value | undefined) => {
      if (value !== undefined && !isConstant(value) && !made.has(value.name)) found.set(value.name, value);
    };
    for (const node of nodes) {
      node.inputs.forEach(read);
      if (node.kind !== 'host') {
        for (const body of node.kind === 'native' ? subgraphsOf(node) : node.bodies) visit(body, made);
      }
    }
    outputs.forEach(read);
  };
  visit(graph, new Set());
  return [...found.values()];
}
