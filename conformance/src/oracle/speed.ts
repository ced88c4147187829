import type { Model, ModelCall } from '@servable/runtime';

const rounds = 4;
const roundMs = 100;

/** Calls per second of both, one at a time, in rounds that take turns; the best round of each counts. */
export async function compareSpeed(ours: Model, theirs: Model, call: ModelCall) {
  await ours.run(call);
  await theirs.run(call);
  const best = { ours: 0, theirs: 0 };
  for (let round = 0; round < rounds; round++) {
    best.ours = Math.max(best.ours, await rate(ours, call));
    best.theirs = Math.max(best.theirs, await rate(theirs, call));
  }
  return best;
}

async function rate(model: Model, call: ModelCall): Promise<number> {
  const started = performance.now();
  let calls = 0;
  do {
    await model.run(call);
    calls += 1;
  } while (performance.now() - started < roundMs);
  return (calls * 1000) / (performance.now() - started);
}
