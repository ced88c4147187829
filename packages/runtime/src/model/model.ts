import type { SignatureDef } from '@servable/protos/tensorflow';
import type { Tensor, TensorLike } from '@servable/tensor';
import type { CallOptions } from '../session/interruption.js';

/** Which model answered. */
export interface ModelIdentity {
  readonly name: string;
  readonly version: bigint;
}

/** Limits of a prediction, and what to compute. */
export interface PredictOptions extends CallOptions {
  /** Default: `serving_default`, or the model's only signature. */
  readonly signature?: string | undefined;
  /** Output aliases to compute; empty means all. */
  readonly outputFilter?: readonly string[] | undefined;
}

/** What a model answers. */
export interface Prediction {
  /** Outputs by alias. */
  readonly outputs: Record<string, Tensor>;
  readonly model: ModelIdentity;
}

/** One run of one signature, by aliases. */
export interface ModelCall extends CallOptions {
  /** Empty: `serving_default`, or the model's only signature. */
  readonly signatureName: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Output aliases to compute; empty means all. */
  readonly outputFilter: readonly string[];
}

/**
 * A loaded model. Any number of calls may be under way at once.
 *
 * @example
 * await using model = await loadSavedModel('models/half_plus_two/1');
 * const { outputs } = await model.predict({ x: [1, 2, 5] });
 * outputs.y.toArray(); // [2.5, 3, 4.5]
 */
export interface Model extends AsyncDisposable {
  readonly name: string;
  readonly version: bigint;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;

  /**
   * Runs a signature on plain values: tensors, typed arrays, or nested arrays of numbers, bigints, booleans or strings.
   * What is no tensor becomes one of the signature's dtype; a typed array takes the signature's shape as far as that
   * leaves at most one dimension open.
   *
   * @throws RuntimeError FAILED_PRECONDITION `SIGNATURE_NOT_FOUND`, `MODEL_CLOSED`; INVALID_ARGUMENT: `UNKNOWN_INPUT`,
   * `MISSING_INPUT`, `UNKNOWN_OUTPUT`, `INPUT_DTYPE_MISMATCH`, `INPUT_SHAPE_MISMATCH`, and what `tensor()` says of the
   * values; CANCELLED; DEADLINE_EXCEEDED; what compiling and running the signature throw
   */
  predict(inputs: Readonly<Record<string, TensorLike>>, options?: PredictOptions): Promise<Prediction>;

  /** Runs a signature on tensors; throws what {@link Model.predict} throws. */
  run(call: ModelCall): Promise<Map<string, Tensor>>;

  /**
   * Makes a signature ready ahead of its first use; empty means the default one, as in {@link Model.run}.
   *
   * @throws what compiling the signature throws, and {@link Model.predict} of a signature's name
   */
  warm(signatureName: string, options?: CallOptions): Promise<void>;

  /** Refuses calls from now on, waits for those under way, and frees the model. */
  close(): Promise<void>;
}
