// Every exported SavedModel on our engine and on a rival, in two programs side by side.
import { fileURLToPath } from 'node:url';
import { allModelNames, countHostOps, goldenCall, modelNames } from './exported-models.mjs';
import { compareRates, geometricMean, median } from './pairs.mjs';
import { KeptRows } from './kept-rows.mjs';
import { writeResults } from './results-page.mjs';

/** The root of the repository. */
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Calls of more than a second are their own warm-up: the first one has been made when the model was loaded. */
const rounds = { rounds: 5, slowRounds: 3, longRounds: 2, milliseconds: 100 };

/**
 * Compares all models at every batch that they take, yields figures and writes the page of the results, unless MODELS
 * names some of the models. Every model's rows are kept when they are there: with RESUME=1, only models without rows are
 * run, or those that MODELS names, and the page is written of all rows.
 *
 * @param programs - `{ ours, theirs }`, which run model-loop.mjs
 * @param rival - `name`; `callOf(name, call)`: the call as the rival takes it, or why there is none; `lineOf(row)`: what
 * the ratio has to reach
 * @param page - `name`, `title`, `about`; `mean`: what the geometric mean has to reach
 */
export async function* compareModels({ ours, theirs }, rival, page) {
  const isNamed = process.env['MODELS'] !== undefined;
  const resumes = process.env['RESUME'] === '1';
  const kept = new KeptRows(page.name, { read: resumes, write: resumes || !isNamed });
  for (const name of isNamed ? modelNames() : modelNames().filter((each) => !kept.has(each))) {
    const rows = [];
    const call = goldenCall(name);
    if (call === undefined) {
      yield { what: `${name}: not exported`, value: 0, atLeast: 0.95 };
      continue;
    }
    const theirCall = await rival.callOf(name, call);
    const hostOps = await countHostOps(call);
    for (const batch of theirCall.refused === undefined ? call.batches : [undefined]) {
      const compared =
        theirCall.refused === undefined
          ? await compare({ Servable: [ours, { ...call, batch }], [rival.name]: [theirs, { ...theirCall, batch }] })
          : { refused: `${rival.name}: ${theirCall.refused}` };
      const row = { name, batch, hostOps, ...compared };
      rows.push(row);
      yield figureOf(row, rival);
    }
    kept.set(name, rows);
  }
  const rows = allModelNames().flatMap((name) => kept.rowsOf(name));
  const compared = rows.filter((row) => row.refused === undefined);
  const mean = geometricMean(compared.map((row) => row.ratio));
  yield { what: `geometric mean of ${compared.length}`, value: mean, atLeast: page.mean };
  if (resumes || !isNamed) await writePage(rows, rival, page);
}

/** The rates of both, or what one of them said to the call. */
async function compare(sides) {
  const [ours, theirs] = Object.values(sides).map(([program]) => program);
  for (const [who, [program, message]] of Object.entries(sides)) {
    const { error } = await program.ask(message);
    if (error !== undefined) return { refused: `${who}: ${error}` };
  }
  const processor = { ours: [], theirs: [] };
  const rate = (program, times) => async (milliseconds) => {
    const answer = await program.ask({ milliseconds });
    times.push(answer.processor);
    return answer.rate;
  };
  const result = await compareRates(rate(ours, processor.ours), rate(theirs, processor.theirs), rounds);
  return { ...result, processor: median(processor.theirs) / median(processor.ours) };
}

function figureOf(row, rival) {
  const { name, batch, hostOps, refused, a, b, ratio, low, high, processor } = row;
  const what = batch === undefined ? name : `${name}, ${batch}`;
  if (refused !== undefined) return { what: `${what}: not compared`, value: 0, note: reasonOf(row) };
  const spread = `${low.toFixed(2)} to ${high.toFixed(2)}, ${processor.toFixed(2)} by processor time`;
  return {
    what: `${what}: ${a.toPrecision(4)} against ${b.toPrecision(4)}/s`,
    value: ratio,
    atLeast: rival.lineOf(row),
    note: hostOps > 0 ? `${spread}, ${hostOps} host ops` : spread,
  };
}

/** Why a row has no figures: without the folder that the files lie in, which is another on every machine. */
function reasonOf({ refused }) {
  return refused.replaceAll(root, '').slice(0, 150);
}

async function writePage(rows, rival, page) {
  const compared = rows.filter((row) => row.refused === undefined);
  const below = compared.filter((row) => row.ratio < rival.lineOf(row));
  const labels = below.map(({ name, batch }) => (batch === undefined ? name : `${name} (${batch})`));
  const fact = (title, some) => {
    const ratios = some.map((row) => row.ratio);
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    return `${title}: ${geometricMean(ratios).toFixed(2)} times in the geometric mean (${range}, ${some.length} comparisons)`;
  };
  const parts = [
    ['All', () => true],
    ['Without host ops', (row) => row.hostOps === 0],
    ['With host ops', (row) => row.hostOps > 0],
  ].map(([title, takes]) => [title, compared.filter(takes)]);
  await writeResults(page.name, {
    title: page.title,
    about: [
      ...page.about,
      'One call at a time: the golden call, with its rows repeated up to the batch. Rounds of both alternate; the ratio is ' +
        'the median of those of the rounds, beside the least and the greatest. _Processor_ is the ratio of the processor ' +
        'time that a call takes.',
    ],
    facts: [
      page.machine,
      ...parts.filter(([, some]) => some.length > 0).map(([title, some]) => fact(title, some)),
      below.length === 0 ? 'None is below its line' : `${below.length} are below their line: ${labels.join(', ')}`,
    ],
    columns: ['model', 'batch', 'host ops', 'calls/s', rival.name, 'ratio', 'spread', 'processor', 'at least', ''],
    rows: rows.map((row) => {
      const { name, batch = '', hostOps, refused } = row;
      if (refused !== undefined)
        return [name, batch, hostOps || '', '', '', '', '', '', '', `not compared: ${reasonOf(row)}`];
      const line = rival.lineOf(row);
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
