// Servers of many copies of small models, in one process; one JSON answer for each question on stdin.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createServer } from '@servable/server';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const directories = process.argv.slice(2);
const models = (count) =>
  Array.from({ length: count }, (_, i) => ({ name: `model-${i}`, directory: directories[i % directories.length] }));

async function resident() {
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}

async function start(count, options) {
  const begin = performance.now();
  const server = await createServer({ models: models(count), restPort: 0, ...options });
  await server.waitUntilReady();
  return { server, millis: performance.now() - begin };
}

async function predict({ restPort }, name) {
  const response = await fetch(`http://127.0.0.1:${restPort}/v1/models/${name}:predict`, {
    method: 'POST',
    body: '{"instances": [2]}',
  });
  return { status: response.status, body: await response.json() };
}

const questions = {
  /** Milliseconds until all are ready. */
  async ready({ count, concurrent }) {
    const { server, millis } = await start(count, { maxConcurrentLoads: concurrent });
    await server.close();
    return { millis };
  },
  /** Resident MiB before the models are loaded, with them, and when they are unloaded again. */
  async unload({ count }) {
    const before = await resident();
    const { server } = await start(count, {});
    for (const { name } of models(count).filter((_, i) => i % directories.length === 0)) await predict(server, name);
    const loaded = await resident();
    await server.close();
    return { before, loaded, after: await resident() };
  },
  /** Every one of many models asked twice, within a budget. */
  async budget({ count, bytes }) {
    const { server, millis } = await start(count, { modelMemoryBudget: bytes, prometheus: {} });
    const before = await resident();
    let answered = 0;
    let peak = 0;
    let most = 0;
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < count; i++) {
        const { status, body } = await predict(server, `model-${i}`);
        if (status === 200 && body.predictions[0] === 3) answered += 1;
        if (i % 50 !== 0) continue;
        const page = await (await fetch(`http://127.0.0.1:${server.restPort}/monitoring/prometheus/metrics`)).text();
        peak = Math.max(peak, Number(/model_memory_bytes\{\} (\d+)/.exec(page)[1]));
        most = Math.max(most, Number(/models_in_memory\{\} (\d+)/.exec(page)[1]));
      }
    }
    const after = await resident();
    await server.close();
    return { millis, answered, peak, most, grown: after - before };
  },
};

console.log('{}');
for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...how } = JSON.parse(line);
  console.log(JSON.stringify(await questions[ask](how)));
}
