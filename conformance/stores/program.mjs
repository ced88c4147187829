import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const guard = fileURLToPath(new URL('guard.mjs', import.meta.url));

/**
 * Starts a program that never outlives this one. `output()` is all that it has written, `kill()` is a SIGKILL and
 * resolves when it is gone.
 */
export function startProgram(command, args, env = {}) {
  const child = spawn(process.execPath, [guard, command, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  }
  const exited = new Promise((resolve) => child.once('exit', resolve));
  return {
    output: () => text,
    exited,
    async kill() {
      child.stdin.destroy();
      await exited;
    },
  };
}

/** A port of this machine that nobody has now. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Asks until there is an answer that is not falsy, for up to a minute. */
export async function until(what, look) {
  const end = performance.now() + 60_000;
  let problem = '';
  do {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      problem = `: ${error.message}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (performance.now() < end);
  throw new Error(`${what}: not within a minute${problem}`);
}
