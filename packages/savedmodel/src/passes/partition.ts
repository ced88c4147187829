import type { Tensor } from '@servable/tensor';
import { encodeModel } from '../onnx/encode-model.js';
import type { HostNode, LoweredNode, OnnxNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import type { PlanStep, Weight } from '../plan/plan.js';
import { readNames, subgraphsOf } from './live-nodes.js';

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
      for (const node of members as HostNode[]) {
        node.inputs.forEach(keep);
        steps.push({
          kind: 'host',
          op: node.op,
          node: node.origin,
          inputs: node.inputs.map((input) => input.name),
          outputs: node.outputs.map((output) => output.name),
          run: node.run,
        });
      }
    }
  }
  outputs.forEach(keep);
  return { steps, constants, weights };
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
  const hasHost = nodes.some((node) => node.kind === 'host');
  for (const node of hasHost ? nodes.toReversed() : []) {
    if (node.kind === 'host') continue;
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
  const made = new Set(nodes.flatMap((node) => node.outputs.map((output) => output.name)));
  const inputs = new Map<string, Value>();
  const visit = (node: LoweredNode, inside: ReadonlySet<string>) => {
    for (const input of node.inputs) {
      if (input !== undefined && !isConstant(input) && !made.has(input.name) && !inside.has(input.name)) {
        inputs.set(input.name, input);
      }
    }
    if (node.kind !== 'native') return;
    for (const graph of subgraphsOf(node)) {
      const names = new Set(inside);
      for (const input of graph.inputs) names.add(input.name);
      for (const inner of graph.nodes) for (const output of inner.outputs) names.add(output.name);
      for (const inner of graph.nodes) visit(inner, names);
      for (const output of graph.outputs) {
        if (!isConstant(output) && !names.has(output.name) && !made.has(output.name)) {
          inputs.set(output.name, output);
        }
      }
    }
  };
  for (const node of nodes) visit(node, new Set());
  const outputs = nodes.flatMap((node) => node.outputs).filter((output) => needed.has(output.name));
  const encoded = encodeModel(name, [...inputs.values()], outputs, nodes);
  return {
    kind: 'native',
    ...encoded,
    inputs: [...inputs.keys()],
    outputs: outputs.map((output) => output.name),
  };
}
