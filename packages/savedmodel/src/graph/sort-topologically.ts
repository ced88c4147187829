import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { Graph, GraphNode, GraphValue } from './graph.js';

/** What a graph is to compute and to do, before its nodes are in order. */
export interface UnsortedGraph {
  readonly outputs: readonly GraphValue[];
  /** Nodes reached through control edges. */
  readonly effects: readonly GraphNode[];
}

/**
 * Puts every node behind its inputs and control inputs; without recursion, since unrolled networks are tens of thousands
 * of nodes deep.
 *
 * @throws SavedModelError INVALID_ARGUMENT for a graph with a cycle
 */
export function sortTopologically({ outputs, effects }: UnsortedGraph, graphName: string): Graph {
  const roots = [...outputs.map((output) => output.node), ...effects];
  const nodes = inOrder(roots, dependencies, (node) => {
    throw new SavedModelError('INVALID_ARGUMENT', 'CYCLE', `${graphName} has a cycle through node '${node.name}'.`);
  });
  const reachedByData = new Set<GraphNode>();
  const pending = effects.length === 0 ? [] : outputs.map((output) => output.node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (reachedByData.has(node)) continue;
    reachedByData.add(node);
    for (const input of node.inputs) pending.push(input.node);
  }
  return { nodes, outputs, effects: effects.filter((node) => !reachedByData.has(node)) };
}

function dependencies(node: GraphNode): readonly GraphNode[] {
  const nodes = node.inputs.map((input) => input.node);
  return node.controls.length === 0 ? nodes : [...nodes, ...node.controls];
}

/**
 * All nodes that `roots` depend on, dependencies first.
 *
 * @param onCycle - called with a node that depends on itself; its edge is then left out
 */
export function inOrder(
  roots: Iterable<GraphNode>,
  dependenciesOf: (node: GraphNode) => readonly GraphNode[],
  onCycle: (node: GraphNode) => void = () => undefined,
): GraphNode[] {
  const nodes: GraphNode[] = [];
  const state = new Map<GraphNode, 'open' | 'done'>();
  for (const root of roots) {
    if (state.has(root)) continue;
    const stack = [{ node: root, before: dependenciesOf(root), next: 0 }];
    state.set(root, 'open');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const node = top.before[top.next++];
      if (node === undefined) {
        state.set(top.node, 'done');
        nodes.push(top.node);
        stack.pop();
      } else if (!state.has(node)) {
        state.set(node, 'open');
        stack.push({ node, before: dependenciesOf(node), next: 0 });
      } else if (state.get(node) === 'open') {
        onCycle(node);
      }
    }
  }
  return nodes;
}
