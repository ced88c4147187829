import { createServer } from 'node:net';
import type { Check } from './check.js';

/** Whether a server could listen on a port, on this machine only and for others. */
export async function checkPort(name: string, title: string, port: number, flag: string): Promise<Check> {
  const failure = (await tryPort(port, '127.0.0.1')) ?? (await tryPort(port, '0.0.0.0'));
  return {
    name,
    title,
    status: failure === undefined ? 'ok' : 'warning',
    found: failure === undefined ? `${port} is free` : `${port} cannot be used (${failure})`,
    ...(failure === undefined ? {} : { advice: `choose another one with ${flag}, or end what listens there` }),
    details: { port, free: failure === undefined },
  };
}

function tryPort(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host }, () => server.close(() => resolve(undefined)));
  });
}
