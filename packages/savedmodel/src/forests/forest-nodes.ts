import { Attributes } from '../graph/attributes.js';
import type { GraphNode, GraphValue } from '../graph/graph.js';
import { tableKey } from '../tables/table-nodes.js';

/** The op that stands for a model that another op loads. */
export const CREATE_FOREST = 'SimpleMLCreateModelResource';
const LOAD_BY_HANDLE = 'SimpleMLLoadModelFromPathWithHandle';
const LOAD_BY_NAME = 'SimpleMLLoadModelFromPath';

export const isForestLoad = (node: GraphNode): boolean => node.op === LOAD_BY_HANDLE || node.op === LOAD_BY_NAME;

/** What tells models apart that are found by a handle. */
export const forestKeyOfHandle = (node: GraphNode): string => `handle ${tableKey(node)}`;

/** What tells models apart that are found by a name, as those of TensorFlow 1 are. */
export const forestKeyOfName = (node: GraphNode): string =>
  `name ${new Attributes(node, node.attrs).string('model_identifier')}`;

/** How a node of {@link isForestLoad} loads its model. */
export interface ForestLoad {
  readonly key: string;
  /** The input with the path of the model's folder. */
  readonly path: number;
  readonly prefix: string;
  readonly leaves: boolean;
}

/** `undefined`: its handle comes from another op than those that make one. */
export function forestLoad(node: GraphNode): ForestLoad | undefined {
  if (node.op === LOAD_BY_NAME) return { key: forestKeyOfName(node), path: 0, prefix: '', leaves: false };
  const made = node.inputs[0] && makerOf(node.inputs[0]);
  if (made?.op !== CREATE_FOREST) return undefined;
  const attrs = new Attributes(node, node.attrs);
  const outputTypes = attrs.has('output_types') ? attrs.strings('output_types') : [];
  const leaves = outputTypes.includes('LEAVES');
  return { key: forestKeyOfHandle(made), path: 1, prefix: attrs.string('file_prefix', ''), leaves };
}

function makerOf({ node }: GraphValue): GraphNode {
  let maker = node;
  while (maker.op === 'Identity' && maker.inputs[0] !== undefined) maker = maker.inputs[0].node;
  return maker;
}
