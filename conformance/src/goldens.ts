import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSavedModel, type Model } from '@servable/runtime';
import { fromGoldenMap, readGolden } from '../../zoo/golden.js';
import { runGolden } from '../../zoo/run-golden.js';
import type { Row } from './row.js';
import type { Subject } from './subjects.js';

/** Makes every call of a model's goldens in-process, on the built packages. */
export async function checkGoldens(
  subject: Subject,
  known: ReadonlySet<string>,
): Promise<Omit<Row, 'name' | 'seconds'>> {
  const golden = readGolden(subject.golden);
  await using model = await loadSavedModel(subject.directory, { eager: [] });
  const outcomes = await runGolden(model, golden, { tolerance: subject.tolerance });
  const wrong = outcomes.filter(({ why }) => why !== undefined);
  const isKnown = (signature: string): boolean => known.has(`${subject.name}/${signature}`);
  return {
    passed: outcomes.length - wrong.length,
    failures: wrong
      .filter(({ signature }) => !isKnown(signature))
      .map(({ signature, label, why }) => `${signature}, ${label}: ${why}`),
    known: wrong.filter(({ signature }) => isKnown(signature)).length,
    absolute: Math.max(...outcomes.map(({ absolute }) => absolute)),
    relative: Math.max(...outcomes.map(({ relative }) => relative)),
  };
}

/** Signatures of the zoo that are expected to fail, as `zoo/<family>/<signature>`. */
export function knownFailures(root: string): ReadonlySet<string> {
  const listed = JSON.parse(readFileSync(join(root, 'zoo/known-failures.json'), 'utf8')) as Record<string, string>;
  return new Set(Object.keys(listed).map((id) => `zoo/${id}`));
}

/** The digit model must see the same digit as TensorFlow in each image that it was not trained on. */
export async function checkDigits(root: string): Promise<Omit<Row, 'name' | 'seconds'>> {
  const directory = join(root, 'examples/models/digits');
  const [held] = readGolden(join(directory, 'golden.json')).cases;
  if (held === undefined) throw new Error('digits/golden.json has no cases');
  await using model: Model = await loadSavedModel(join(directory, '1'));
  const { outputs } = await model.predict(Object.fromEntries(fromGoldenMap(held.inputs)));
  const given = classes(outputs['probabilities']!.toArray() as number[][]);
  const expected = classes(fromGoldenMap(held.outputs).get('probabilities')!.toArray() as number[][]);
  const failures = expected.flatMap((digit, i) =>
    given[i] === digit ? [] : [`image ${i}: ${given[i]}, TensorFlow says ${digit}`],
  );
  return { passed: expected.length - failures.length, failures };
}

function classes(probabilities: readonly (readonly number[])[]): number[] {
  return probabilities.map((row) => row.indexOf(Math.max(...row)));
}
