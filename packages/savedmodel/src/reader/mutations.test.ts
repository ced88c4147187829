import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { ByteCursor } from './byte-cursor.js';
import { readSavedModel } from './read-saved-model.js';
import { scratch, seeded, testdata } from './testing/testdata.js';
import { reseal } from './testing/write-table.js';

const ROUNDS = 75;

/** Changes, removes, repeats or inserts bytes, as a bad disk or a bad person would. */
function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(bytes.length);
  const length = 1 + random(16);
  const noise = Uint8Array.from({ length }, () => random(256));
  switch (random(6)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    default: {
      const copy = bytes.slice();
      const edits = 1 + random(3);
      // The greatest and the least byte find limits better than chance does.
      for (let edit = 0; edit < edits; edit++) copy[random(copy.length)] = [0, 255, 127, 128, random(256)][random(5)]!;
      return copy;
    }
  }
}

/** Changes bytes inside the blocks of an index and repairs the checksums, so that the reader looks at what is inside. */
function mutateBlocks(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = bytes.slice();
  const footer = new ByteCursor(copy, copy.length - 48);
  const handles = [0, 1].map(() => ({ offset: footer.varint()!, size: footer.varint()! }));
  // One data block lies before the two blocks that the footer names.
  const blocks = [{ offset: 0, size: handles[0]!.offset - 5 }, ...handles];
  const target = blocks[random(8) === 0 ? 2 : 0]!;
  const edits = 1 + random(3);
  for (let edit = 0; edit < edits; edit++) {
    const at = target.offset + random(target.size);
    copy[at] = random(2) === 0 ? copy[at]! ^ (1 << random(8)) : [0, 255, 127, 128, random(256)][random(5)]!;
  }
  reseal(copy, blocks);
  return copy;
}

/** Reads all there is; true when it could be read, false when that was refused as it should be. */
async function reads(dir: string): Promise<boolean> {
  try {
    await using model = await readSavedModel(dir);
    if (model.variables === undefined) throw new Error('The variables were not found');
    let bytes = 0;
    let failed: unknown;
    for (const key of model.variables.entries.keys()) {
      try {
        bytes += (await model.variables.read(key)).byteLength;
      } catch (error) {
        failed = error;
        if (!(error instanceof SavedModelError)) throw error;
      }
    }
    expect(bytes).toBeLessThan(64 * 1024);
    if (failed instanceof SavedModelError) throw failed;
    return true;
  } catch (error) {
    if (!(error instanceof SavedModelError)) throw error;
    expect(error.message.length).toBeLessThan(2000);
    return false;
  }
}

describe.each(['tf1', 'tf2'])('damaged files of the export %s', (name) => {
  const shard = name === 'tf1' ? 'variables.data-00001-of-00002' : 'variables.data-00000-of-00001';
  it.each([
    { file: 'saved_model.pb', change: mutate, seed: 1, harmless: true },
    { file: 'variables/variables.index', change: mutate, seed: 2, harmless: false },
    { file: 'variables/variables.index', change: mutateBlocks, seed: 3, harmless: true },
    { file: `variables/${shard}`, change: mutate, seed: 4, harmless: false },
  ])('$file is read or refused (seed $seed)', async ({ file, change, seed, harmless }) => {
    await using folder = await scratch(name);
    // Not a Buffer: its `slice` would share the bytes.
    const original = new Uint8Array(await readFile(testdata(name, file)));
    expect(await reads(folder.path)).toBe(true);
    const random = seeded(seed);
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await writeFile(join(folder.path, file), change(original, random));
      if (!(await reads(folder.path))) refused++;
    }
    expect(refused).toBeGreaterThan(ROUNDS / 10);
    // Some changes hit what does not matter here, such as a constant's values; without checksums these are read.
    if (harmless) expect(refused).toBeLessThan(ROUNDS);
  });
});
