import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadSavedModel, type Model } from '@servable/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGolden } from './golden.js';
import { describe as describeError, runGolden, type Outcome } from './run-golden.js';

// Every signature of the zoo against TensorFlow's answers. What is listed in known-failures.json, as
// `<family>/<signature>`, is expected to fail, and must leave the list once it passes.

const models = new URL('models/', import.meta.url);
const listed = new URL('known-failures.json', import.meta.url);
const known = new Map(
  Object.entries(existsSync(listed) ? (JSON.parse(readFileSync(listed, 'utf8')) as Record<string, string>) : {}),
);
const command = 'node zoo/known-failures.mjs';
/** `remove`: rewrite the list without what passes; `all`: take up new failures too. */
const update = process.env['ZOO_KNOWN_FAILURES'];
const failing = new Map<string, string>();
const ids: string[] = [];

const families = readdirSync(models)
  .filter((name) => existsSync(new URL(`${name}/golden.json`, models)))
  .sort();

for (const family of families) {
  const golden = readGolden(new URL(`${family}/golden.json`, models));
  const calls = [...golden.cases, ...(golden.errors ?? [])];
  const signatures = [...new Set(calls.map(({ signature }) => signature ?? golden.signature))];

  describe(family, () => {
    const failures = new Map<string, string[]>(signatures.map((name) => [name, []]));
    // All calls on one model and in their order, as those of `state` build on each other.
    beforeAll(async () => {
      const keep = ({ signature, label, why }: Outcome) => why && failures.get(signature)!.push(`${label}: ${why}`);
      let model: Model;
      try {
        model = await loadSavedModel(fileURLToPath(new URL(family, models)), {
          eager: [],
          session: { intraOpThreads: 1 },
        });
      } catch (error) {
        for (const list of failures.values()) list.push(`load: ${describeError(error)}`);
        return;
      }
      try {
        for (const outcome of await runGolden(model, golden)) keep(outcome);
      } finally {
        await model.close();
      }
    }, 300_000);

    for (const signature of signatures) {
      const id = `${family}/${signature}`;
      ids.push(id);
      const reason = known.get(id);
      test(reason === undefined ? signature : `${signature} (known failure: ${reason})`, () => {
        const found = failures.get(signature)!;
        if (found[0] !== undefined) failing.set(id, oneLine(found[0]));
        if (update !== undefined) return;
        if (reason === undefined) expect(found).toEqual([]);
        else if (found.length === 0) throw new Error(`${id} passes: remove it from known-failures (${command})`);
      });
    }
  });
}

/** Without what changes from one export to the next. */
function oneLine(why: string): string {
  const text = why
    .replace(/^case 1: /, '')
    .replace(/UNIMPLEMENTED: .*? uses the op (\S+) .*/, 'the op $1 is not known');
  return text.length > 160 ? `${text.slice(0, 160)}...` : text;
}

test('known-failures.json is sorted and names signatures of the zoo', () => {
  if (update !== undefined) return;
  const names = [...known.keys()];
  expect(names).toEqual(names.toSorted());
  expect(names.filter((name) => !ids.includes(name))).toEqual([]);
});

afterAll(() => {
  if (update === undefined) return;
  const kept = [...failing].filter(([id]) => update === 'all' || known.has(id));
  kept.sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(listed, JSON.stringify(Object.fromEntries(kept), null, 2) + '\n');
});
