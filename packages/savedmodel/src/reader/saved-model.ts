import { create, mergeFromBinary } from '@bufbuild/protobuf';
import {
  SavedObjectGraphSchema,
  type MetaGraphDef,
  type SavedObjectGraph,
  type SignatureDef,
} from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { FunctionLibrary } from './function-library.js';
import type { StoredNode } from './stored-node.js';
import type { VariableBundle } from './variable-bundle.js';

/** What a {@link SavedModel} is made of. */
export interface SavedModelParts {
  readonly dir: string;
  readonly metaGraph: MetaGraphDef;
  readonly nodes: ReadonlyMap<string, StoredNode>;
  readonly functions: FunctionLibrary;
  readonly objectGraph: readonly Uint8Array[];
  readonly variables: VariableBundle | undefined;
  readonly assets: ReadonlyMap<string, string>;
  readonly initOp: string | undefined;
}

/** One MetaGraph of a SavedModel that has been read, with its variables open for reading. */
export class SavedModel {
  /** The SavedModel's directory, absolute. */
  readonly dir: string;
  /**
   * The MetaGraph with the asked tags, without the nodes and functions of its graph and its object graph. Its bytes fields
   * are views of the file's bytes; do not change them.
   */
  readonly metaGraph: MetaGraphDef;
  /** The nodes of the graph by name, each of which is parsed when it is needed. */
  readonly nodes: ReadonlyMap<string, StoredNode>;
  /** The functions of the graph. */
  readonly functions: FunctionLibrary;
  /** Every signature, including `__saved_model_init_op` where the model has it. */
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  /** The variables; `undefined` when the SavedModel has no `variables/variables.index`. */
  readonly variables: VariableBundle | undefined;
  /** Absolute paths of asset files by the graph tensor that stands for the path (`Const:0`). */
  readonly assets: ReadonlyMap<string, string>;
  /** What is to be run once before the first request (a node, or an output of one); `undefined` when nothing is. */
  readonly initOp: string | undefined;

  readonly #objectGraphBytes: readonly Uint8Array[];
  #objectGraph: SavedObjectGraph | undefined;

  constructor({ dir, metaGraph, nodes, functions, objectGraph, variables, assets, initOp }: SavedModelParts) {
    this.dir = dir;
    this.metaGraph = metaGraph;
    this.nodes = nodes;
    this.functions = functions;
    this.#objectGraphBytes = objectGraph;
    this.signatureDefs = new Map(Object.entries(metaGraph.signatureDef));
    this.variables = variables;
    this.assets = assets;
    this.initOp = initOp;
  }

  /**
   * The objects of a TensorFlow 2 export: variables, functions, assets and how they hang together.
   *
   * @throws SavedModelError DATA_LOSS `MALFORMED_PROTO` when it cannot be parsed
   */
  get objectGraph(): SavedObjectGraph | undefined {
    if (this.#objectGraphBytes.length === 0) return undefined;
    if (this.#objectGraph === undefined) {
      const objectGraph = create(SavedObjectGraphSchema);
      try {
        for (const bytes of this.#objectGraphBytes) mergeFromBinary(SavedObjectGraphSchema, objectGraph, bytes);
      } catch (cause) {
        throw new SavedModelError(
          'DATA_LOSS',
          'MALFORMED_PROTO',
          `The object graph of ${this.dir} cannot be parsed: expected a SavedObjectGraph: ${(cause as Error).message}`,
          { cause, file: this.dir },
        );
      }
      this.#objectGraph = objectGraph;
    }
    return this.#objectGraph;
  }

  /** The tags of the MetaGraph, in the file's order. */
  get tags(): readonly string[] {
    return this.metaGraph.metaInfoDef?.tags ?? [];
  }

  /** Closes the variables' files; tensors that were read stay valid. */
  async close(): Promise<void> {
    await this.variables?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
