import type { DType } from '@servable/tensor';

/** One input or output, as the signature declares it. */
export interface TensorDescription {
  /** `null` for what is no tensor: a resource, a variant. */
  readonly dtype: DType | null;
  /** -1 for an unknown dimension, `null` when even the rank is unknown. */
  readonly shape: readonly number[] | null;
  /** The tensor's name in the graph; for a composite tensor the kind of its encoding in brackets. */
  readonly name: string;
}

/** One step of a plan. */
export type StepDescription =
  | {
      readonly kind: 'native';
      readonly nodes: number;
      /** How many nodes there are of each ONNX op, those in the bodies of loops and branches included. */
      readonly ops: Readonly<Record<string, number>>;
      readonly weightBytes: number;
    }
  | { readonly kind: 'host'; readonly op: string; readonly node: string }
  | { readonly kind: 'if' | 'loop'; readonly node: string; readonly bodies: readonly (readonly StepDescription[])[] };

/** What a compiled signature runs. */
export interface PlanDescription {
  readonly nativeIslands: number;
  /** ONNX nodes of all islands. */
  readonly nativeNodes: number;
  /** How many host steps there are of each TensorFlow op. */
  readonly hostOps: Readonly<Record<string, number>>;
  /** Keys of the variables that requests change. */
  readonly variables: readonly string[];
  /** Weights and constants that the plan holds while it is loaded. */
  readonly bytes: number;
  readonly steps: readonly StepDescription[];
}

/** Why a signature does not run on the embedded engine. */
export interface CompileFailure {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly op?: string | undefined;
  readonly node?: string | undefined;
}

export interface SignatureDescription {
  readonly methodName: string;
  readonly inputs: Readonly<Record<string, TensorDescription>>;
  readonly outputs: Readonly<Record<string, TensorDescription>>;
  /** Absent for the signatures that only initialise the model. */
  readonly plan?: PlanDescription;
  /** Instead of a plan. */
  readonly failure?: CompileFailure;
}

export interface MetaGraphDescription {
  readonly tags: readonly string[];
  /** Version of TensorFlow that wrote it. */
  readonly tensorflowVersion: string;
  /** Values in variables, and the bytes they take. */
  readonly parameters: number;
  readonly variableBytes: number;
  readonly assets: readonly string[];
  readonly signatures: Readonly<Record<string, SignatureDescription>>;
}

/** All there is to say about a SavedModel. */
export interface SavedModelInspection {
  readonly path: string;
  readonly format: 'savedmodel';
  /** As in `model_platform`. */
  readonly platform: 'tensorflow';
  /** What the manager reckons with when the model is loaded. */
  readonly estimatedRamBytes: number;
  readonly metaGraphs: readonly MetaGraphDescription[];
}

/** All there is to say about an ONNX model. */
export interface OnnxInspection {
  readonly path: string;
  readonly format: 'onnx';
  readonly platform: 'onnx';
  readonly estimatedRamBytes: number;
  readonly irVersion: number;
  readonly producer: string;
  /** Operator sets by domain; the standard one is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly nodes: number;
  readonly ops: Readonly<Record<string, number>>;
  readonly parameters: number;
  readonly weightBytes: number;
  /** Files beside the model that hold weights. */
  readonly externalFiles: readonly string[];
  readonly signatures: Readonly<Record<string, SignatureDescription>>;
}

export type Inspection = SavedModelInspection | OnnxInspection;
