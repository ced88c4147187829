import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type GraphProto } from '@servable/protos/onnx';
import type { Plan, PlanStep } from '@servable/savedmodel';
import type { PlanDescription, StepDescription } from './inspection.js';

/** Sums up the steps of a compiled signature. */
export function describePlan(plan: Plan): PlanDescription {
  const total = { islands: 0, nodes: 0, bytes: 0, hostOps: new Map<string, number>() };
  const describe = (step: PlanStep): StepDescription => {
    switch (step.kind) {
      case 'native': {
        const ops = countOps(fromBinary(ModelProtoSchema, step.model).graph);
        const nodes = [...ops.values()].reduce((sum, count) => sum + count, 0);
        total.islands += 1;
        total.nodes += nodes;
        total.bytes += step.weights.byteLength + step.model.byteLength;
        return { kind: 'native', nodes, ops: byCount(ops), weightBytes: step.weights.byteLength };
      }
      case 'host':
        total.hostOps.set(step.op, (total.hostOps.get(step.op) ?? 0) + 1);
        return { kind: 'host', op: step.op, node: step.node };
      case 'if':
        return {
          kind: 'if',
          node: step.node,
          bodies: [step.whenTrue.steps.map(describe), step.whenFalse.steps.map(describe)],
        };
      case 'loop':
        return { kind: 'loop', node: step.node, bodies: [step.body.steps.map(describe)] };
    }
  };
  const steps = plan.steps.map(describe);
  for (const constant of plan.constants.values()) total.bytes += constant.byteLength;
  for (const variable of plan.variables?.values() ?? []) total.bytes += variable?.byteLength ?? 0;
  return {
    nativeIslands: total.islands,
    nativeNodes: total.nodes,
    hostOps: byCount(total.hostOps),
    variables: [...(plan.variables?.keys() ?? [])],
    bytes: total.bytes,
    steps,
  };
}

/** Nodes by op, those in the bodies of loops and branches included; ops of other domains carry theirs in front. */
export function countOps(graph: GraphProto | undefined, counts = new Map<string, number>()): Map<string, number> {
  for (const { opType, domain, attribute } of graph?.node ?? []) {
    const op = domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
    counts.set(op, (counts.get(op) ?? 0) + 1);
    for (const { g, graphs } of attribute) for (const body of g ? [g, ...graphs] : graphs) countOps(body, counts);
  }
  return counts;
}

/** The most frequent first. */
export function byCount(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}
