import {
  createTextLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  logLevels,
  ServingError,
  silentLogger,
} from '@servable/core';
import { pino, type Logger as PinoLogger } from 'pino';

/** How a server writes its log. */
export interface LogOptions {
  /** `text`: lines as TensorFlow Serving writes them; `json`: one object on each line, by pino. Default `text`. */
  readonly format?: LogFormat | undefined;
  /** The least level that is written; default `info`. */
  readonly level?: LogLevel | undefined;
}

export const logFormats = ['text', 'json'] as const;

export type LogFormat = (typeof logFormats)[number];

const pinoLevel = { debug: 'debug', info: 'info', warning: 'warn', error: 'error' } as const satisfies Record<
  LogLevel,
  string
>;

/**
 * The log of a server.
 *
 * @param write - takes each finished line; default the process's stderr
 * @throws ServingError INVALID_ARGUMENT `OPTION_INVALID` for another format or level than there are
 */
export function serverLogger({ format = 'text', level = 'info' }: LogOptions, write?: (line: string) => void): Logger {
  if (!logFormats.includes(format)) throw refusal('format', logFormats, format);
  if (!logLevels.includes(level)) throw refusal('level', logLevels, level);
  if (format === 'text') return createTextLogger({ level, write });
  // Its own process is what runs here: the name of the machine is the collector's to add.
  const options = { level: pinoLevel[level], base: { pid: process.pid } };
  const out = write ?? ((line) => void process.stderr.write(line));
  return fromPino(pino(options, { write: out }));
}

/**
 * A logger that writes to one of pino, a program's own or a child of it, at the level that it has now.
 *
 * @example
 * ```ts
 * const server = await createServer({ models, grpcPort: 8500, logger: fromPino(pino().child({ service: 'models' })) });
 * ```
 */
export function fromPino(to: Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'>): Logger {
  const logger: Record<LogLevel, Logger[LogLevel]> = { ...silentLogger };
  for (const level of logLevels) {
    const name = pinoLevel[level];
    // The silent one stays, so that nobody makes fields which are not written.
    if (!to.isLevelEnabled(name)) continue;
    logger[level] = (message, fields) => (fields === undefined ? to[name](message) : to[name](plain(fields), message));
  }
  return logger;
}

/** JSON has no integers of 64 bits; and a field of ours never takes the place of one of pino's. */
function plain(fields: LogFields): Record<string, string | number | boolean | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      ownNames.has(name) ? `_${name}` : name,
      typeof value === 'bigint' ? String(value) : value,
    ]),
  );
}

const ownNames: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'msg']);

function refusal(name: string, expected: readonly string[], given: unknown): ServingError {
  const words = expected.map((word) => `'${word}'`).join(', ');
  return new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', `log.${name} must be one of ${words}; got '${given}'`);
}
