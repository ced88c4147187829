import { availableParallelism } from 'node:os';
import { basePath } from '../lib/models.mjs';
import { median } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title = 'many small models: start, memory budget, and memory after unloading';

/** Middle of what several turns gave. */
async function ready(program, how) {
  const runs = [];
  for (let i = 0; i < 5; i++) runs.push((await program.ask({ ask: 'ready', count: 50, ...how })).millis);
  return median(runs);
}

export async function measure() {
  const cores = availableParallelism();
  const mixed = await startProgram(
    'many-models.mjs',
    ['half_plus_two', 'wine', 'digits'].map((m) => `${basePath(m)}/1`),
  );
  await mixed.ask({ ask: 'ready', count: 6 });
  const [alone, together] = [await ready(mixed, { concurrent: 1 }), await ready(mixed, {})];
  await mixed.ask({ ask: 'unload', count: 200 });
  const { before, loaded, after } = await mixed.ask({ ask: 'unload', count: 200 });
  await mixed.stop();

  const small = await startProgram('many-models.mjs', [`${basePath('half_plus_two')}/1`]);
  const bytes = 50 * 2 ** 20;
  const budget = await small.ask({ ask: 'budget', count: 1000, bytes });
  await small.stop();
  return [
    { what: '50 models one after the other, to ready', value: alone, unit: 'ms' },
    { what: '50 models side by side, to ready', value: together, unit: 'ms' },
    { what: `against one after the other on ${cores} cores`, value: together / (alone / cores), atMost: 1.3 },
    { what: 'memory of 200 models', value: loaded - before, unit: 'MiB' },
    { what: 'of it given back when they are unloaded', value: (loaded - after) / (loaded - before), atLeast: 0.8 },
    { what: '1,000 models within 50 MiB: right answers of 2,000', value: budget.answered, atLeast: 2000 },
    { what: 'most in memory at once', value: budget.most },
    { what: 'most that was counted', value: budget.peak / 2 ** 20, unit: 'MiB', atMost: 50 },
    { what: 'resident memory that it took', value: budget.grown, unit: 'MiB', atMost: 75 },
  ];
}
