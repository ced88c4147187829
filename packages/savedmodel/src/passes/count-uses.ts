import type { LoweredNode } from '../onnx/lowered-graph.js';
import type { Value } from '../onnx/value.js';
import { readNames } from './live-nodes.js';

/** Who reads each value, by its name: nodes, and `output` once for every output of the graph that it is. */
export type Uses = ReadonlyMap<string, readonly (LoweredNode | 'output')[]>;

export function countUses(nodes: readonly LoweredNode[], outputs: readonly Value[]): Uses {
  const uses = new Map<string, (LoweredNode | 'output')[]>();
  const add = (name: string, user: LoweredNode | 'output') => {
    const list = uses.get(name);
    if (list === undefined) uses.set(name, [user]);
    else list.push(user);
  };
  for (const node of nodes) for (const name of readNames(node)) add(name, node);
  for (const output of outputs) add(output.name, 'output');
  return uses;
}
