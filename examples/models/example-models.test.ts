import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadSavedModel } from '@servable/runtime';
import { expect, test } from 'vitest';
import { fromGoldenMap, readGolden } from '../../zoo/golden.js';
import { runGolden } from '../../zoo/run-golden.js';

const versions = ['digits', 'half_plus_two', 'wine'].flatMap((name) =>
  readdirSync(new URL(name, import.meta.url))
    .filter((entry) => /^\d+$/.test(entry))
    .map((version) => [name, version] as const),
);

test('there are half_plus_two in two versions, digits and wine', () => {
  expect(versions.map((parts) => parts.join('/')).toSorted()).toEqual([
    'digits/1',
    'half_plus_two/1',
    'half_plus_two/2',
    'wine/1',
  ]);
});

test.each(versions)('%s version %s answers every signature as TensorFlow does', async (name, version) => {
  const golden = readGolden(new URL(`${name}/golden.json`, import.meta.url));
  await using model = await loadSavedModel(fileURLToPath(new URL(`${name}/${version}`, import.meta.url)));
  const outcomes = await runGolden(model, golden);
  expect(outcomes.length).toBe(golden.cases.length);
  expect(outcomes.filter(({ why }) => why !== undefined)).toEqual([]);
});

test('digits sees the same digit as TensorFlow in all 360 images that it was not trained on', async () => {
  const [held] = readGolden(new URL('digits/golden.json', import.meta.url)).cases;
  await using model = await loadSavedModel(fileURLToPath(new URL('digits/1', import.meta.url)));
  const { outputs } = await model.predict(Object.fromEntries(fromGoldenMap(held!.inputs)));
  const classes = (rows: unknown): number[] =>
    (rows as number[][]).map((probabilities) => probabilities.indexOf(Math.max(...probabilities)));
  const expected = classes(fromGoldenMap(held!.outputs).get('probabilities')!.toArray());
  expect(expected).toHaveLength(360);
  expect(new Set(expected).size).toBe(10);
  expect(classes(outputs['probabilities']!.toArray())).toEqual(expected);
});
