import type { SignatureDef } from '@servable/protos/tensorflow';
import type { Tensor } from '@servable/tensor';

/** `ModelSpec` of tensorflow_serving/apis/model.proto; neither `version` nor `versionLabel` means the highest ready one. */
export interface ModelSpec {
  readonly name: string;
  readonly version?: bigint | undefined;
  readonly versionLabel?: string | undefined;
  /** Empty means `serving_default`. */
  readonly signatureName: string;
}

/** The states a version goes through, in order. */
export type ModelVersionState = 'START' | 'LOADING' | 'AVAILABLE' | 'UNLOADING' | 'END';

/** What a server says of one version of a model. */
export interface ModelVersionStatus {
  readonly version: bigint;
  /** `UNKNOWN` for a state that this package does not know. */
  readonly state: ModelVersionState | 'UNKNOWN';
  /** `OK`, or the canonical code of the error that ended the version. */
  readonly code: string;
  /** Empty when the code is `OK`. */
  readonly message: string;
}

/** The calls there are, each with what goes in and what comes out, in no wire's form. */
export interface RpcMethods {
  readonly predict: {
    readonly request: {
      readonly modelSpec: ModelSpec;
      readonly inputs: ReadonlyMap<string, Tensor>;
      readonly outputFilter: readonly string[];
    };
    readonly response: {
      readonly name: string;
      readonly version: bigint;
      readonly outputs: ReadonlyMap<string, Tensor>;
    };
  };
  readonly getModelStatus: {
    readonly request: { readonly modelSpec: ModelSpec };
    readonly response: readonly ModelVersionStatus[];
  };
  readonly getModelMetadata: {
    readonly request: { readonly modelSpec: ModelSpec };
    readonly response: {
      readonly name: string;
      readonly version: bigint;
      readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
    };
  };
}

/** When a call has to be over. */
export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds since the epoch; `undefined` means never. */
  readonly deadline?: number | undefined;
}

/** Sends one call and waits for its answer; failures are `ClientError`s. */
export interface Dispatch {
  <Method extends keyof RpcMethods>(
    method: Method,
    request: RpcMethods[Method]['request'],
    limits: CallLimits,
  ): Promise<RpcMethods[Method]['response']>;
}

/** One way to reach one server. */
export interface Transport {
  /** The address as it was given. */
  readonly target: string;
  readonly dispatch: Dispatch;
  /** Gives up all connections; calls in flight fail with the error. */
  destroy(error: Error): void;
}
