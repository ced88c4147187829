import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Row } from './row.js';

/** The server process and where it listens. */
export interface ServerProcess extends AsyncDisposable {
  readonly grpc: string;
  readonly rest: string;
}

/** Starts dist/server.js and waits for its ports. */
export async function startServer(): Promise<ServerProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('server.js', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const ended = closed.then(([code]) => Promise.reject(new Error(`the server ended with ${code} before it listened`)));
  ended.catch(() => undefined);
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
  const { grpcPort, restPort } = JSON.parse(line) as { grpcPort: number; restPort: number };
  return {
    grpc: `127.0.0.1:${grpcPort}`,
    rest: `127.0.0.1:${restPort}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

/**
 * Runs a program that prints `ok <name>` or `FAIL <name>: <why>` per check.
 *
 * @throws Error when it does not run to its end
 */
export async function runClient(command: string, args: readonly string[]): Promise<Omit<Row, 'name' | 'seconds'>> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = [text(child, 'stdout'), text(child, 'stderr')];
  const [status] = (await once(child, 'close')) as [number | null];
  const lines = out().split('\n');
  const passed = lines.filter((line) => line.startsWith('ok ')).length;
  const failures = lines.filter((line) => line.startsWith('FAIL ')).map((line) => line.slice('FAIL '.length));
  const [, held, total] = /(\d+) of (\d+) checks hold/.exec(err()) ?? [];
  if (Number(held) !== passed || Number(total) !== passed + failures.length) {
    throw new Error(`${command} ended with ${status} before its last check: ${err().trim().slice(-1000)}`);
  }
  return { passed, failures };
}

function text(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  let whole = '';
  child[stream]!.setEncoding('utf8').on('data', (part: string) => (whole += part));
  return () => whole;
}
