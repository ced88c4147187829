import { ClientError } from '../client-error.js';
import type { CallLimits, ModelSpec } from '../transport/transport.js';

/** How long a call may take. */
export interface CallOptions {
  /** Aborting it ends the call with CANCELLED, on the server too. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds for the whole call, sent to the server as the deadline; more than 0. Default: the client's
   * `defaultTimeoutMs`, and without that no limit.
   */
  readonly timeoutMs?: number | undefined;
}

/** Which version answers; the highest one that is ready when neither is given. */
export interface VersionOptions {
  readonly version?: bigint | undefined;
  /** A label of the server's configuration, `stable`. Not together with `version`. */
  readonly label?: string | undefined;
}

/** @throws ClientError INVALID_ARGUMENT `OPTION_INVALID` */
export function callLimits(options: CallOptions, defaultTimeoutMs: number | undefined): CallLimits {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  if (timeoutMs === undefined) return { signal: options.signal };
  return { signal: options.signal, deadline: Date.now() + checkTimeout('timeoutMs', timeoutMs) };
}

/** @throws ClientError INVALID_ARGUMENT `OPTION_INVALID` */
export function checkTimeout(name: string, timeoutMs: number): number {
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs < Infinity) return timeoutMs;
  throw invalidOption(`${name} must be a number of milliseconds greater than 0, given ${String(timeoutMs)}`);
}

/** @throws ClientError INVALID_ARGUMENT `OPTION_INVALID` */
export function modelSpec(name: string, options: VersionOptions, signatureName = ''): ModelSpec {
  const { version, label } = options;
  if (version !== undefined && typeof version !== 'bigint') {
    throw invalidOption(`version must be a bigint (3n), given ${typeof version} ${String(version)}`);
  }
  if (version !== undefined && BigInt.asIntN(64, version) !== version) {
    throw invalidOption(`version must fit 64 bits, given ${version}`);
  }
  if (version !== undefined && label !== undefined) {
    throw invalidOption(`Give version or label, not both: version ${version}, label "${label}"`);
  }
  return { name, version, versionLabel: label, signatureName };
}

export function invalidOption(message: string): ClientError {
  return new ClientError('INVALID_ARGUMENT', 'OPTION_INVALID', message);
}
