import type { SignatureDef } from '@servable/protos/tensorflow';
import type { Tensor } from '@servable/tensor';

/** One run of one signature; names are the signature's aliases, not graph tensor names. */
export interface InferenceCall {
  readonly signatureName: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Output aliases to compute; empty means all of the signature's outputs. */
  readonly outputFilter: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that are left for the run; `undefined` means no limit. */
  readonly timeoutMs?: number | undefined;
}

/** A servable that answers inference requests: what a platform's loader must produce. */
export interface InferenceServable {
  /** The platform that runs it, as in `model_platform`. */
  readonly platform: string;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  /**
   * Whether `run` finds out by itself what can be run, as TensorFlow's graphs do, which take other shapes than signatures
   * tell where their ops do. Default `false`: inputs that do not fit the signature are refused before.
   */
  readonly takesOtherTensors?: boolean | undefined;
  /**
   * @returns outputs by alias
   * @throws errors with a canonical `code`: INVALID_ARGUMENT for inputs that do not fit the signature,
   * FAILED_PRECONDITION for an unknown signature, DEADLINE_EXCEEDED, CANCELLED, or the engine's own
   */
  run(call: InferenceCall): Promise<ReadonlyMap<string, Tensor>>;
  /**
   * Whether a run of the signature that went well leaves nothing behind that refers to its inputs: no variable, table or
   * sample keeps them, nor any part of their memory. Where it is so, the memory of large requests is used again for others
   * as soon as they are answered, which spares garbage collection. Absent means that something may be left.
   */
  readonly returnsInputs?: ((signatureName: string) => boolean) | undefined;
}
