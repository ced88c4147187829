import type { Logger } from '../../servable/logger.js';
import type { RequestTracer } from '../../servable/request-tracer.js';
import { tracerOf } from './tracer-of.js';

/**
 * Spans of requests through OpenTelemetry, if they are wanted and there is something to make them with.
 *
 * @param wanted - `true` asks for them, `false` wants none; by default they are made when an SDK is registered now
 * @throws ServingError FAILED_PRECONDITION `PACKAGE_MISSING` when they are asked for and `@opentelemetry/api` is missing
 */
export function loadRequestTracer(wanted: boolean | undefined, logger: Logger): Promise<RequestTracer | undefined> {
  return tracerOf(wanted, logger, () => import('@opentelemetry/api'));
}
