import type { CompileOptions } from '@servable/savedmodel';
import type { IslandIdentity } from '../plan/island-identity.js';
import type { ErrorMessage } from './error-message.js';
import type { IslandMessage, PlanMessage } from './plan-message.js';

/** What a thread that compiles is started with. */
export interface CompileSource {
  /** The directory of the SavedModel. */
  readonly dir: string;
  readonly tags: readonly string[] | undefined;
  /** Whether it gives way to calls that are being answered. */
  readonly givesWay: boolean;
}

/** Which of the plans of a signature: by default the one for all outputs, and inputs of the signature's shapes. */
export type PlanVariant = Pick<CompileOptions, 'outputs' | 'inputRanks'>;

/** What the thread is asked; every request is answered once, in order. */
export type CompileRequest =
  | { readonly kind: 'describe' }
  | {
      readonly kind: 'compile';
      readonly signatureName: string;
      readonly variant: PlanVariant | undefined;
      /** A folder for the weights; without one they are sent. */
      readonly folder: string | undefined;
      /** What the model's sessions compute, by their numbers. */
      readonly known: ReadonlyMap<number, IslandIdentity>;
    };

/** The signatures of a model, serialised. */
export interface Described {
  readonly kind: 'described';
  readonly signatureDefs: ReadonlyMap<string, Uint8Array>;
}

/** A compiled signature, the weights of which have been written to the folder of the request. */
export interface Compiled {
  readonly kind: 'compiled';
  readonly plan: PlanMessage;
}

/** A signature whose plan holds functions, which cannot leave the thread; the weights of its islands have been written. */
export interface HoldsFunctions {
  readonly kind: 'holdsFunctions';
  readonly islands: readonly IslandMessage[];
}

export type CompileReply =
  Described | Compiled | HoldsFunctions | { readonly kind: 'failed'; readonly error: ErrorMessage };
