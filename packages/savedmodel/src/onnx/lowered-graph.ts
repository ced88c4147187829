import type { DType, Tensor } from '@servable/tensor';
import type { HostContext } from '../plan/plan.js';
import type { Value } from './value.js';

/** An ONNX attribute by the JavaScript type of its value; integers and floats are told apart by the wrapper. */
export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number | bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Subgraph };

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** A node that the engine runs. */
export interface OnnxNode {
  readonly kind: 'native';
  readonly op: string;
  readonly domain: string;
  readonly attrs: OnnxAttributes;
  /** `undefined` is an optional input left out. */
  readonly inputs: (Value | undefined)[];
  readonly outputs: readonly Value[];
  /** The TensorFlow node it comes from, for messages. */
  readonly origin: string;
}

/** A node that JavaScript runs. */
export interface HostNode {
  readonly kind: 'host';
  readonly op: string;
  readonly inputs: Value[];
  readonly outputs: readonly Value[];
  readonly origin: string;
  readonly run: (inputs: readonly Tensor[], context: HostContext) => readonly Tensor[] | Promise<readonly Tensor[]>;
}

export type LoweredNode = OnnxNode | HostNode;

/** The body of an ONNX If, Loop or Scan. It reads values of the graphs around it by name. */
export interface Subgraph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly LoweredNode[];
}

/** A signature in ONNX's words, before it is cut into islands. */
export interface LoweredGraph {
  readonly inputs: readonly { readonly alias: string; readonly value: Value }[];
  readonly outputs: readonly { readonly alias: string; readonly value: Value; readonly dtype: DType }[];
  readonly nodes: readonly LoweredNode[];
}
