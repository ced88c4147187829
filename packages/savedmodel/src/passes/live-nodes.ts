import type { LoweredBody, LoweredNode, OnnxAttribute, OnnxNode, Subgraph } from '../onnx/lowered-graph.js';
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

/** A branch of the engine without the results that nothing reads, and without what its sides compute for these alone. */
function withoutUnread(node: OnnxNode, needed: ReadonlySet<string>): OnnxNode {
  const read = node.outputs.map(({ name }) => needed.has(name));
  if (!read.includes(false)) return node;
  const attrs = Object.entries(node.attrs).map(([name, attr]) => {
    if (attr.kind !== 'graph') return [name, attr] as const;
    const outputs = attr.value.outputs.filter((_, i) => read[i]);
    const value = { ...attr.value, outputs, nodes: liveNodes(attr.value.nodes, outputs) };
    return [name, { ...attr, value }] as const;
  });
  return { ...node, attrs: Object.fromEntries<OnnxAttribute>(attrs), outputs: node.outputs.filter((_, i) => read[i]) };
}

/** Drops nodes that no output needs; order is kept. */
export function liveNodes(nodes: readonly LoweredNode[], outputs: readonly Value[]): LoweredNode[] {
  const needed = new Set(outputs.map((output) => output.name));
  const live: LoweredNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output.name))) continue;
    const kept = node.kind === 'native' && node.op === 'If' ? withoutUnread(node, needed) : node;
    live.push(kept);
    for (const name of readNames(kept)) needed.add(name);
  }
  return live.reverse();
}
