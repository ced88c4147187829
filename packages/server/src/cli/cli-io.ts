import type { ServerOptions } from '../server-options.js';

/** Everything a command touches outside of itself. */
export interface CliIo {
  /** Base of relative paths. */
  readonly cwd: string;
  readonly stdout: (text: string) => void;
  /** Columns of the terminal that {@link stdout} is; absent where it is none. */
  readonly columns?: number | undefined;
  /** Takes whole lines of the log and of error messages. */
  readonly stderr: (text: string) => void;
  /** Whether {@link stderr} is a terminal that somebody watches. Default `false`. */
  readonly isTerminal?: boolean | undefined;
  /** Columns of that terminal now. */
  readonly stderrColumns?: (() => number | undefined) | undefined;
  /** Shows a line below the log, in place of the one before; empty takes it away. Absent where there is no terminal. */
  readonly showStatus?: ((line: string) => void) | undefined;
  /** Calls back for every SIGTERM and SIGINT; the returned function ends that. */
  readonly onSignal: (listener: (signal: 'SIGTERM' | 'SIGINT') => void) => () => void;
  /** Replaces parts of the server's options, for tests. */
  readonly overrides?: Partial<Pick<ServerOptions, 'platforms' | 'clock'>> | undefined;
}

/** What a command is given. */
export interface CommandContext {
  readonly io: CliIo;
}
