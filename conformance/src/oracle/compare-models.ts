import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../row.js';
import { cacheOf } from '../subjects.js';
import { Comparer } from './comparer.js';
import { readKnownFailures } from './ratchet.js';
import type { Compared } from './results-page.js';

/** What is compared, and with what. */
export interface CompareModelsOptions {
  readonly root: string;
  /** Kinds by model. */
  readonly models: ReadonlyMap<string, string>;
  /** Without it only the goldens are compared. */
  readonly python: string | undefined;
  /** Why models that are not there were not exported. */
  readonly missing: ReadonlyMap<string, string>;
  /** Called after each model with all so far: a run that is broken off leaves what it has. */
  readonly progress: (compared: readonly Compared[]) => Promise<void>;
  /** Prints a line of the table. */
  readonly add: (name: string, check: () => Promise<Omit<Row, 'name' | 'seconds'>>) => Promise<void>;
}

/** Compares every exported model with TensorFlow. */
export async function compareModels({
  root,
  models,
  python,
  missing,
  progress,
  add,
}: CompareModelsOptions): Promise<Compared[]> {
  const knownFailures = readKnownFailures(root);
  const compared: Compared[] = [];
  await using comparer = new Comparer(python);
  for (const [name, kind] of smallestFirst(root, models)) {
    const skipped = whySkipped(root, name);
    if (skipped !== undefined) {
      console.log(`conformance/${name} skipped: ${skipped}`);
      continue;
    }
    const known = new Map([...knownFailures].filter(([call]) => call.startsWith(`${name}: `)));
    await add(`conformance/${name}`, async () => {
      const base = join(cacheOf(root), name);
      try {
        if (!existsSync(join(base, 'golden.json'))) throw new Error(`was not exported: ${missing.get(name)}`);
        const comparison = await comparer.compare({
          directory: join(base, '1'),
          golden: join(base, 'golden.json'),
        });
        const wrong = new Map(comparison.failures.map(({ call, why }) => [`${name}: ${call}`, why]));
        const failures = [...wrong].filter(([call]) => !known.has(call)).map(([call, why]) => `${call}: ${why}`);
        const made = new Set(comparison.calls.map((call) => `${name}: ${call}`));
        const passing = [...known.keys()].filter((call) => made.has(call) && !wrong.has(call));
        failures.push(...passing.map((call) => `${call}: passes now, take it off known-failures.json`));
        compared.push({ name, kind, comparison, failures, known });
        const { absolute, relative } = comparison;
        const expected = [...known.keys()].filter((call) => wrong.has(call)).length;
        return { passed: comparison.calls.length - wrong.size, failures, known: expected, absolute, relative };
      } catch (error) {
        const failures = [(error as Error).message];
        compared.push({ name, kind, failures, known: new Map() });
        return { passed: 0, failures };
      }
    });
    await progress(compared);
  }
  return compared;
}

/** Why a model could not be exported here: a package that it is made with is not installed. */
function whySkipped(root: string, name: string): string | undefined {
  const [golden, reason] = ['golden.json', 'skipped.txt'].map((file) => join(cacheOf(root), name, file)) as [
    string,
    string,
  ];
  return existsSync(golden) || !existsSync(reason) ? undefined : readFileSync(reason, 'utf8').trim();
}

/** What fails among the small ones is seen soon. */
function smallestFirst(root: string, models: ReadonlyMap<string, string>): [string, string][] {
  const weights = (name: string): number => {
    const file = join(cacheOf(root), name, '1/variables/variables.data-00000-of-00001');
    return existsSync(file) ? statSync(file).size : 0;
  };
  return [...models].sort(([a], [b]) => weights(a) - weights(b));
}
