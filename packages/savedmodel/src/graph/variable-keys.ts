import type { MetaGraphDef } from '@servable/protos/tensorflow';
import { tensorFromProto } from '@servable/tensor';
import type { GraphBuilder } from './build-graph.js';
import type { GraphNode, GraphValue } from './graph.js';

/** Where a variable's initial value is in the variables bundle. */
export interface VariableKey {
  readonly key: string;
  /** TensorFlow's slice text such as `10 4 0,5:-` when the variable is one part of a partitioned tensor; else ''. */
  readonly slice: string;
}

const ASSIGNMENTS = new Set(['AssignVariableOp', 'Assign']);
const PASS_THROUGH = new Set(['Identity', 'Cast', 'Reshape', 'EnsureShape']);

/**
 * Finds the bundle key of every variable by reading the saver's restore graph: a variable gets what the model itself
 * would assign to it. This needs no object graph, and serves TF1 and TF2 exports alike.
 *
 * @returns keys by the name of the variable's node (`VarHandleOp`, `VariableV2`)
 */
export function findVariableKeys(metaGraph: MetaGraphDef, builder: GraphBuilder): ReadonlyMap<string, VariableKey> {
  const keys = new Map<string, VariableKey>();
  const restoreOp = metaGraph.saverDef?.restoreOpName ?? '';
  if (restoreOp === '') return keys;
  const graph = builder.buildFromNode(restoreOp.split(':')[0] ?? restoreOp);
  for (const node of graph.nodes) {
    if (!ASSIGNMENTS.has(node.op)) continue;
    const [target, value] = node.inputs;
    if (target === undefined || value === undefined) continue;
    const key = restoredKey(value);
    if (key !== undefined) keys.set(target.node.name, key);
  }
  return keys;
}

/** The key of the bundle that a restored value comes from; undefined when it comes from elsewhere. */
export function restoredKey(start: GraphValue): VariableKey | undefined {
  let value = start;
  for (let input = value.node.inputs[0]; PASS_THROUGH.has(value.node.op) && input; input = value.node.inputs[0]) {
    value = input;
  }
  if (value.node.op !== 'RestoreV2') return undefined;
  const key = stringsOf(value.node.inputs[1]?.node)?.[value.index];
  const slice = stringsOf(value.node.inputs[2]?.node)?.[value.index] ?? '';
  return key === undefined ? undefined : { key, slice };
}

/** One RestoreV2 lists the keys of all variables, and is asked for each of them. */
const readStrings = new WeakMap<GraphNode, readonly string[]>();

function stringsOf(node: GraphNode | undefined): readonly string[] | undefined {
  if (node === undefined) return undefined;
  const known = readStrings.get(node);
  if (known !== undefined) return known;
  const value = node.op === 'Const' ? node.attrs['value']?.value : undefined;
  const strings = value?.case === 'tensor' ? tensorFromProto(value.value).text() : undefined;
  if (strings !== undefined) readStrings.set(node, strings);
  return strings;
}
