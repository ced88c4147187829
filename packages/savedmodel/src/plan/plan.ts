import type { SignatureDef } from '@servable/protos/tensorflow';
import type { DType, Tensor } from '@servable/tensor';
import type { VariableStore } from './variable-store.js';

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
  /** What the values are made of: weights of one model with equal origins have equal values. `undefined`: not known. */
  readonly origin?: string | undefined;
  /**
   * Reads the values, little-endian, anew on every call; the model they come from must still be open.
   *
   * @param target - memory of exactly `byteLength` bytes, at the start of its buffer
   * @param scratch - as much memory again, which may be overwritten on the way
   */
  readInto(target: Uint8Array, scratch: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** A weight and the byte at which it stands in its file of weights. */
export interface PlacedWeight {
  readonly offset: number;
  readonly weight: Weight;
}

/**
 * What a loop of the engine's says of itself in its model (`NodeProto.doc_string`) that ends after a number of iterations
 * that is known, or is the size of something: how long a call takes depends on the sizes of its inputs, as it does without
 * a loop.
 */
export const BOUNDED_LOOP = 'servable: bounded by sizes';

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
  /** The variables that requests change; needed by plans that list any. */
  readonly variables?: VariableStore | undefined;
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

/** A value that steps hand on. */
export interface PlanValue {
  /** Its name inside the plan. */
  readonly value: string;
  readonly dtype: DType;
  /** `null` where the dimension is unknown; `undefined` when even the rank is. */
  readonly shape: readonly (number | null)[] | undefined;
}

/** The body of a loop or branch that the plan runs itself, since host ops stand in it. */
export interface Subplan {
  /** What is handed in, in order. */
  readonly inputs: readonly PlanValue[];
  /** Values of the plan around it that it reads, under the same names. */
  readonly captured: readonly PlanValue[];
  readonly outputs: readonly PlanValue[];
  /** Values that have to be computed though no output needs them: marks of what changes variables, and of assertions. */
  readonly effects: readonly string[];
  readonly steps: readonly PlanStep[];
}

/** A branch: one of two bodies runs. */
export interface BranchStep {
  readonly kind: 'if';
  /** The node's path in the graph, for messages. */
  readonly node: string;
  /** Everything of the plan around that has to be there before it runs. */
  readonly inputs: readonly string[];
  /** The outputs of the body that runs, and behind them a mark if something waits for the step itself. */
  readonly outputs: readonly string[];
  /** A bool scalar. */
  readonly condition: string;
  readonly whenTrue: Subplan;
  readonly whenFalse: Subplan;
}

/** A loop as ONNX defines it: it ends after `count` iterations or when its condition is false. */
export interface LoopStep {
  readonly kind: 'loop';
  /** The node's path in the graph, for messages. */
  readonly node: string;
  /** Everything of the plan around that has to be there before it runs. */
  readonly inputs: readonly string[];
  /** The carried values, the stacked ones, and behind them a mark if something waits for the step itself. */
  readonly outputs: readonly string[];
  /** An int64 scalar. */
  readonly count: string | undefined;
  /** A bool scalar: whether there is a first iteration. */
  readonly condition: string | undefined;
  readonly initial: readonly string[];
  /**
   * Inputs: the iteration's number from 0 (int64 scalar), the carried values. Outputs: whether to go on (only if the loop
   * has a condition), the carried values, the values of which the loop makes one stack each.
   */
  readonly body: Subplan;
  /** Whether no iteration depends on another, so that they may run at the same time. Default: false. */
  readonly independent?: boolean | undefined;
}

export type PlanStep = NativeIsland | HostStep | BranchStep | LoopStep;

/** Work that is done for the same outputs. */
export interface OutputWork {
  /** Aliases of the outputs, any of which needs it. */
  readonly outputs: readonly string[];
  /** How much it is: about one for each op, and 16 for those that take long. */
  readonly amount: number;
  /** Bytes of the constants that it reads. */
  readonly weightBytes: number;
}

/** A compiled signature: the steps in the order in which they run. */
export interface Plan {
  readonly signatureName: string;
  readonly signatureDef: SignatureDef;
  readonly inputs: readonly SignatureTensor[];
  readonly outputs: readonly SignatureTensor[];
  /** Plan values that are known before any request. */
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly steps: readonly PlanStep[];
  /** Values that every call computes: marks of what changes variables, and of assertions. */
  readonly effects?: readonly string[];
  /**
   * Variables that signatures change, by key, with the values that they have when the model is loaded; undefined for one
   * that the model does not initialise.
   */
  readonly variables?: ReadonlyMap<string, Tensor | undefined>;
  /** How the work is shared by the outputs; only of a plan with several. */
  readonly work?: readonly OutputWork[];
}
