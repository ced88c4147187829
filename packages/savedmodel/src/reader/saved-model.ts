import type { MetaGraphDef, SavedObjectGraph, SignatureDef } from '@servable/protos/tensorflow';
import type { VariableBundle } from './variable-bundle.js';

/** What a {@link SavedModel} is made of. */
export interface SavedModelParts {
  readonly dir: string;
  readonly metaGraph: MetaGraphDef;
  readonly variables: VariableBundle | undefined;
  readonly assets: ReadonlyMap<string, string>;
  readonly initOp: string | undefined;
}

/** One MetaGraph of a SavedModel that has been read, with its variables open for reading. */
export class SavedModel {
  /** The SavedModel's directory, absolute. */
  readonly dir: string;
  /** The MetaGraph with the asked tags. Its bytes fields are views of the file's bytes; do not change them. */
  readonly metaGraph: MetaGraphDef;
  /** Every signature, including `__saved_model_init_op` where the model has it. */
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  /** The variables; `undefined` when the SavedModel has no `variables/variables.index`. */
  readonly variables: VariableBundle | undefined;
  /** Absolute paths of asset files by the graph tensor that stands for the path (`Const:0`). */
  readonly assets: ReadonlyMap<string, string>;
  /** What is to be run once before the first request (a node, or an output of one); `undefined` when nothing is. */
  readonly initOp: string | undefined;

  constructor({ dir, metaGraph, variables, assets, initOp }: SavedModelParts) {
    this.dir = dir;
    this.metaGraph = metaGraph;
    this.signatureDefs = new Map(Object.entries(metaGraph.signatureDef));
    this.variables = variables;
    this.assets = assets;
    this.initOp = initOp;
  }

  /** The objects of a TensorFlow 2 export: variables, functions, assets and how they hang together. */
  get objectGraph(): SavedObjectGraph | undefined {
    return this.metaGraph.objectGraphDef;
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
