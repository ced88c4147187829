import { Attributes } from '../graph/attributes.js';
import type { GraphNode } from '../graph/graph.js';
import { LookupTable } from '../kernels/lookup-table.js';
import type { Tensor } from '@servable/tensor';

const INITIALIZED = new Set(['HashTable', 'HashTableV2', 'AnonymousHashTable']);
const MUTABLE = new Set([
  'MutableHashTable',
  'MutableHashTableV2',
  'MutableHashTableOfTensors',
  'MutableHashTableOfTensorsV2',
  'MutableDenseHashTable',
  'MutableDenseHashTableV2',
  'AnonymousMutableHashTable',
  'AnonymousMutableHashTableOfTensors',
  'AnonymousMutableDenseHashTable',
]);

/** Ops that stand for a lookup table. */
export const TABLE_OPS: readonly string[] = [...INITIALIZED, ...MUTABLE];

const tableOps = new Set(TABLE_OPS);

export const isTable = (node: GraphNode): boolean => tableOps.has(node.op);

/** Whether the table may be read before it has been filled. */
export const isMutableTable = (node: GraphNode): boolean => MUTABLE.has(node.op);

/** What tells tables apart: nodes that share a name and a container stand for one table. */
export function tableKey(node: GraphNode): string {
  const attrs = new Attributes(node, node.attrs);
  const shared = attrs.string('shared_name', '');
  return shared === '' ? `node:${node.name}` : `shared:${attrs.string('container', '')}/${shared}`;
}

/** What a store calls the keys and values that a table starts with. */
export const tableContents = (key: string) => ({ keys: `table ${key}/keys`, values: `table ${key}/values` });

/** An empty table of the kind that the node describes. */
export function emptyTable(node: GraphNode): LookupTable {
  const attrs = new Attributes(node, node.attrs);
  const shape = attrs.shape('value_shape') ?? [];
  const reserved = node.op.includes('Dense') ? node.inputs.map((input) => constantOf(input.node)) : [];
  return new LookupTable(
    attrs.dtype('key_dtype'),
    attrs.dtype('value_dtype'),
    shape.map((dim) => dim ?? 0),
    reserved.filter((tensor) => tensor !== undefined),
  );
}

function constantOf(node: GraphNode): Tensor | undefined {
  return node.op === 'Const' ? new Attributes(node, node.attrs).tensor('value') : undefined;
}
