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

/** A large constant whose values are read when the engine is given them. */
export interface Weight {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Reads the values anew on every call; the model they come from must still be open. */
  load(signal?: AbortSignal): Promise<Tensor>;
}

/** A weight and the byte at which it stands in its file of weights. */
export interface PlacedWeight {
  readonly offset: number;
  readonly weight: Weight;
}

/** The name that models give the file with their weights. */
export const WEIGHT_FILE_NAME = 'weights';

/**
 * The weights of a model as one file that is to be written, or as initializers by name. As a file the engine maps them
 * into memory, so that no byte of them is there twice.
 */
export interface WeightFile {
  readonly fileName: string;
  readonly byteLength: number;
  readonly weights: ReadonlyMap<string, PlacedWeight>;
}

/** A part of the graph that the engine runs in one call. */
export interface NativeIsland {
  readonly kind: 'native';
  /** A serialised ONNX ModelProto; its large initializers are declared as external data of the file of weights. */
  readonly model: Uint8Array;
  readonly weights: WeightFile;
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
