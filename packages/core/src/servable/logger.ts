/** How much a line matters, least first. */
export const logLevels = ['debug', 'info', 'warning', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** What belongs to a message and is easier to search for under a name of its own; undefined ones are left out. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** Where the library's messages go; nothing of ours writes to the console. One call is one message. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

const ignore = (): void => undefined;

/** Drops every message: the default of everything that takes a logger. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warning: ignore, error: ignore };
