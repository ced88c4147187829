import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWeight, type WeightFile } from '@servable/savedmodel';
import type { Tensor } from '@servable/tensor';
import type { CallOptions } from './interruption.js';

/** Errors of a file system that cannot take the file; the weights go through memory then. */
const NO_ROOM = new Set(['EACCES', 'EDQUOT', 'EFBIG', 'ENOENT', 'ENOSPC', 'EPERM', 'EROFS']);

/**
 * Makes the weights of a model available while `create` runs. They are written to a temporary file, which the engine
 * maps into memory: what it uses as it is needs no copy, and what it rearranges is read from the map. The file is gone
 * from its folder when `create` has run; the map keeps it as long as it is needed. Where no file can be written, they are
 * given to `create` as tensors, which takes their size in memory a second time while the session is made.
 */
export async function withWeights<T>(
  file: WeightFile | undefined,
  limits: CallOptions,
  create: (initializers: ReadonlyMap<string, Tensor>, folder: string | undefined) => Promise<T>,
): Promise<T> {
  if (file === undefined || file.weights.size === 0) return create(new Map(), undefined);
  let folder: string | undefined;
  try {
    try {
      folder = await mkdtemp(join(tmpdir(), 'servable-weights-'));
      await write(join(folder, file.fileName), file, limits.signal);
    } catch (error) {
      if (!NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return await create(await inMemory(file, limits.signal), undefined);
    }
    return await create(new Map(), folder);
  } finally {
    // Windows keeps a mapped file; it is in the folder for temporary files then, and goes with it.
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function write(
  path: string,
  { byteLength, weights }: WeightFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.truncate(byteLength);
    // Two buffers of the size of the largest weight are all the memory that this takes.
    const largest = Math.max(...[...weights.values()].map(({ weight }) => weight.byteLength));
    const [target, scratch] = [new ArrayBuffer(largest), new ArrayBuffer(largest)];
    for (const { offset, weight } of weights.values()) {
      signal?.throwIfAborted();
      const bytes = new Uint8Array(target, 0, weight.byteLength);
      await weight.readInto(bytes, new Uint8Array(scratch, 0, weight.byteLength), signal);
      for (let done = 0; done < bytes.length;) {
        done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      }
    }
  } finally {
    await handle.close();
  }
}

async function inMemory(
  { weights }: WeightFile,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [name, { weight }] of weights) tensors.set(name, await readWeight(weight, signal));
  return tensors;
}
