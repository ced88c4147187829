import { type AddressInfo, createServer } from 'node:net';
import type { CliIo } from '../cli/cli-io.js';
import type { Platform } from '../platforms/platform.js';

/** A command line's surroundings: what it writes is kept, and signals are sent by hand. */
export interface TestIo extends CliIo {
  readonly out: string[];
  readonly err: string[];
  send(signal: 'SIGTERM' | 'SIGINT'): void;
  /** Resolves with the first match in what was written to stderr, now or later. */
  untilLogged(pattern: RegExp): Promise<RegExpExecArray>;
}

export function testIo(options: { readonly cwd?: string; readonly platforms?: readonly Platform[] } = {}): TestIo {
  const out: string[] = [];
  const err: string[] = [];
  const listeners = new Set<(signal: 'SIGTERM' | 'SIGINT') => void>();
  const waiting = new Set<() => void>();
  return {
    cwd: options.cwd ?? '/',
    out,
    err,
    stdout: (text) => void out.push(text),
    stderr(text) {
      err.push(text);
      for (const check of [...waiting]) check();
    },
    onSignal(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    overrides: options.platforms && { platforms: options.platforms },
    send: (signal) => {
      for (const listener of listeners) listener(signal);
    },
    untilLogged: (pattern) =>
      new Promise((resolve) => {
        const check = (): void => {
          const match = pattern.exec(err.join(''));
          if (!match) return;
          waiting.delete(check);
          resolve(match);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
