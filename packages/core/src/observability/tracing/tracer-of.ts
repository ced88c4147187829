import type { Logger } from '../../servable/logger.js';
import type { RequestTracer } from '../../servable/request-tracer.js';
import { ServingError } from '../../servable/serving-error.js';
import { type OpenTelemetryApi, openTelemetryTracer } from './open-telemetry-tracer.js';

/**
 * Spans of requests, if they are wanted and there is something to make them with.
 *
 * @param wanted - `true` asks for them, `false` wants none; by default they are made when an SDK is registered now
 * @throws ServingError FAILED_PRECONDITION `PACKAGE_MISSING` when they are asked for and `@opentelemetry/api` is missing
 */
export async function tracerOf(
  wanted: boolean | undefined,
  logger: Logger,
  load: () => Promise<OpenTelemetryApi>,
): Promise<RequestTracer | undefined> {
  if (wanted === false) return undefined;
  let api: OpenTelemetryApi;
  try {
    api = await load();
  } catch (cause) {
    if (wanted !== true) return undefined;
    throw new ServingError(
      'FAILED_PRECONDITION',
      'PACKAGE_MISSING',
      'Tracing needs the package @opentelemetry/api, which is not installed: npm install @opentelemetry/api, and an SDK ' +
        'such as @opentelemetry/sdk-node that is registered before the server starts',
      { cause },
    );
  }
  // Without an SDK spans have no identity.
  const probe = api.trace.getTracer('servable').startSpan('probe');
  if (!api.isSpanContextValid(probe.spanContext())) {
    if (wanted !== true) return undefined;
    logger.warning('Tracing is on, and no OpenTelemetry SDK is registered: spans go nowhere until one is');
  }
  return openTelemetryTracer(api);
}
