/* eslint-disable @nx/enforce-module-boundaries -- the zoo is no package */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../../../zoo/golden.js';
import { runGolden } from '../../../../zoo/run-golden.js';
import { loadSavedModel } from '../model/load-saved-model.js';
import type { ExecutionProviderInput } from '../session/execution-providers.js';
import { tryExecutionProviders } from '../session/try-providers.js';

// Runs the example models and a part of the zoo through execution providers: `npm run test:providers -w
// @servable/runtime`. SERVABLE_TEST_PROVIDERS names them as JSON, such as ["cuda"]; PROVIDERS_ZOO families of the zoo, or
// `all`.
const given = process.env['SERVABLE_TEST_PROVIDERS'];
const executionProviders = JSON.parse(given ?? '["webgpu"]') as ExecutionProviderInput[];
let missing: string | undefined;
try {
  tryExecutionProviders(executionProviders);
} catch (error) {
  // Without a wish of the user's, a machine that has no device is no failure.
  if (given !== undefined) throw error;
  missing = (error as Error).message;
  process.stderr.write(`The tests of execution providers are skipped. ${missing}\n`);
}

const root = new URL('../../../../', import.meta.url);
const path = (relative: string) => fileURLToPath(new URL(relative, root));
const wanted = process.env['PROVIDERS_ZOO'] ?? 'normalization,state';
const families = wanted === 'all' ? readdirSync(path('zoo/models')).sort() : wanted.split(',').filter(Boolean);
const versions = ['digits', 'half_plus_two', 'wine'].flatMap((name) =>
  readdirSync(path(`examples/models/${name}`))
    .filter((entry) => /^\d+$/.test(entry))
    .map((version) => [name, version] as const),
);

async function wrongAnswers(directory: string, goldenFile: string): Promise<readonly unknown[]> {
  const golden = readGolden(new URL(goldenFile, root));
  await using model = await loadSavedModel(path(directory), { eager: [], session: { executionProviders } });
  const outcomes = await runGolden(model, golden);
  expect(outcomes.length).toBeGreaterThan(0);
  return outcomes
    .filter(({ why }) => why !== undefined)
    .map(({ signature, label, why }) => ({ signature, label, why }));
}

describe.skipIf(missing !== undefined)(`through ${JSON.stringify(executionProviders)}`, () => {
  it.each(versions)('%s version %s answers as when it was exported', async (name, version) => {
    expect(await wrongAnswers(`examples/models/${name}/${version}`, `examples/models/${name}/golden.json`)).toEqual([]);
  });

  it.each(families)('%s of the zoo answers as when it was exported', async (family) => {
    expect(await wrongAnswers(`zoo/models/${family}`, `zoo/models/${family}/golden.json`)).toEqual([]);
  });
});
