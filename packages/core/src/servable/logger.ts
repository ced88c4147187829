/** How much a line matters, least first. */
export const logLevels = ['debug', 'info', 'warning', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Where the library's messages go; nothing of ours writes to the console. One call is one message. */
export type Logger = Readonly<Record<LogLevel, (message: string) => void>>;

const ignore = (): void => undefined;

/** Drops every message: the default of everything that takes a logger. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warning: ignore, error: ignore };
