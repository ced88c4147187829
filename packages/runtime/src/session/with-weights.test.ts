import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlacedWeight, WeightFile } from '@servable/savedmodel';
import { expect, it } from 'vitest';
import { makeWeightFolder, prepareWeights, removeWeightFolder } from './with-weights.js';

/** Weights of one byte each, its value their number. */
function fileOf(count: number, read: (index: number, target: Uint8Array) => Promise<void>): WeightFile {
  const weights = new Map<string, PlacedWeight>();
  for (let i = 0; i < count; i++) {
    const readInto = (target: Uint8Array) => read(i, target);
    weights.set(`w${i}`, { offset: i * 64, weight: { dtype: 'uint8', shape: [1], byteLength: 1, readInto } });
  }
  return { fileName: 'weights', byteLength: (count - 1) * 64 + 1, weights };
}

it('writes every weight to its place, whichever is read first', async () => {
  const parent = await makeWeightFolder();
  try {
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const file = fileOf(5, async (i, target) => {
      if (i === 0) await held;
      if (i === 4) release();
      target[0] = i + 1;
    });
    const { folder, initializers } = await prepareWeights(file, parent, 'a');
    expect([folder, initializers.size]).toEqual([join(parent ?? '', 'a'), 0]);
    const bytes = await readFile(join(folder ?? '', 'weights'));
    expect([0, 1, 2, 3, 4].map((i) => bytes[i * 64])).toEqual([1, 2, 3, 4, 5]);
    expect(bytes.length).toBe(257);
  } finally {
    await removeWeightFolder(parent);
  }
});

it('reads weights that cannot be written, and stops at the first that cannot be read', async () => {
  const whole = fileOf(2, (i, target) => Promise.resolve(void (target[0] = i + 1)));
  const { folder, initializers } = await prepareWeights(whole, undefined, 'a');
  expect(folder).toBeUndefined();
  expect([...initializers.values()].map((value) => value.data)).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);

  const parent = await makeWeightFolder();
  try {
    const read: number[] = [];
    const broken = fileOf(100, (i) => {
      read.push(i);
      return i === 1 ? Promise.reject(new RangeError('corrupt')) : Promise.resolve();
    });
    await expect(prepareWeights(broken, parent, 'a')).rejects.toThrow('corrupt');
    expect(read.length).toBeLessThan(10);
    expect(await readdir(parent ?? '')).toEqual([]);
  } finally {
    await removeWeightFolder(parent);
  }
});
