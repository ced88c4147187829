import { create, mergeFromBinary } from '@bufbuild/protobuf';
import {
  GraphDefSchema,
  MetaGraphDef_MetaInfoDefSchema,
  MetaGraphDefSchema,
  OpListSchema,
  type MetaGraphDef,
  type MetaGraphDef_MetaInfoDef,
} from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { FunctionLibrary } from './function-library.js';
import { mergeWithout, messagesOf } from './message-parts.js';
import { storedNodes, type StoredNode } from './stored-node.js';

/** Field numbers of `SavedModel`, `MetaGraphDef` and `MetaInfoDef` (`tensorflow/core/protobuf/*.proto`). */
const META_GRAPHS = 2;
const META_INFO_DEF = 1;
const STRIPPED_OP_LIST = 2;
const TAGS = 4;
const GRAPH_DEF = 2;
const OBJECT_GRAPH = 7;
const NODES = 1;
const LIBRARY = 2;
const FUNCTIONS = 1;

/** A MetaGraphDef, the largest parts of which are parsed when they are needed. */
export interface ReadMetaGraph {
  /** Without the nodes and functions of its graph and without its object graph. */
  readonly metaGraph: MetaGraphDef;
  /** The nodes of its graph by name. */
  readonly nodes: ReadonlyMap<string, StoredNode>;
  readonly functions: FunctionLibrary;
  /** Serialised parts of the `SavedObjectGraph`. */
  readonly objectGraph: readonly Uint8Array[];
}

/**
 * Picks the MetaGraphDef whose tags are exactly the asked ones, in any order, and parses that one only. Its bytes fields
 * (`tensorContent` of constants and such) are views of `bytes`, not copies, so they live as long as any of them.
 *
 * @param bytes - a serialised `SavedModel`
 * @param file - its path, for messages
 * @throws SavedModelError DATA_LOSS `MALFORMED_PROTO`; NOT_FOUND `META_GRAPH_NOT_FOUND`, which lists the tag sets that
 * there are (`FindMetaGraphDef` in `tensorflow/cc/saved_model/reader.cc`)
 */
export function selectMetaGraph(bytes: Uint8Array, tags: readonly string[], file: string): ReadMetaGraph {
  try {
    const wanted = setKey(tags);
    const available: string[] = [];
    for (const metaGraph of messagesOf(bytes, META_GRAPHS)) {
      const given = tagsOf(metaGraph);
      if (setKey(given) === wanted) return readMetaGraph(metaGraph);
      available.push(braced(given));
    }
    throw new SavedModelError(
      'NOT_FOUND',
      'META_GRAPH_NOT_FOUND',
      `Could not find meta graph def matching supplied tags: ${braced(tags)}. Available tag-sets in the SavedModel: ` +
        (available.length > 0 ? available.join(', ') : 'none'),
      { file },
    );
  } catch (cause) {
    if (cause instanceof SavedModelError) throw cause;
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_PROTO',
      `Can't parse ${file} as binary proto: expected a SavedModel, given ${bytes.length} bytes that are none: ` +
        (cause as Error).message,
      { cause, file },
    );
  }
}

function readMetaGraph(bytes: Uint8Array): ReadMetaGraph {
  const metaGraph = create(MetaGraphDefSchema);
  const graph = create(GraphDefSchema);
  const parts = mergeWithout(MetaGraphDefSchema, metaGraph, bytes, [META_INFO_DEF, GRAPH_DEF, OBJECT_GRAPH]);
  const metaInfo = parts.get(META_INFO_DEF) ?? [];
  if (metaInfo.length > 0) metaGraph.metaInfoDef = readMetaInfo(metaInfo);
  const nodes: Uint8Array[] = [];
  const functions: Uint8Array[] = [];
  for (const graphDef of parts.get(GRAPH_DEF) ?? []) {
    const graphParts = mergeWithout(GraphDefSchema, graph, graphDef, [NODES, LIBRARY]);
    for (const node of graphParts.get(NODES) ?? []) nodes.push(node);
    for (const library of graphParts.get(LIBRARY) ?? []) functions.push(...messagesOf(library, FUNCTIONS));
  }
  metaGraph.graphDef = graph;
  return {
    metaGraph,
    nodes: storedNodes(nodes),
    functions: new FunctionLibrary(functions),
    objectGraph: parts.get(OBJECT_GRAPH) ?? [],
  };
}

/** The definitions of the ops are parsed when they are looked at: few graphs need them, and they are most of the message. */
function readMetaInfo(serialized: readonly Uint8Array[]): MetaGraphDef_MetaInfoDef {
  const metaInfo = create(MetaGraphDef_MetaInfoDefSchema);
  const lists = serialized.flatMap((bytes) => {
    const parts = mergeWithout(MetaGraphDef_MetaInfoDefSchema, metaInfo, bytes, [STRIPPED_OP_LIST]);
    return parts.get(STRIPPED_OP_LIST) ?? [];
  });
  if (lists.length === 0) return metaInfo;
  const replace = (value: MetaGraphDef_MetaInfoDef['strippedOpList']) => {
    Object.defineProperty(metaInfo, 'strippedOpList', { value, writable: true, enumerable: true, configurable: true });
  };
  return Object.defineProperty(metaInfo, 'strippedOpList', {
    enumerable: true,
    configurable: true,
    get() {
      const opList = create(OpListSchema);
      try {
        for (const bytes of lists) mergeFromBinary(OpListSchema, opList, bytes, { readUnknownFields: false });
      } catch (cause) {
        throw new SavedModelError(
          'DATA_LOSS',
          'MALFORMED_PROTO',
          `The definitions of the model's ops cannot be parsed: expected an OpList: ${(cause as Error).message}`,
          { cause },
        );
      }
      replace(opList);
      return opList;
    },
    set: replace,
  });
}

function tagsOf(metaGraph: Uint8Array): string[] {
  // A singular message that is there twice is merged, so tags of all occurrences count.
  return messagesOf(metaGraph, META_INFO_DEF).flatMap((info) =>
    messagesOf(info, TAGS).map((tag) => new TextDecoder('utf-8', { fatal: true }).decode(tag)),
  );
}

function setKey(tags: readonly string[]): string {
  return JSON.stringify([...new Set(tags)].sort());
}

function braced(tags: readonly string[]): string {
  return `{ ${[...new Set(tags)].join(' ')} }`;
}
