import type { DType } from '@servable/tensor';
import type { ModelEngineOptions } from '../platforms/model-engine.js';
import type { IsolatedPlatform } from '../platforms/platform.js';

/** A tensor as it goes between processes. */
export interface TensorMessage {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: unknown;
}

export type TensorMessages = ReadonlyMap<string, TensorMessage>;

/** A failure as it goes between processes. */
export interface ErrorMessage {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
}

/** What the server asks of a model's process. */
export type Request =
  | {
      readonly kind: 'load';
      readonly directory: string;
      readonly platform: string | undefined;
      readonly platforms: readonly IsolatedPlatform[];
      readonly engine: ModelEngineOptions;
    }
  | {
      readonly kind: 'run';
      readonly call: number;
      readonly signatureName: string;
      readonly inputs: TensorMessages;
      readonly outputFilter: readonly string[];
      readonly timeoutMs: number | undefined;
    }
  | { readonly kind: 'cancel'; readonly call: number }
  | { readonly kind: 'close' };

/** What it answers. */
export type Answer =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'loaded';
      readonly platform: string;
      /** Serialized SignatureDefs by name. */
      readonly signatureDefs: ReadonlyMap<string, Uint8Array>;
      /** What the version takes; `undefined` where it could not be told. */
      readonly ramBytes: number | undefined;
    }
  | { readonly kind: 'load-failed'; readonly error: ErrorMessage }
  | { readonly kind: 'ran'; readonly call: number; readonly outputs: TensorMessages }
  | { readonly kind: 'run-failed'; readonly call: number; readonly error: ErrorMessage };
