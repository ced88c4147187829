import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countHostOps, goldenCall, modelNames } from '../lib/exported-models.mjs';
import { compareRates, geometricMean, median } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';
import { writeResults } from '../lib/results-page.mjs';

export const title =
  "every exported SavedModel in-process against TensorFlow's C API, the same threads, one call at a time";

const python = fileURLToPath(new URL('../../conformance/.venv/bin', import.meta.url));
const rounds = { rounds: 5, slowRounds: 3, milliseconds: 150 };

export async function* measure() {
  const threads = availableParallelism();
  const env = {
    CUDA_VISIBLE_DEVICES: '-1',
    TF_CPP_MIN_LOG_LEVEL: '3',
    // TensorFlow's library is looked for in the packages of `python3`.
    PATH: `${python}${delimiter}${process.env['PATH']}`,
  };
  const ours = await startProgram('model-loop.mjs', ['servable', String(threads)], env);
  const theirs = await startProgram('model-loop.mjs', ['tensorflow', String(threads)], env);
  const rows = [];
  try {
    for (const name of modelNames()) {
      const call = goldenCall(name);
      if (call === undefined) {
        yield { what: `${name}: not exported`, value: 0, atLeast: 0.95 };
        continue;
      }
      const hostOps = await countHostOps(call);
      for (const batch of call.batches) {
        const row = { name, batch, hostOps, ...(await compare({ ...call, batch }, ours, theirs)) };
        rows.push(row);
        yield figureOf(row);
      }
    }
  } finally {
    await ours.stop();
    await theirs.stop();
  }
  const compared = rows.filter((row) => row.refused === undefined);
  const mean = geometricMean(compared.map((row) => row.ratio));
  yield { what: `geometric mean of ${compared.length}`, value: mean, atLeast: 1.5 };
  if (process.env['MODELS'] === undefined) await writePage(rows, mean, threads);
}

/** The rates of both, or what one of them said to the call. */
async function compare(message, ours, theirs) {
  for (const [who, program] of Object.entries({ Servable: ours, TensorFlow: theirs })) {
    const { error } = await program.ask(message);
    if (error !== undefined) return { refused: `${who}: ${error}`.slice(0, 120) };
  }
  const processor = { ours: [], theirs: [] };
  const rate = (program, who) => async (milliseconds) => {
    const answer = await program.ask({ milliseconds });
    processor[who].push(answer.processor);
    return answer.rate;
  };
  const result = await compareRates(rate(ours, 'ours'), rate(theirs, 'theirs'), rounds);
  return { ...result, processor: median(processor.theirs) / median(processor.ours) };
}

function figureOf(row) {
  const { name, batch, hostOps, refused, a, b, ratio, low, high, processor } = row;
  const what = batch === undefined ? name : `${name}, ${batch}`;
  // The goldens say what the model takes: some have a batch of their own.
  if (refused !== undefined) return { what: `${what}: not compared`, value: 0, note: refused };
  return {
    what: `${what}: ${a.toPrecision(4)} against ${b.toPrecision(4)}/s`,
    value: ratio,
    atLeast: lineOf(row),
    note: `${low.toFixed(2)} to ${high.toFixed(2)}, ${processor.toFixed(2)} by processor time${hostOps > 0 ? `, ${hostOps} host ops` : ''}`,
  };
}

/** What TensorFlow needs less than a millisecond for is mostly the way in and out. */
function lineOf({ hostOps, b, batch }) {
  if (hostOps > 0) return 0.5;
  return b > 1000 && batch !== 32 ? 2 : 0.95;
}

async function writePage(rows, mean, threads) {
  const compared = rows.filter((row) => row.refused === undefined);
  const missed = compared.filter((row) => row.ratio < lineOf(row));
  const part = (title, some) =>
    `${title}: ${geometricMean(some.map((row) => row.ratio)).toFixed(2)} times in the geometric mean ` +
    `(${Math.min(...some.map((row) => row.ratio)).toFixed(2)} to ${Math.max(...some.map((row) => row.ratio)).toFixed(2)}, ${some.length} comparisons)`;
  await writeResults('tensorflow', {
    title: "Against TensorFlow's C API",
    about: [
      'Calls per second of every exported SavedModel in-process, one call at a time, against TensorFlow through its C API on the same threads; ' +
        'the golden call with its rows repeated up to the batch. Rounds of both alternate; the figure is the median of their ratios. ' +
        '_Processor_ is the ratio of the processor time that a call takes: TensorFlow over Servable.',
      `To reach: 0.95 without host ops, 2 where TensorFlow takes less than a millisecond at batch 1, 0.5 with host ops; 1.5 in the geometric mean.`,
    ],
    facts: [
      `${threads} processors; ${mean.toFixed(2)} times in the geometric mean of ${compared.length} comparisons`,
      part(
        'Without host ops',
        compared.filter((row) => row.hostOps === 0),
      ),
      part(
        'With host ops',
        compared.filter((row) => row.hostOps > 0),
      ),
      `${missed.length} below their line${missed.length === 0 ? '' : `: ${missed.map(({ name, batch }) => `${name} (${batch ?? 'as it is'})`).join(', ')}`}`,
    ],
    columns: ['model', 'batch', 'host ops', 'calls/s', 'TensorFlow', 'ratio', 'spread', 'processor', 'at least', ''],
    rows: rows.map((row) => {
      const { name, batch = '', hostOps } = row;
      if (row.refused !== undefined)
        return [name, batch, hostOps || '', '', '', '', '', '', '', `not compared: ${row.refused}`];
      const line = lineOf(row);
      return [
        name,
        batch,
        hostOps || '',
        row.a.toPrecision(3),
        row.b.toPrecision(3),
        row.ratio.toFixed(2),
        `${row.low.toFixed(2)} to ${row.high.toFixed(2)}`,
        row.processor.toFixed(2),
        line,
        row.ratio < line ? '**below**' : '',
      ];
    }),
  });
}
