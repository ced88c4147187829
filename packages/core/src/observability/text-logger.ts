import { type Logger, type LogLevel, logLevels, silentLogger } from '../servable/logger.js';

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
 * line per message with `I` (debug and info), `W` or `E`. Line breaks inside a message are kept.
 */
export function createTextLogger(options: TextLoggerOptions = {}): Logger {
  const { level = 'info', write = (line) => process.stderr.write(line), now = () => new Date() } = options;
  const logger: Record<LogLevel, (message: string) => void> = { ...silentLogger };
  for (const each of logLevels.slice(logLevels.indexOf(level))) {
    const letter = each === 'warning' ? 'W' : each === 'error' ? 'E' : 'I';
    logger[each] = (message) => {
      const time = now().toISOString().replace('T', ' ').replace('Z', '000');
      write(`${time}: ${letter} servable] ${message}\n`);
    };
  }
  return logger;
}
