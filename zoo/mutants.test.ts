import { appendFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runMutants } from './run-mutants.js';

// Damaged SavedModels: each is loaded and answers, or is refused with an error that says why. `MUTANTS=2000` is the long
// form (`npm run fuzz`), of all models of the zoo; `MUTANTS_FROM` and `MUTANTS_SEED` begin elsewhere, and `MUTANTS_REPORT` names a file for what became
// of each.

const setting = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const count = setting('MUTANTS', 150);
const from = setting('MUTANTS_FROM', 0);
const seed = setting('MUTANTS_SEED', 1);

const place = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const example = (name: string) => ({
  dir: place(`../examples/models/${name}/1`),
  golden: place(`../examples/models/${name}/golden.json`),
});
const family = (name: string) => ({ dir: place(`models/${name}`), golden: place(`models/${name}/golden.json`) });

test(
  `${count} damaged models are answered or refused, and none ends the process, hangs or takes its memory`,
  async () => {
    const families =
      process.env['MUTANTS'] === undefined
        ? ['tables', 'strings', 'control_flow', 'loops', 'lstm', 'parsing', 'state', 'convolution']
        : readdirSync(place('models'));
    const models = [...['half_plus_two', 'digits'].map(example), ...families.map(family)];
    const report = process.env['MUTANTS_REPORT'];
    const outcomes = await runMutants({ models, seed, from, to: from + count }, (outcome) => {
      if (report !== undefined) appendFileSync(report, JSON.stringify(outcome) + '\n');
    });
    const bad = outcomes.filter(({ kind }) => kind !== 'answered' && kind !== 'refused');
    expect(bad).toEqual([]);
    expect(outcomes).toHaveLength(count);
    // Few may all be alike.
    if (count < 100) return;
    const refused = outcomes.filter(({ kind }) => kind === 'refused').length;
    expect(refused).toBeGreaterThan(count / 4);
    expect(refused).toBeLessThan(count);
  },
  120_000 + count * 500,
);
