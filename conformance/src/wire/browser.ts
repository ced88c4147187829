import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Verdict } from './wire-case.js';

/**
 * Loads a page of another origin in a headless Chromium; it calls the server with the web clients (see
 * ../wire-page.ts) and posts what it found.
 *
 * @param address - a server with CORS
 */
export async function runBrowser(
  program: string | undefined,
  address: { readonly rest: string },
): Promise<Omit<Verdict, 'topic'>[]> {
  if (program === undefined) return [{ name: 'the web client', skipped: 'there is no chromium or google-chrome' }];
  const script = await readFile(new URL('wire-page.js', import.meta.url));
  const page = `<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>`;
  let found: (verdicts: Omit<Verdict, 'topic'>[]) => void = () => undefined;
  const verdicts = new Promise<Omit<Verdict, 'topic'>[]>((resolve) => (found = resolve));
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      void text(request).then((body) => found(JSON.parse(body) as Omit<Verdict, 'topic'>[]));
      response.end();
    } else if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else response.setHeader('content-type', 'text/html').end(page);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const { port } = server.address() as AddressInfo;
  const child = spawn(
    program,
    [
      ...['--headless', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${profile}`],
      // Chromium's own sandbox does not start for root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...['--remote-debugging-port=0', `http://127.0.0.1:${port}/?server=http://${address.rest}`],
    ],
    { stdio: 'ignore' },
  );
  const closed = once(child, 'close');
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<Omit<Verdict, 'topic'>[]>((resolve) => {
    clock = setTimeout(() => resolve([{ name: 'the page', failure: 'it said nothing for 90 s' }]), 90_000);
  });
  try {
    return await Promise.race([verdicts, late]);
  } finally {
    clearTimeout(clock);
    child.kill('SIGKILL');
    await closed;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  }
}
