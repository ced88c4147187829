import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableProvider } from '../../servable/servable-handle.js';
import type { PredictionRecorder } from '../../servable/prediction-recorder.js';
import type { ServableStateReader } from '../../servable/servable-state.js';
import type { RunOptions } from '../execution/run-servable.js';

/** What the handlers need of the rest of the server; one object serves every transport. */
export interface HandlerDependencies {
  readonly provider: ServableProvider<InferenceServable>;
  readonly states: ServableStateReader;
  /** `--enable_signature_method_name_check`; default `false`: a signature counts by its structure alone. */
  readonly checkMethodNames?: boolean | undefined;
  /** Most elements of one input of a Predict call, whatever it came as; default: no limit of this kind. */
  readonly maxInputElements?: number | undefined;
  /** Is given every request that a model has answered; default: none. */
  readonly recorder?: PredictionRecorder | undefined;
}

/** How long a request may take, whether anybody still waits for it, and where to note what is found out about it. */
export type RequestOptions = RunOptions;
