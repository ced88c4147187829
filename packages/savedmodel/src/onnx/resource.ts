import type { DType } from '@servable/tensor';
import type { GraphNode } from '../graph/graph.js';
import { variableKey } from '../graph/written-variables.js';
import type { LookupTable } from '../kernels/lookup-table.js';
import type { Dataset, NextElement } from './dataset.js';
import type { TensorList } from './tensor-list.js';
import type { Shape, Value } from './value.js';

/** What a resource-typed or variant-typed edge stands for while lowering: never a tensor of the engine. */
export type Resource =
  | Variable
  /** A lookup table; without contents when nothing fills it, with the key of its contents when requests change it. */
  | {
      readonly kind: 'table';
      readonly node: GraphNode;
      readonly table: LookupTable | undefined;
      readonly changing?: string | undefined;
    }
  /** A ragged tensor in one variant: its row splits, outermost first, and its values. */
  | { readonly kind: 'ragged'; readonly splits: readonly Value[]; readonly values: Value }
  /** A SentencePiece model: the bytes of its `ModelProto`. */
  | { readonly kind: 'sentencepiece'; readonly node: GraphNode; readonly model: Uint8Array }
  /** A tensor of maps between normalized and original strings: per string the splits of its edits, and the edits. */
  | { readonly kind: 'offsets-map'; readonly splits: Value; readonly edits: Value }
  | TensorList
  /** A decision forest, by what `InitialState` calls it. */
  | { readonly kind: 'forest'; readonly key: string }
  | { readonly kind: 'dataset'; readonly dataset: Dataset }
  | DatasetIterator
  /** An element that may not be there. */
  | ({ readonly kind: 'optional' } & Pick<NextElement, 'has' | 'elements'>)
  | TemporaryVariable
  /** The handle of a TensorFlow 1 TensorArray; its elements travel along its flow. */
  | { readonly kind: 'tensor-array'; readonly node: GraphNode };

/** Where a function stands in a dataset. What it reads comes from one builder, in the order of the graph. */
export interface DatasetIterator {
  readonly kind: 'iterator';
  readonly owner: object;
  dataset: Dataset | undefined;
  state: readonly Value[];
}

/** A variable that lives no longer than a request: ops are lowered in the order in which they change it. */
export interface TemporaryVariable {
  readonly kind: 'temporary variable';
  readonly owner: object;
  value: Value | undefined;
}

/** A variable. */
export interface Variable {
  readonly kind: 'variable';
  readonly node: GraphNode;
  /** Its value, if no signature changes it. */
  readonly value: Value | undefined;
  /** What {@link VariableStore} calls it. */
  readonly key: string;
  readonly dtype: DType;
  readonly shape: Shape | undefined;
  /** Whether ops read it by taking it as a tensor, as TensorFlow 1's reference variables have it. */
  readonly isReference: boolean;
}

/** A variable that no signature changes. */
export function frozenVariable(node: GraphNode, value: Value): Variable {
  const { dtype, shape } = value;
  return { kind: 'variable', node, value, key: variableKey(node), dtype, shape, isReference: false };
}

export type Lowered = Value | Resource;

export const isResource = (lowered: Lowered): lowered is Resource => 'kind' in lowered;
