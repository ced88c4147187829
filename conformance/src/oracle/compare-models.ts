import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../row.js';
import { cacheOf } from '../subjects.js';
import { Comparer } from './comparer.js';
import { readBounds, readKnownFailures, usualBound } from './ratchet.js';
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
  /** Prints a line of the table. */
  readonly add: (name: string, check: () => Promise<Omit<Row, 'name' | 'seconds'>>) => Promise<void>;
}

/** Compares every exported model with TensorFlow. */
export async function compareModels({ root, models, python, missing, add }: CompareModelsOptions): Promise<Compared[]> {
  const [bounds, knownFailures] = [readBounds(root), readKnownFailures(root)];
  const compared: Compared[] = [];
  await using comparer = new Comparer(python);
  for (const [name, kind] of models) {
    const known = knownFailures.get(name);
    await add(`conformance/${name}`, async () => {
      try {
        const base = join(cacheOf(root), name);
        if (!existsSync(join(base, 'golden.json'))) throw new Error(`was not exported: ${missing.get(name)}`);
        const { why: _why, ...wider } = bounds.get(name) ?? { why: '' };
        const bound = { ...usualBound, ...wider };
        const comparison = await comparer.compare({
          directory: join(base, '1'),
          golden: join(base, 'golden.json'),
          bound,
        });
        const { calls, failures: wrong, absolute, relative } = comparison;
        const unexpected =
          known === undefined ? wrong : wrong.length > 0 ? [] : ['passes: take it off known-failures.json'];
        compared.push({ name, kind, comparison, failures: unexpected, known });
        return {
          passed: calls - wrong.length,
          failures: unexpected,
          known: known === undefined ? 0 : wrong.length,
          absolute,
          relative,
        };
      } catch (error) {
        const failures = known === undefined ? [(error as Error).message] : [];
        compared.push({ name, kind, failures, known });
        return { passed: 0, failures, known: known === undefined ? 0 : 1 };
      }
    });
  }
  return compared;
}
