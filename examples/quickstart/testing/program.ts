import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The environment without what npm tells the scripts that it runs, which would change what they print. */
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|FORCE_COLOR|VITEST|NODE_)/i.test(name)),
  ),
  NX_DAEMON: 'false',
  NO_COLOR: '1',
};

/** A command that runs in the root of the workspace, in a process group of its own. */
export interface Program extends AsyncDisposable {
  /** What it has printed so far, both streams. */
  readonly output: () => string;
  /** Resolves with the match once the output has one; @throws Error with the output when the command ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** As Ctrl-C does it: to every process of the group. */
  interrupt(): void;
  /** Resolves with the exit status. */
  readonly exit: Promise<number | null>;
}

export function start(command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let ended = false;
  let changed = (): void => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      changed();
    });
  }
  const exit = once(child, 'close').then(([code]) => {
    ended = true;
    changed();
    return code as number | null;
  });
  const signal = (name: NodeJS.Signals): void => {
    if (!ended && child.pid !== undefined) process.kill(-child.pid, name);
  };
  return {
    output: () => text,
    exit,
    interrupt: () => signal('SIGINT'),
    async printed(pattern) {
      for (;;) {
        const match = pattern.exec(text);
        if (match) return match;
        if (ended) throw new Error(`${command} ended without printing ${pattern}:\n${text}`);
        await new Promise<void>((resolve) => (changed = resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      signal('SIGKILL');
      await exit.catch(() => undefined);
    },
  };
}

/** Takes a port and keeps it. */
export async function takenPort(): Promise<{ readonly port: number; readonly release: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { port, release } = await takenPort();
  await release();
  return port;
}
