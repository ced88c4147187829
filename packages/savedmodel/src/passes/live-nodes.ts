import type { LoweredBody, LoweredNode, OnnxNode, Subgraph } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';

/** The names that a node reads, those read by the loops and branches inside it included. */
export function readNames(node: LoweredNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const input of node.inputs) if (input !== undefined) names.add(input.name);
  if (node.kind === 'native') {
    for (const subgraph of subgraphsOf(node)) for (const name of freeNames(subgraph)) names.add(name);
  } else if (node.kind !== 'host') {
    for (const body of node.bodies) for (const name of freeNames(body)) names.add(name);
  }
  return names;
}

export function subgraphsOf(node: OnnxNode): readonly Subgraph[] {
  return Object.values(node.attrs).flatMap((attr) => (attr.kind === 'graph' ? [attr.value] : []));
}

/** Names that a body reads from the graphs around it. */
export function freeNames(graph: Subgraph | LoweredBody): ReadonlySet<string> {
  const made = new Set(graph.inputs.map((input) => input.name));
  const free = new Set<string>();
  for (const node of graph.nodes) {
    for (const name of readNames(node)) if (!made.has(name)) free.add(name);
    for (const output of node.outputs) made.add(output.name);
  }
  for (const output of graph.outputs) if (!made.has(output.name)) free.add(output.name);
  return free;
}

/** Drops nodes that no output needs; order is kept. */
export function liveNodes(nodes: readonly LoweredNode[], outputs: readonly Value[]): LoweredNode[] {
  const needed = new Set(outputs.map((output) => output.name));
  const live: LoweredNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output.name))) continue;
    live.push(node);
    for (const name of readNames(node)) needed.add(name);
  }
  return live.reverse();
}
