import type { JsonLimits } from '@servable/tensor';
import { ServingError } from '../../servable/serving-error.js';
import { ByteBudget } from '../execution/byte-budget.js';
import type { OipDependencies } from '../oip/oip-model.js';
import type { WebOptions } from '../web/web-options.js';
import type { CorsOrigins } from './cors.js';
import { DEFAULT_MAX_INFLATED_BYTES } from './rest-body.js';

/** Bounds on what a caller may send. */
export interface RestLimits {
  /** Most bytes of a request body as sent; default 2147483647, what the gRPC port takes too. Upstream has no limit. */
  readonly maxBodyBytes?: number | undefined;
  /** Most bytes of a gzip body after inflating it; default 104857600 (100 MiB), as upstream. */
  readonly maxInflatedBytes?: number | undefined;
  /**
   * Most bytes of request bodies held at the same time, over all requests, inflated ones included; a request over it is
   * UNAVAILABLE. Default: no limit. At least `maxBodyBytes`.
   */
  readonly maxHeldBodyBytes?: number | undefined;
  /** Most arrays and objects inside one another in a JSON body, at least 64; default: no limit, as upstream. */
  readonly maxJsonDepth?: number | undefined;
}

export interface RestOptions extends OipDependencies {
  /**
   * `admin` answers what operators ask alone: lists, states, metadata, the configuration and metrics, and refuses
   * inference. Default: everything.
   */
  readonly purpose?: 'admin' | undefined;
  readonly limits?: RestLimits | undefined;
  /** `--rest_api_timeout_in_ms`: how long the run of a servable may take; default: no limit. */
  readonly timeoutMs?: number | undefined;
  /**
   * `--rest_api_enable_cors_support`: lets the pages of any web site read the answers, or those of the origins in a list
   * (`https://app.example.com`); default `false`.
   */
  readonly enableCors?: CorsOrigins | undefined;
  /** Answers gRPC-Web and Connect too, beside REST; default: not. */
  readonly web?: WebOptions | undefined;
  /** Makes the answer of `GET /v1/config`, anything that JSON can hold, without secrets; left out by default. */
  readonly config?: (() => unknown) | undefined;
  /** Why there is no `config` here; default UNIMPLEMENTED. */
  readonly configRefusal?: ServingError | undefined;
  /** The metrics page and its exact path, such as `/monitoring/prometheus/metrics`; left out by default. */
  readonly prometheus?: { readonly path: string; readonly render: () => string | Promise<string> } | undefined;
}

/** {@link RestOptions} with the defaults filled in. */
export interface ResolvedRestOptions extends RestOptions {
  readonly maxBodyBytes: number;
  readonly maxInflatedBytes: number;
  readonly jsonLimits: JsonLimits;
  /** Shared by all requests of one handler. */
  readonly bodyBudget: ByteBudget;
}

/** @throws ServingError INVALID_ARGUMENT `BAD_OPTION` for a limit or timeout that is not a whole number above 0 */
export function resolveRestOptions(options: RestOptions): ResolvedRestOptions {
  const maxBodyBytes = options.limits?.maxBodyBytes ?? 2 ** 31 - 1;
  const maxInflatedBytes = options.limits?.maxInflatedBytes ?? DEFAULT_MAX_INFLATED_BYTES;
  checkPositive('limits.maxBodyBytes', maxBodyBytes);
  checkPositive('limits.maxInflatedBytes', maxInflatedBytes);
  if (options.timeoutMs !== undefined) checkPositive('timeoutMs', options.timeoutMs);
  const { maxHeldBodyBytes = Infinity, maxJsonDepth } = options.limits ?? {};
  if (maxHeldBodyBytes !== Infinity) {
    checkPositive('limits.maxHeldBodyBytes', maxHeldBodyBytes);
    if (maxHeldBodyBytes < maxBodyBytes) {
      throw badOption('limits.maxHeldBodyBytes', `at least maxBodyBytes (${maxBodyBytes})`, maxHeldBodyBytes);
    }
  }
  if (maxJsonDepth !== undefined && (!Number.isSafeInteger(maxJsonDepth) || maxJsonDepth < 64)) {
    throw badOption('limits.maxJsonDepth', 'a whole number of at least 64', maxJsonDepth);
  }
  return Object.freeze({
    ...options,
    maxBodyBytes,
    maxInflatedBytes,
    jsonLimits: { maxDepth: maxJsonDepth },
    bodyBudget: new ByteBudget(maxHeldBodyBytes),
  });
}

function checkPositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value <= 0) throw badOption(name, 'a whole number above 0', value);
}

function badOption(name: string, expected: string, given: number): ServingError {
  const message = `Bad option ${name}: expected ${expected}, given ${given}`;
  return new ServingError('INVALID_ARGUMENT', 'BAD_OPTION', message);
}
