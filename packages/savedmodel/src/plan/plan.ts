import type { SignatureDef } from '@servable/protos/tensorflow';
import type { DType, Tensor } from '@servable/tensor';

/** One input or output of a signature. */
export interface SignatureTensor {
  /** The name that requests use. */
  readonly alias: string;
  /** The value's name inside the plan. */
  readonly value: string;
  readonly dtype: DType;
  /** `null` where the dimension is unknown; `undefined` when even the rank is. */
  readonly shape: readonly (number | null)[] | undefined;
}

/** A part of the graph that the engine runs in one call. */
export interface NativeIsland {
  readonly kind: 'native';
  /** A serialised ONNX ModelProto. Initializers listed in `initializers` are only declared in it, as external data. */
  readonly model: Uint8Array;
  /** Weights by initializer name, handed to the engine without a copy; they must outlive the session. */
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Plan values that it reads; equal to the model's input names. */
  readonly inputs: readonly string[];
  /** Plan values that it makes; equal to the model's output names. */
  readonly outputs: readonly string[];
}

/** What a host op may use while it runs. */
export interface HostContext {
  readonly signal?: AbortSignal | undefined;
}

/** An op that ONNX has no word for, run by JavaScript between native islands. */
export interface HostStep {
  readonly kind: 'host';
  /** TensorFlow's op type. */
  readonly op: string;
  /** The node's path in the graph, for messages. */
  readonly node: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly run: (inputs: readonly Tensor[], context: HostContext) => readonly Tensor[] | Promise<readonly Tensor[]>;
}

export type PlanStep = NativeIsland | HostStep;

/** A compiled signature: the steps in the order in which they run. */
export interface Plan {
  readonly signatureName: string;
  readonly signatureDef: SignatureDef;
  readonly inputs: readonly SignatureTensor[];
  readonly outputs: readonly SignatureTensor[];
  /** Plan values that are known before any request. */
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly steps: readonly PlanStep[];
}
