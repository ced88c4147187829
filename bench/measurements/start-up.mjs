import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { openLoad, predictBytes } from '../lib/grpc-load.mjs';
import { basePath, goldenInputs } from '../lib/models.mjs';
import { median } from '../lib/pairs.mjs';

export const title = 'from process start to the first answered prediction of the digit model';

const cli = fileURLToPath(new URL('../../packages/server/dist/cli.js', import.meta.url));

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function once(bytes) {
  const port = await freePort();
  const start = performance.now();
  const args = [cli, 'serve', basePath('digits'), '--port', String(port), '--rest-port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const times = {};
  const listening = new Promise((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (text.includes('Running gRPC')) {
        times.listening = performance.now() - start;
        resolve();
      }
      if (text.includes('Successfully loaded')) times.loaded = performance.now() - start;
    });
  });
  await listening;
  const load = openLoad(port, bytes);
  for (;;) {
    try {
      await load.call();
      break;
    } catch (error) {
      if (error.code !== 14 || performance.now() - start > 30_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  times.answered = performance.now() - start;
  load.close();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  return times;
}

export async function measure() {
  const bytes = predictBytes('digits', goldenInputs('digits', 1));
  const runs = [];
  for (let i = 0; i < 7; i++) runs.push(await once(bytes));
  const of = (key) => median(runs.map((run) => run[key]));
  return [
    { what: 'ports open', value: of('listening'), unit: 'ms' },
    { what: 'model loaded', value: of('loaded'), unit: 'ms' },
    { what: 'first prediction answered', value: of('answered'), unit: 'ms', atMost: 1000 },
  ];
}
