import { cpus } from 'node:os';
import type { Row } from '../row.js';
import type { Comparison } from './comparison.js';
import { boundOf, usualBound } from './ratchet.js';

/** One model of the page. */
export interface Compared {
  readonly name: string;
  readonly kind: string;
  /** Absent when the model could not be compared. */
  readonly comparison?: Comparison;
  /** What is wrong and not expected. */
  readonly failures: readonly string[];
  /** Calls that are expected to fail, and why. */
  readonly known: ReadonlyMap<string, string>;
}

/** What the page is made of. */
export interface Results {
  readonly models: readonly Compared[];
  /** Names of all models; those that are missing above were not reached. */
  readonly wanted: readonly string[];
  /** The zoo, the examples and the clients. */
  readonly rows: readonly Row[];
}

/** conformance/RESULTS.md */
export function resultsPage({ models, wanted, rows }: Results): string {
  const compared = models.flatMap(({ comparison }) => (comparison === undefined ? [] : [comparison]));
  const embedded = models.filter(({ comparison }) => comparison?.platform === 'onnxruntime');
  const missed = wanted.filter((name) => !models.some((one) => one.name === name));
  const right = models.filter(
    ({ comparison, failures, known }) => comparison && failures.length === 0 && known.size === 0,
  );
  const ratios = (host: boolean): number[] =>
    compared
      .filter(({ platform, hostOps }) => platform === 'onnxruntime' && hostOps > 0 === host)
      .flatMap(({ speed }) => (speed === undefined ? [] : [speed.ours / speed.theirs]));
  const sum = (count: (one: Comparison) => number): number => compared.reduce((total, one) => total + count(one), 0);
  return `${[
    '# Results',
    '',
    'Written by `npm run conformance`; see [README.md](README.md) for what is compared and how.',
    '',
    `- ${models.length} SavedModels, ${right.length} with TensorFlow's answers in every call, ${embedded.length} on the embedded engine.`,
    `- ${sum(({ calls }) => calls.length)} calls: the goldens, and random and edge inputs that both are given in this run; ` +
      `${sum(({ refusals }) => refusals)} of them are refused by both.`,
    `- Speed against TensorFlow's C API in the same process, one call at a time, ${cpus().length} processors, ${cpus()[0]?.model.trim()}: ` +
      `${speedLine(ratios(false))} without host ops, ${speedLine(ratios(true))} with.`,
    ...(missed.length === 0 ? [] : [`- This run was broken off; it has not come to ${missed.join(', ')}.`]),
    '',
    `Integers, booleans and strings are equal; floats are within ${usualBound.relative} of the element or ${usualBound.ofLargest} of the ` +
      `tensor's largest, but for the exceptions below. _max abs_ and _max rel_ are the greatest differences, the latter ` +
      "relative to the element or a tenth of its tensor's largest. _TF itself_ is the same of TensorFlow as it runs by " +
      'default, with graph optimization and oneDNN, against its kernels as written, which are the oracle. Calls whose values are around 1e20 are among them, so that absolute differences can be large.',
    '',
    '## Models',
    '',
    '| model | kind | platform | plan | calls | max abs | max rel | TF itself | calls/s | against TensorFlow | |',
    '| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
    ...models.map(modelLine),
    '',
    '## Exceptions',
    '',
    ...exceptions(models),
    '',
    ...(rows.length === 0 ? [] : rowTable(rows)),
  ].join('\n')}\n`;
}

function rowTable(rows: readonly Row[]): string[] {
  return [
    '## Op zoo, examples and clients',
    '',
    '| | passed | failed | expected to fail | max abs | max rel |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(({ name, passed, failures, known = 0, absolute, relative }) =>
      line([name, passed, failures.length, known, distance(absolute), distance(relative)]),
    ),
  ];
}

function modelLine({ name, kind, comparison, failures, known }: Compared): string {
  const verdict = failures.length > 0 ? '**differs**' : known.size > 0 ? `${known.size} known to differ` : '';
  if (comparison === undefined) return line([name, kind, '', '', '', '', '', '', '', '', verdict]);
  const { platform, plan, calls, absolute, relative, itself, speed } = comparison;
  const ratio = speed === undefined ? '' : (speed.ours / speed.theirs).toFixed(2);
  return line([
    name,
    kind,
    platform,
    plan,
    calls.length,
    distance(absolute),
    distance(relative),
    distance(itself),
    speed === undefined ? '' : speed.ours.toPrecision(3).replace(/e\+\d+/, () => String(Math.round(speed.ours))),
    ratio,
    verdict,
  ]);
}

function exceptions(models: readonly Compared[]): string[] {
  const lines = models.flatMap(({ name, comparison, failures, known }) => {
    const itself = comparison?.itself ?? 0;
    const { relative } = boundOf(itself);
    const wide = relative > usualBound.relative;
    return [
      ...(comparison?.refused === undefined ? [] : [`- ${name} runs on TensorFlow: ${comparison.refused}`]),
      ...(wide
        ? [`- ${name}: within ${distance(relative)}, as TensorFlow is ${distance(itself)} apart from itself`]
        : []),
      ...(comparison?.amplified ?? []).map(
        ({ call, ours, theirs }) =>
          `- ${name}: ${call}: the model makes rounding errors large: TensorFlow is ${distance(theirs)} apart from its own answer in float64, the engine ${distance(ours)}`,
      ),
      ...[...known].map(([call, reason]) => `- ${call}: ${reason}`),
      ...failures.slice(0, 3).map((failure) => `- **${failure}**`),
    ];
  });
  return lines.length === 0 ? ['None.'] : lines;
}

function speedLine(ratios: readonly number[]): string {
  if (ratios.length === 0) return 'not measured';
  const mean = Math.exp(ratios.reduce((total, ratio) => total + Math.log(ratio), 0) / ratios.length);
  return `${mean.toFixed(2)} times in the geometric mean (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}, ${ratios.length} models)`;
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

function distance(value: number | undefined): string {
  return value === undefined || value === 0 ? '' : value.toExponential(1);
}
