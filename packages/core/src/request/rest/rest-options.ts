import { ServingError } from '../../servable/serving-error.js';
import type { ExecutionDependencies } from '../execution/open-request.js';
import type { HandlerDependencies } from '../handlers/handler-dependencies.js';
import type { ListModelsDependencies } from '../handlers/list-models.js';
import { DEFAULT_MAX_INFLATED_BYTES } from './rest-body.js';

/** Bounds on what a caller may send. */
export interface RestLimits {
  /** Most bytes of a request body as sent; default 2147483647, what the gRPC port takes too. Upstream has no limit. */
  readonly maxBodyBytes?: number | undefined;
  /** Most bytes of a gzip body after inflating it; default 104857600 (100 MiB), as upstream. */
  readonly maxInflatedBytes?: number | undefined;
}

export interface RestOptions extends HandlerDependencies, ListModelsDependencies, ExecutionDependencies {
  readonly limits?: RestLimits | undefined;
  /** `--rest_api_timeout_in_ms`: how long the run of a servable may take; default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** `--rest_api_enable_cors_support`: adds the CORS headers to every `/v1/` answer; default `false`. */
  readonly enableCors?: boolean | undefined;
  /** The metrics page and its exact path, such as `/monitoring/prometheus/metrics`; left out by default. */
  readonly prometheus?: { readonly path: string; readonly render: () => string | Promise<string> } | undefined;
}

/** {@link RestOptions} with the defaults filled in. */
export interface ResolvedRestOptions extends RestOptions {
  readonly maxBodyBytes: number;
  readonly maxInflatedBytes: number;
}

/** @throws ServingError INVALID_ARGUMENT `BAD_OPTION` for a limit or timeout that is not a whole number above 0 */
export function resolveRestOptions(options: RestOptions): ResolvedRestOptions {
  const maxBodyBytes = options.limits?.maxBodyBytes ?? 2 ** 31 - 1;
  const maxInflatedBytes = options.limits?.maxInflatedBytes ?? DEFAULT_MAX_INFLATED_BYTES;
  checkPositive('limits.maxBodyBytes', maxBodyBytes);
  checkPositive('limits.maxInflatedBytes', maxInflatedBytes);
  if (options.timeoutMs !== undefined) checkPositive('timeoutMs', options.timeoutMs);
  return Object.freeze({ ...options, maxBodyBytes, maxInflatedBytes });
}

function checkPositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'BAD_OPTION',
      `Bad option ${name}: expected a whole number above 0, given ${value}`,
    );
  }
}
