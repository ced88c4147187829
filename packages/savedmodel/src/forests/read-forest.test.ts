import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tensor } from '@servable/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { activeLeaves, predict, type ForestInputs } from './evaluate-forest.js';
import type { Forest } from './forest.js';
import { readForest } from './read-forest.js';

// The forests of the zoo, whose answers the tests there compare: here, one file at a time is damaged.
const assets = (family: string) => fileURLToPath(new URL(`../../../../zoo/models/${family}/assets/`, import.meta.url));
const check = () => undefined;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'servable-forest-'));
});
afterAll(() => rm(folder, { recursive: true }));

const prefixes = async (family: string) =>
  (await readdir(assets(family))).flatMap((name) => (name.endsWith('data_spec.pb') ? [name.slice(0, -12)] : []));

function inputsOf({ slots }: Forest, rows: number): ForestInputs {
  const int64 = (values: number[]) => new Tensor('int64', [values.length], BigInt64Array.from(values, BigInt));
  const { numerical, boolean, categorical, sets } = slots;
  const numbers = (width: number) =>
    Float32Array.from({ length: rows * width }, (_, i) => [NaN, -1, 0.5, 40, 1e30][i % 5]!);
  return {
    numerical: new Tensor('float32', [rows, numerical.length], numbers(numerical.length)),
    boolean: new Tensor('float32', [rows, boolean.length], numbers(boolean.length)),
    categorical: new Tensor(
      'int32',
      [rows, categorical.length],
      Int32Array.from({ length: rows * categorical.length }, (_, i) => (i % 7) - 2),
    ),
    setItems: new Tensor(
      'int32',
      [rows * sets.length],
      Int32Array.from({ length: rows * sets.length }, (_, i) => (i % 5) - 1),
    ),
    setSplits: int64(Array.from({ length: rows * sets.length + 1 }, (_, i) => i)),
    rowSplits: int64(sets.length === 0 ? [0] : Array.from({ length: rows + 1 }, (_, i) => i * sets.length)),
  };
}

/** A small generator of numbers (mulberry32), so that every run damages the same bytes. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a decision forest', () => {
  it('answers the same for rows in one batch, in several and alone', async () => {
    for (const family of ['forests_boosted', 'forests_sets', 'forests_random']) {
      for (const prefix of await prefixes(family)) {
        const forest = await readForest(assets(family), { prefix, leaves: false, check });
        const [many, few] = [await predict(forest, inputsOf(forest, 300)), await predict(forest, inputsOf(forest, 1))];
        expect(many.shape).toEqual([300, few.shape[1]]);
        expect(Array.from((many.data as Float32Array).subarray(0, few.size))).toEqual(
          Array.from(few.data as Float32Array),
        );
        const leaves = await activeLeaves(forest, inputsOf(forest, 2));
        expect(leaves.shape).toEqual([2, forest.trees.roots.length]);
        expect(Math.min(...(leaves.data as Int32Array))).toBeGreaterThanOrEqual(0);
        expect(Math.max(...(leaves.data as Int32Array))).toBeLessThan(forest.trees.structure.mostLeaves);
      }
    }
  });

  it('refuses inputs that do not fit', async () => {
    const [prefix = ''] = await prefixes('forests_sets');
    const forest = await readForest(assets('forests_sets'), { prefix, leaves: false, check });
    const good = inputsOf(forest, 3);
    const bad = (change: Partial<ForestInputs>) => () => predict(forest, { ...good, ...change });
    expect(bad({ numerical: new Tensor('float32', [3, 1], new Float32Array(3)) })).toThrow(
      'Unexpected dimension of numerical',
    );
    expect(bad(inputsOf(forest, 2) && { categorical: inputsOf(forest, 2).categorical })).toThrow(
      'inconsistent: 3 vs 2',
    );
  });

  it('is refused with a typed error, or answers, when a byte of a file of its is damaged', async () => {
    const next = random(7);
    let [refused, answered] = [0, 0];
    for (const family of ['forests_boosted', 'forests_sets', 'forests_others']) {
      for (const prefix of await prefixes(family)) {
        const names = (await readdir(assets(family))).filter((name) => name.startsWith(prefix));
        const files = new Map<string, Uint8Array>();
        for (const name of names) files.set(name, await readFile(join(assets(family), name)));
        for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
        for (let round = 0; round < 6; round++) {
          const name = names[Math.floor(next() * names.length)]!;
          const bytes = Uint8Array.from(files.get(name)!);
          if (bytes.length === 0) continue;
          const at = Math.floor(next() * bytes.length);
          bytes[at] = Math.floor(next() * 256);
          await writeFile(join(folder, name), next() < 0.2 ? bytes.subarray(0, at) : bytes);
          try {
            const forest = await readForest(folder, { prefix, leaves: next() < 0.5, check });
            const predictions = await predict(forest, inputsOf(forest, 5));
            expect(predictions.shape[0]).toBe(5);
            await activeLeaves(forest, inputsOf(forest, 5));
            answered++;
          } catch (error) {
            expect(error).toBeInstanceOf(SavedModelError);
            refused++;
          }
          await writeFile(join(folder, name), files.get(name)!);
        }
      }
    }
    expect(refused).toBeGreaterThan(10);
    expect(answered).toBeGreaterThan(10);
  }, 60_000);
});
