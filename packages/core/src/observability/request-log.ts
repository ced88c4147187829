import { type Clock, systemClock } from '../servable/clock.js';
import { type LogFields, type Logger, type LogLevel, silentLogger } from '../servable/logger.js';
import type { RequestObserver, RequestRecord } from '../servable/request-record.js';
import { ServingError, type StatusCode } from '../servable/serving-error.js';

export interface RequestLogOptions {
  readonly logger: Logger;
  /** Requests that take this many milliseconds or more are written as warnings; default: none are. */
  readonly slowRequestMs?: number | undefined;
  /** Most lines per second above the level `debug`; how many were left out stands in the next line. Default 20. */
  readonly maxLinesPerSecond?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Failures that are the server's own, not the caller's. */
const serverFaults: ReadonlySet<StatusCode> = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS']);

/**
 * Makes an observer that writes requests to a log, each with its id, model, outcome, times and sizes as fields: failures
 * of the server as errors, slow requests as warnings, everything else at the level `debug`.
 *
 * @throws ServingError INVALID_ARGUMENT `BAD_OPTION` for a limit that is not a number above 0
 */
export function requestLog(options: RequestLogOptions): RequestObserver {
  const { logger, slowRequestMs = Infinity, maxLinesPerSecond = 20, clock = systemClock } = options;
  checkPositive('slowRequestMs', slowRequestMs);
  checkPositive('maxLinesPerSecond', maxLinesPerSecond);
  // Loggers leave the levels that they do not write as they are in the silent one; the fields are not made for those.
  const hearsDebug = logger.debug !== silentLogger.debug;
  let windowStart = -Infinity;
  let lines = 0;
  let suppressed = 0;
  const write = (level: LogLevel, message: string, fields: LogFields): void => {
    const now = clock.now();
    if (now - windowStart >= 1000) {
      windowStart = now;
      lines = 0;
    }
    if (++lines > maxLinesPerSecond) {
      suppressed++;
      return;
    }
    logger[level](message, suppressed === 0 ? fields : { ...fields, suppressed_lines: suppressed });
    suppressed = 0;
  };
  return (record) => {
    if (serverFaults.has(record.code)) write('error', 'Request failed', fieldsOf(record));
    else if (record.latencyMicros >= slowRequestMs * 1000) write('warning', 'Slow request', fieldsOf(record));
    else if (hearsDebug) logger.debug('Request', fieldsOf(record));
  };
}

/** Longest text from a request that goes into a log line, in UTF-16 units. */
const MAX_TEXT = 512;

function fieldsOf(record: RequestRecord): LogFields {
  const isOk = record.code === 'OK';
  return {
    request_id: record.requestId,
    trace_id: record.traceId,
    entrypoint: record.entrypoint,
    method: record.method,
    caller: record.caller,
    model: record.modelName.slice(0, MAX_TEXT),
    version: record.version,
    signature: record.signatureName,
    code: record.code,
    reason: isOk ? undefined : record.reason,
    error: isOk ? undefined : record.message.slice(0, MAX_TEXT),
    latency_ms: record.latencyMicros / 1000,
    queue_ms: record.queueMicros === 0 ? undefined : record.queueMicros / 1000,
    run_ms: record.runMicros === undefined ? undefined : record.runMicros / 1000,
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
  };
}

function checkPositive(name: string, value: number): void {
  if (value > 0) return;
  throw new ServingError('INVALID_ARGUMENT', 'BAD_OPTION', `Bad option ${name}: expected more than 0, given ${value}`);
}
