import type { ModelEngineOptions } from '../platforms/model-engine.js';
import type { IsolatedPlatform } from '../platforms/platform.js';

/** A failure as it goes between processes. */
export interface ErrorMessage {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
}

/** What the server asks of a model's process, apart from calls. */
export type Request =
  | {
      readonly kind: 'load';
      readonly directory: string;
      readonly platform: string | undefined;
      readonly platforms: readonly IsolatedPlatform[];
      readonly engine: ModelEngineOptions;
    }
  | { readonly kind: 'close' };

/** What it answers. */
export type Answer =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'loaded';
      readonly platform: string;
      readonly takesOtherTensors: boolean | undefined;
      /** Serialized SignatureDefs by name. */
      readonly signatureDefs: ReadonlyMap<string, Uint8Array>;
      /** What the version takes; `undefined` where it could not be told. */
      readonly ramBytes: number | undefined;
    }
  | { readonly kind: 'load-failed'; readonly error: ErrorMessage };

/** The head of a call; its tensors are the inputs. Calls have a stream of their own, in which numbers are not copied. */
export type CallHead =
  | {
      readonly kind: 'run';
      readonly call: number;
      readonly signatureName: string;
      readonly outputFilter: readonly string[];
      readonly timeoutMs: number | undefined;
    }
  | { readonly kind: 'cancel'; readonly call: number };

/** The head of what is answered to a call; its tensors are the outputs. */
export type AnswerHead =
  | { readonly kind: 'ran'; readonly call: number }
  | { readonly kind: 'run-failed'; readonly call: number; readonly error: ErrorMessage };

/** Which of the process's files the stream of calls is. */
export const callsFd = 4;
