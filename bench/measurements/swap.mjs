import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { basePath } from '../lib/models.mjs';
import { memoryOf, startProgram } from '../lib/processes.mjs';

export const title = 'Versions swapped under a steady load of 30 % of what the server can carry';

/** Milliseconds between one swap and the next, and of the steady part before. */
const cases = [
  { model: 'digits', swaps: 50, pauseMs: 200, steadyMs: 10_000, options: {} },
  { model: 'resnet50', swaps: 5, pauseMs: 2000, steadyMs: 15_000, options: {} },
];

export async function measure() {
  const results = [];
  for (const each of cases) results.push(...(await swapUnderLoad(each)));
  return results;
}

async function swapUnderLoad({ model, swaps, pauseMs, steadyMs, options }) {
  const source = join(basePath(model), '1');
  const directory = mkdtempSync(join(tmpdir(), 'servable-swap-'));
  // Copied beside and renamed, as a deployment would.
  const addVersion = (version) => {
    const staged = join(directory, `staged-${version}`);
    cpSync(source, staged, { recursive: true });
    renameSync(staged, join(directory, String(version)));
  };
  addVersion(1);
  const server = await startProgram('swap-server.mjs', [model, directory, JSON.stringify(options)]);
  const client = await startProgram('swap-client.mjs');
  try {
    await client.ask({ open: { port: server.port, model } });
    await client.ask({ closed: 1000 });
    const { rate: capacity } = await client.ask({ closed: 5000 });
    await client.ask({ startAt: capacity * 0.3 });
    await pause(2000);
    await client.ask({ mark: true });
    await pause(steadyMs);
    const steady = await client.ask({ mark: true });
    let first;
    for (let version = 2; version <= swaps + 1; version += 1) {
      addVersion(version);
      await server.ask({ until: version });
      rmSync(join(directory, String(version - 1)), { recursive: true });
      await pause(pauseMs);
      if (version === 2) first = memoryOf(server.pid).resident;
    }
    const swapping = await client.ask({ mark: true });
    const last = memoryOf(server.pid).resident;
    const { failures } = await client.ask({ stop: true });
    const failed = [...steady.failures, ...swapping.failures, ...failures];
    if (failed.length > 0) console.error(`  ${failed[0]}`);
    const steadyP99 = percentile(steady.latencies, 0.99);
    const swapP99 = percentile(swapping.latencies, 0.99);
    const named = (what) => `${model}: ${what}`;
    return [
      { what: named('capacity, 2 in flight'), value: capacity, unit: 'calls/s' },
      { what: named('swaps'), value: swaps },
      { what: named('calls during the swaps'), value: swapping.latencies.length },
      { what: named('failed calls'), value: failed.length, atMost: 0 },
      { what: named('p50, steady'), value: percentile(steady.latencies, 0.5), unit: 'ms' },
      { what: named('p50 during the swaps'), value: percentile(swapping.latencies, 0.5), unit: 'ms' },
      { what: named('p99, steady'), value: steadyP99, unit: 'ms' },
      {
        what: named('p99 during the swaps'),
        value: swapP99,
        unit: 'ms',
        atMost: Number(Math.max(1.5 * steadyP99, steadyP99 + 20).toFixed(2)),
      },
      { what: named('slowest during the swaps'), value: Math.max(...swapping.latencies), unit: 'ms' },
      { what: named('resident after the first swap'), value: first, unit: 'MiB' },
      { what: named('after the last, times that'), value: last / first, atMost: 1.05 },
    ];
  } finally {
    await client.stop();
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
