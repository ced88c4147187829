import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableProvider } from '../../servable/servable-handle.js';
import type { ServableStateReader } from '../../servable/servable-state.js';

/** What the handlers need of the rest of the server; one object serves every transport. */
export interface HandlerDependencies {
  readonly provider: ServableProvider<InferenceServable>;
  readonly states: ServableStateReader;
  /** `--enable_signature_method_name_check`; default `false`: a signature counts by its structure alone. */
  readonly checkMethodNames?: boolean | undefined;
}

/** How long a request may take, and whether anybody still waits for it; handed on to the servable's `run`. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds left; `undefined` means no limit. */
  readonly timeoutMs?: number | undefined;
}
