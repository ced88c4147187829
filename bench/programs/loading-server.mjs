// A server of one model that loads others when it is told to: loading-server.mjs NAME BASE_PATH
// {"load": {"name": …, "basePath": …}} on stdin is answered with the milliseconds that it took, and the longest time that
// the event loop was not free meanwhile; {"idle": milliseconds} with the longest such time while nothing is loaded.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { createServer } from '@servable/server';

const [name, basePath] = process.argv.slice(2);
const models = [{ name, basePath }];
const server = await createServer({ models, grpcPort: 0, waitForModels: true });
console.log(JSON.stringify({ port: server.grpcPort }));
let closing = false;
process.once('SIGTERM', () => {
  closing = true;
  void server.close().then(() => process.exit(0));
});

/** The time that some work takes, and the longest time between two turns of the event loop, in milliseconds. */
async function watched(work) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const start = performance.now();
  await work();
  const milliseconds = performance.now() - start;
  // A block counts when it is over.
  await new Promise((resolve) => setTimeout(resolve, 20));
  delays.disable();
  return { milliseconds, block: delays.max / 1e6 };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { load, idle } = JSON.parse(line);
  if (load !== undefined) models.push(load);
  const work =
    load === undefined ? () => new Promise((resolve) => setTimeout(resolve, idle)) : () => server.reload(models);
  try {
    console.log(JSON.stringify(await watched(work)));
  } catch (error) {
    // A server that closes gives up what it is loading, and says so to whoever waits for it.
    if (!closing) throw error;
    break;
  }
}
