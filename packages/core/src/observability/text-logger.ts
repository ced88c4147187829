import { type LogFields, type Logger, type LogLevel, logLevels, silentLogger } from '../servable/logger.js';

export interface TextLoggerOptions {
  /** The least level that is written; default `info`. */
  readonly level?: LogLevel | undefined;
  /** Takes each finished line, newline included; default the process's stderr. */
  readonly write?: ((line: string) => void) | undefined;
  /** Default the time of day. */
  readonly now?: (() => Date) | undefined;
}

/**
 * A logger in the style of upstream's: `2026-01-31 09:15:02.123000: I servable] Running gRPC ModelServer …`, UTC, one
 * line per message with `I` (debug and info), `W` or `E`, and fields as `name=value` at its end. Line breaks inside a
 * message are kept, those inside a field escaped.
 */
export function createTextLogger(options: TextLoggerOptions = {}): Logger {
  const { level = 'info', write = (line) => process.stderr.write(line), now = () => new Date() } = options;
  const logger: Record<LogLevel, Logger[LogLevel]> = { ...silentLogger };
  for (const each of logLevels.slice(logLevels.indexOf(level))) {
    const letter = each === 'warning' ? 'W' : each === 'error' ? 'E' : 'I';
    logger[each] = (message, fields) => {
      const time = now().toISOString().replace('T', ' ').replace('Z', '000');
      write(`${time}: ${letter} servable] ${message}${formatFields(fields)}\n`);
    };
  }
  return logger;
}

function formatFields(fields: LogFields = {}): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${formatValue(String(value))}`)
    .join('');
}

/** Quoted when it could not be told from what is around it. */
function formatValue(value: string): string {
  return /^[\w.:/+-]+$/.test(value) ? value : JSON.stringify(value);
}
