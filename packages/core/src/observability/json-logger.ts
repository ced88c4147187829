import { type LogFields, type Logger, type LogLevel, logLevels, silentLogger } from '../servable/logger.js';
import type { TextLoggerOptions } from './text-logger.js';

/** The numbers that pino and bunyan use, so that their tools read these lines. */
const levelNumber: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warning: 40, error: 50 };

/**
 * A logger for machines: one JSON object per line with `level` (20 debug, 30 info, 40 warning, 50 error, as pino has
 * it), `time` in milliseconds since the epoch, `pid`, `msg`, and the fields of the message beside them. A field cannot
 * take the place of one of these; bigints are written as strings.
 *
 * @example
 * ```ts
 * const logger = createJsonLogger({ level: 'info' });
 * logger.warning('Slow request', { request_id: 'abc', latency_ms: 812 });
 * // {"level":40,"time":1769850902123,"pid":7,"request_id":"abc","latency_ms":812,"msg":"Slow request"}
 * ```
 */
export function createJsonLogger(options: TextLoggerOptions = {}): Logger {
  const { level = 'info', write = (line) => process.stderr.write(line), now = () => new Date() } = options;
  const logger: Record<LogLevel, Logger[LogLevel]> = { ...silentLogger };
  for (const each of logLevels.slice(logLevels.indexOf(level))) {
    logger[each] = (message, fields) => {
      const own = { level: levelNumber[each], time: now().getTime(), pid: process.pid };
      write(`${JSON.stringify({ ...own, ...plain(fields), ...own, msg: message })}\n`);
    };
  }
  return logger;
}

function plain(fields: LogFields = {}): Record<string, string | number | boolean | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
}
