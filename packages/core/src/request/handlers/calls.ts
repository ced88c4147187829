import type { Tensor } from '@servable/tensor';
import type { PredictArguments } from '../signature/check-predict-call.js';
import type { ExampleInput } from './example-input.js';
import type { ModelSpec, ResolvedModelSpec } from './model-spec.js';

// What every transport decodes into and every handler answers with.

/** A decoded PredictRequest, from whatever wire it came; an empty `outputFilter` means all outputs. */
export interface PredictCall extends PredictArguments {
  readonly modelSpec?: ModelSpec | undefined;
}

export interface PredictResult {
  readonly modelSpec: ResolvedModelSpec;
  /** By alias. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** One class of one example. */
export interface ClassScore {
  /** Empty bytes when the signature has no `classes`. */
  readonly label: Uint8Array;
  /** 0 when the signature has no `scores`. */
  readonly score: number;
}

export interface ClassifyResult {
  readonly modelSpec: ResolvedModelSpec;
  /** One list per example, in the order of the examples. */
  readonly classifications: readonly (readonly ClassScore[])[];
}

export interface RegressResult {
  readonly modelSpec: ResolvedModelSpec;
  /** One value per example, in the order of the examples. */
  readonly values: Float32Array;
}

/** One question about the examples of a MultiInferenceRequest. */
export interface InferenceTask {
  readonly modelSpec?: ModelSpec | undefined;
  /** `tensorflow/serving/classify` or `tensorflow/serving/regress`; the signature's own method does not matter. */
  readonly methodName: string;
}

export interface MultiInferenceCall {
  readonly tasks: readonly InferenceTask[];
  readonly input?: ExampleInput | undefined;
}

export type InferenceResult =
  | {
      readonly kind: 'classify';
      readonly modelSpec: ResolvedModelSpec;
      readonly classifications: readonly (readonly ClassScore[])[];
    }
  | { readonly kind: 'regress'; readonly modelSpec: ResolvedModelSpec; readonly values: Float32Array };

/** A decoded SessionRunRequest. */
export interface SessionRunCall {
  readonly modelSpec?: ModelSpec | undefined;
  /** In the order of the request; a name that comes twice is refused. */
  readonly feeds: readonly (readonly [name: string, tensor: Tensor])[];
  /** Tensors to answer with, in order. */
  readonly fetches: readonly string[];
  /** Operations to run for their effect only. */
  readonly targets: readonly string[];
  /** Whether names are the signature's aliases; otherwise they are tensors of the graph, `dense/BiasAdd:0`. */
  readonly namesAreAliases: boolean;
}

export interface SessionRunResult {
  /** `signatureName` is empty when the request named tensors of the graph. */
  readonly modelSpec: ResolvedModelSpec;
  /** Under the names of the request, in the order of its fetches. */
  readonly tensors: readonly (readonly [name: string, tensor: Tensor])[];
}
