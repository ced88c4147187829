/* eslint-disable @nx/enforce-module-boundaries -- the zoo is no package */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findTensorFlow } from '../find-tensorflow.js';
import { loadTensorFlowModel } from '../load-tensorflow-model.js';
import { tensorFlowLibrary } from '../tf-api.js';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../../../../zoo/golden.js';
import { runGolden } from '../../../../../zoo/run-golden.js';

// Needs TensorFlow's library: `npm run test:tensorflow -w @servable/runtime`. Without it nothing is run, and why is said.
const missing = await findTensorFlow().then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing !== undefined) process.stderr.write(`The tests of the TensorFlow platform are skipped. ${missing}\n`);
// The goldens are of TensorFlow's own kernels; to be set before the library is loaded.
process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '0';

/** Signatures that are fed in the middle of the graph, where TensorFlow takes other shapes than the signature says. */
const shapesRefused = new Set(['fed_in_the_middle']);

const root = new URL('../../../../../', import.meta.url);
/** Of the zoo: what crosses the border in every way there is. `all` runs every family. */
const wanted = process.env['TENSORFLOW_ZOO'] ?? 'strings,lookup,state,state_order,control_flow,parsing,graph_mode,cast';
const families =
  wanted === 'all' ? readdirSync(new URL('zoo/models/', root)).sort() : wanted.split(',').filter((name) => name !== '');

it.skipIf(missing)('is loaded from the library that was found', async () => {
  const { path, version } = await tensorFlowLibrary();
  expect([existsSync(path), version]).toEqual([true, expect.stringMatching(/^2\.\d+\.\d+/)]);
});

describe.skipIf(missing)('example models', () => {
  const versions = ['digits', 'half_plus_two', 'wine'].flatMap((name) =>
    readdirSync(new URL(`examples/models/${name}`, root))
      .filter((entry) => /^\d+$/.test(entry))
      .map((version) => [name, version] as const),
  );
  it.each(versions)('%s version %s answers as when it was exported', async (name, version) => {
    const golden = readGolden(new URL(`examples/models/${name}/golden.json`, root));
    await using model = await loadTensorFlowModel(fileURLToPath(new URL(`examples/models/${name}/${version}`, root)));
    const outcomes = await runGolden(model, golden);
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ why }) => why !== undefined)).toEqual([]);
  });
});

describe.skipIf(missing)('zoo', () => {
  it.each(families)('%s answers and refuses as when it was exported', async (family) => {
    const golden = readGolden(new URL(`zoo/models/${family}/golden.json`, root));
    await using model = await loadTensorFlowModel(fileURLToPath(new URL(`zoo/models/${family}`, root)));
    const outcomes = await runGolden(model, golden);
    expect(outcomes.length).toBeGreaterThan(0);
    const wrong = outcomes.filter(({ why, signature }) => why !== undefined && !shapesRefused.has(signature));
    expect(wrong).toEqual([]);
  });
});
