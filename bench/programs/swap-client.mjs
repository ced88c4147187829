// A client at a steady rate, in a process of its own: swap-client.mjs, then one line of JSON for each thing to do.
// {"open": {port, model, batch, golden}} → {}; {"closed": ms} → {rate}; {"start": rate} → {}; {"mark": true} → what was
// answered since the mark before.
import { createInterface } from 'node:readline';
import { openLoad, predictBytes } from '../lib/grpc-load.mjs';
import { goldenInputs } from '../lib/models.mjs';

let load;
let timer;
let latencies = [];
let failures = [];
let inFlight = 0;

const one = async () => {
  const from = performance.now();
  inFlight += 1;
  try {
    await load.call();
    latencies.push(performance.now() - from);
  } catch (error) {
    failures.push(String(error.message));
  }
  inFlight -= 1;
};

async function closedLoop(milliseconds) {
  const from = performance.now();
  let calls = 0;
  const worker = async () => {
    while (performance.now() - from < milliseconds) {
      await load.call();
      calls += 1;
    }
  };
  await Promise.all([worker(), worker()]);
  return (calls * 1000) / (performance.now() - from);
}

/** Calls leave at their times, whether answers have come or not. */
function start(rate) {
  const from = performance.now();
  let sent = 0;
  timer = setInterval(() => {
    const due = ((performance.now() - from) * rate) / 1000;
    for (; sent < due; sent += 1) void one();
  }, 1);
}

async function answer({ open, closed, startAt, mark, stop }) {
  if (open) {
    load = openLoad(open.port, predictBytes(open.model, goldenInputs(open.model, 1), { content: true }));
    return {};
  }
  if (closed) return { rate: await closedLoop(closed) };
  if (startAt) return (start(startAt), {});
  if (mark) {
    const seen = { latencies, failures };
    latencies = [];
    failures = [];
    return seen;
  }
  if (stop) {
    clearInterval(timer);
    while (inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    return { failures };
  }
  throw new Error('unknown request');
}

console.log('{}');
for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await answer(JSON.parse(line))));
process.once('SIGTERM', () => process.exit(0));
