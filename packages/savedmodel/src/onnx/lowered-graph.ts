import type { Tensor } from '@servable/tensor';
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

/** A branch whose sides need the host: the plan takes one of them. */
export interface BranchNode {
  readonly kind: 'if';
  /** The condition, and what it has to wait for. */
  readonly inputs: Value[];
  readonly outputs: readonly Value[];
  readonly origin: string;
  readonly bodies: readonly LoweredBody[];
  readonly whenTrue: LoweredBody;
  readonly whenFalse: LoweredBody;
}

/** A loop whose body needs the host: the plan repeats it. Its outputs are the carried values, then the stacked ones. */
export interface LoopNode {
  readonly kind: 'loop';
  readonly inputs: Value[];
  readonly outputs: readonly Value[];
  readonly origin: string;
  readonly bodies: readonly LoweredBody[];
  readonly count: Value | undefined;
  readonly condition: Value | undefined;
  readonly initial: readonly Value[];
  /**
   * Inputs: the iteration's number, the carried values. Outputs: whether to go on (if the loop has a condition), the
   * carried values, the values to stack.
   */
  readonly body: LoweredBody;
  /** Whether no iteration depends on another. */
  readonly independent: boolean;
}

/** A node that the plan runs itself. */
export type ControlNode = BranchNode | LoopNode;

export type LoweredNode = OnnxNode | HostNode | ControlNode;

/** The body of a plan's loop or branch. It reads values of the graphs around it by name. */
export interface LoweredBody {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** What has to be computed though no output needs it. */
  readonly effects: readonly Value[];
  readonly nodes: readonly LoweredNode[];
}

/** The body of an ONNX If, Loop or Scan. It reads values of the graphs around it by name. */
export interface Subgraph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly LoweredNode[];
}
