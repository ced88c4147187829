import type { AttrValue } from '@servable/protos/tensorflow';
import type { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { Forest } from '../forests/forest.js';
import type { Attributes } from '../graph/attributes.js';
import type { FunctionGraph, GraphNode, GraphValue } from '../graph/graph.js';
import type { LookupTable } from '../kernels/lookup-table.js';
import type { Builder } from '../onnx/builder.js';
import type { Lowered, Resource, Variable } from '../onnx/resource.js';
import type { Dim, Shape, Value } from '../onnx/value.js';

/** What a lowering sees of the node it lowers. */
export interface OpContext {
  readonly node: GraphNode;
  readonly attrs: Attributes;
  readonly builder: Builder;
  readonly inputCount: number;
  /** The tensor at an input. @throws SavedModelError when it is a resource */
  input(index: number): Value;
  /** All inputs as tensors. */
  inputs(): readonly Value[];
  resource(index: number): Resource;
  /** The value of the variable at an input, as this node sees it. @throws SavedModelError when it is none */
  variableValue(index: number): Value;
  variableAt(index: number): Variable;
  /** The variable that a node stands for. */
  variable(node: GraphNode): Variable;
  /** The lookup table that a node stands for; undefined when nothing fills it. */
  table(node: GraphNode): LookupTable | undefined;
  /** A decision forest that the init op loads; undefined when it loads none of this key. */
  forest(key: string): Forest | undefined;
  /** The key of the contents of a table that requests change; undefined for any other. */
  changingTable(node: GraphNode): string | undefined;
  /** The bytes of a file in the model's assets folder; undefined when there is no such file. */
  assetBytes(path: string): Uint8Array | undefined;
  /** The known integers of an input. @throws SavedModelError when they depend on the request */
  constantInts(index: number, what: string): readonly number[];
  /** The rank of an input. @throws SavedModelError when it is unknown */
  rank(index: number): number;
  shape(index: number): Shape;
  /** The error that refuses this node: what cannot be done and why. */
  refuse(why: string): SavedModelError;
  /** An input, whatever it is; a reference variable is read. */
  lowered(index: number): Lowered;
  /** An input, whatever it is; a reference variable stays one. */
  given(index: number): Lowered;
  /** The body that a function attribute such as `then_branch` names. */
  body(attribute: string): FunctionGraph;
  /** The bodies that a list of functions names. */
  bodies(attribute: string): readonly FunctionGraph[];
  /** Lowers a body with `builder`: this node's own, to put it in place of the node, or that of a subgraph. */
  lowerBody(body: FunctionGraph, args: readonly Lowered[], builder: Builder): readonly Lowered[];
  /** Lowers another op of the table in this node's place. @param builder - this node's own, or that of a subgraph */
  lowerOp(
    op: string,
    inputs: readonly Lowered[],
    attrs: Readonly<Record<string, AttrValue>>,
    builder: Builder,
  ): readonly Lowered[];
  /** The node that feeds an input, for ops that are fused with what stands before them. */
  producer(index: number): GraphValue | undefined;
}

export type Lowering = (context: OpContext) => Lowered | readonly Lowered[];

/** One entry of the op table in the documentation. */
export interface OpDefinition {
  readonly op: string;
  readonly family: string;
  /** Where it runs: in the engine, on the host between native islands, or nowhere since it is resolved at compile time. */
  readonly runs: 'native' | 'host' | 'compile';
  readonly lower: Lowering;
}

/** The ops of one file under `ops/`. */
export class OpFamily {
  readonly definitions: OpDefinition[] = [];

  constructor(readonly name: string) {}

  /** @param ops - TensorFlow op types, separated by blanks, that share a lowering */
  native(ops: string, lower: Lowering): this {
    return this.add(ops, 'native', lower);
  }

  host(ops: string, lower: Lowering): this {
    return this.add(ops, 'host', lower);
  }

  compile(ops: string, lower: Lowering): this {
    return this.add(ops, 'compile', lower);
  }

  private add(ops: string, runs: OpDefinition['runs'], lower: Lowering): this {
    for (const op of ops.split(/\s+/).filter(Boolean)) {
      this.definitions.push({ op, family: this.name, runs, lower });
    }
    return this;
  }
}

/** For messages: `float32 [?, 8, 8, 1]`. */
export function describe(value: Value): string {
  const shape = value.shape?.map((dim: Dim) => (typeof dim === 'number' ? dim : '?')).join(', ');
  return `${value.dtype} ${shape === undefined ? 'of unknown rank' : `[${shape}]`}`;
}
