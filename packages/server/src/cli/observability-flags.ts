import type { Logger, LogLevel } from '@servable/core';
import { type LogFormat, type LogOptions, serverLogger } from '../logging/server-logger.js';
import type { RequestOptions } from '../request-options.js';
import type { CliIo } from './cli-io.js';
import { flag, inGroup, ownFlags, type ParsedFlags } from './parse-flags.js';

export const logFormatHelp = 'text: lines as TensorFlow Serving writes them; json: one object on each line.';
export const logLevelHelp = 'Least level of the log: debug, info, warning or error; debug has a line for each request.';
export const slowRequestHelp = 'Requests that take this many milliseconds or more are logged as warnings; zero: none.';
export const tracingHelp =
  'Make OpenTelemetry spans of requests; an error where @opentelemetry/api is missing. By default they are made when an ' +
  'SDK is registered.';

const logFlags = inGroup('Log and traces', {
  log_format: flag('string', 'text', logFormatHelp),
  log_level: flag('string', 'info', logLevelHelp),
  slow_request_ms: flag('float', 0, slowRequestHelp),
  enable_tracing: flag('bool', false, tracingHelp, { defaultText: 'with an SDK' }),
});

const recordingFlags = inGroup('Recorded requests (logging_config)', {
  request_log_root: flag(
    'string',
    '',
    'Absolute paths, separated by commas, of directories in which logging_config of HandleReloadConfigRequest may write, ' +
      'besides those that are configured.',
  ),
  request_log_max_file_bytes: flag(
    'int64',
    0n,
    'A file of recorded requests (logging_config) of this size is complete; zero: 268435456.',
  ),
  request_log_max_file_seconds: flag(
    'float',
    0,
    'A file of recorded requests is complete after so many seconds; zero: 600.',
  ),
});

/** Flags on logs, traces and recorded requests, all of them ours. */
export const observabilityFlags = ownFlags({ ...logFlags, ...recordingFlags });

type Flags = ParsedFlags<typeof observabilityFlags>;

/** The options that {@link observabilityFlags} come to, but for the log. */
export function observabilityOptions({
  values,
  given,
}: Pick<Flags, 'values' | 'given'>): Pick<RequestOptions, 'slowRequestMs' | 'requestLog' | 'tracing'> {
  const roots = values.request_log_root;
  return {
    slowRequestMs: values.slow_request_ms === 0 ? undefined : values.slow_request_ms,
    tracing: given.has('enable_tracing') ? values.enable_tracing : undefined,
    requestLog: {
      roots: roots === '' ? [] : roots.split(','),
      maxFileBytes: Number(values.request_log_max_file_bytes) || undefined,
      maxFileAgeMs: Math.round(values.request_log_max_file_seconds * 1000) || undefined,
    },
  };
}

/**
 * The log of a command: what flags say wins over what a file says.
 *
 * @throws ServingError INVALID_ARGUMENT for another format or level than there are
 */
export function commandLogger(io: CliIo, flags: { format?: string; level?: string }, file: LogOptions = {}): Logger {
  const format = flags.format === undefined ? file.format : (flags.format as LogFormat);
  const level = flags.level === undefined ? file.level : (flags.level as LogLevel);
  return serverLogger({ format, level }, io.stderr);
}
