import { predictBytes } from '../lib/grpc-load.mjs';
import { basePath, goldenInputs } from '../lib/models.mjs';
import { median } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';
import { openWireLoad } from '../lib/wire-load.mjs';

export const title = 'ResNet50 at 3 times the load that it can carry: goodput, and how long admitted calls take';

const rounds = 5;
const milliseconds = 6000;
/** Enough to keep the engine busy while answers and requests are on their way. */
const admission = { maxConcurrent: 2, maxQueued: 0 };

export async function measure() {
  const inputs = goldenInputs('resnet50', 1);
  const server = await startProgram('model-server.mjs', [
    'resnet50',
    basePath('resnet50'),
    JSON.stringify({ admission }),
  ]);
  const load = await openWireLoad(server.port, predictBytes('resnet50', inputs, { content: true }));
  try {
    await closedLoop(load.call, 2, 2000);
    const results = [];
    for (let round = 0; round < rounds; round++) {
      const unloaded = await closedLoop(load.call, 1, milliseconds);
      const peak = await closedLoop(load.call, 2, milliseconds);
      const cpu = process.cpuUsage();
      const over = await openLoop(load.call, peak.rate * 3, milliseconds);
      const { user, system } = process.cpuUsage(cpu);
      results.push({
        peak: peak.rate,
        goodput: over.rate,
        goodputRatio: over.rate / peak.rate,
        unloadedP99: percentile(unloaded.latencies, 0.99),
        p99: percentile(over.latencies, 0.99),
        p99Ratio: percentile(over.latencies, 0.99) / percentile(unloaded.latencies, 0.99),
        offered: over.offered / peak.rate,
        generator: (user + system) / 1000 / milliseconds,
      });
    }
    const of = (key) => median(results.map((result) => result[key]));
    return [
      { what: 'peak, 2 in flight', value: of('peak'), unit: 'calls/s' },
      { what: 'offered, times the peak', value: of('offered') },
      { what: 'goodput', value: of('goodput'), unit: 'calls/s' },
      { what: 'goodput over the peak', value: of('goodputRatio'), atLeast: 0.9 },
      { what: 'p99, one call at a time', value: of('unloadedP99'), unit: 'ms' },
      { what: 'p99 of admitted calls', value: of('p99'), unit: 'ms' },
      { what: 'p99 over the unloaded one', value: of('p99Ratio'), atMost: 3 },
      { what: 'cores that the load generator takes', value: of('generator'), atMost: 0.2 },
    ];
  } finally {
    load.close();
    await server.stop();
  }
}

async function closedLoop(call, inFlight, milliseconds) {
  const latencies = [];
  const start = performance.now();
  const worker = async () => {
    while (performance.now() - start < milliseconds) {
      const begin = performance.now();
      await call();
      latencies.push(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { latencies, rate: (latencies.length * 1000) / (performance.now() - start) };
}

/** Calls at a rate of their own, whether answers come or not; refusals are expected, other failures are not. */
async function openLoop(call, rate, milliseconds) {
  const latencies = [];
  const calls = [];
  let unexpected;
  const one = async () => {
    const begin = performance.now();
    try {
      await call();
      latencies.push(performance.now() - begin);
    } catch (error) {
      if (error.code !== 14) unexpected ??= error;
    }
  };
  const start = performance.now();
  await new Promise((resolve) => {
    const tick = () => {
      const passed = performance.now() - start;
      while (calls.length < (passed * rate) / 1000) calls.push(one());
      if (passed < milliseconds) setTimeout(tick, 2);
      else resolve();
    };
    tick();
  });
  const passed = performance.now() - start;
  await Promise.all(calls);
  if (unexpected !== undefined) throw unexpected;
  return { latencies, rate: (latencies.length * 1000) / passed, offered: (calls.length * 1000) / passed };
}

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
