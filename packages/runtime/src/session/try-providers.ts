import { ortEnv } from '../native/ort-env.js';
import { check } from '../native/ort-status.js';
import { appendProviders } from './append-providers.js';
import { resolveExecutionProviders, type ExecutionProviderInput } from './execution-providers.js';

/**
 * Looks whether execution providers can be used here, as far as that shows without a model.
 *
 * @throws RuntimeError what making a session with them would throw
 */
export function tryExecutionProviders(providers: readonly ExecutionProviderInput[]): void {
  const resolved = resolveExecutionProviders(providers);
  const { api } = ortEnv();
  const out = new BigUint64Array(1);
  check(api, api.CreateSessionOptions(out));
  const native = out[0] ?? 0n;
  try {
    appendProviders(native, resolved);
  } finally {
    api.ReleaseSessionOptions(native);
  }
}
