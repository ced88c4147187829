import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWeight, type WeightFile } from '@servable/savedmodel';
import type { Tensor } from '@servable/tensor';
import type { CallOptions } from './interruption.js';

/** Weights as the engine takes them: a folder that holds their file, or tensors where there was no room for the file. */
export interface PreparedWeights {
  readonly folder: string | undefined;
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** Errors of a file system that cannot take the file; the weights go through memory then. */
const NO_ROOM = new Set(['EACCES', 'EDQUOT', 'EFBIG', 'ENOENT', 'ENOSPC', 'EPERM', 'EROFS']);

/** Up to this size more buffers are worth the time that they save. */
const SMALL_BUFFER_BYTES = 16 * 1024 * 1024;

/**
 * Makes the weights of a model available while `create` runs. They are written to a temporary file, which the engine
 * maps into memory: what it uses as it is needs no copy, and what it rearranges is read from the map. The file is gone
 * from its folder when `create` has run; the map keeps it as long as it is needed. Where no file can be written, they are
 * given to `create` as tensors, which takes their size in memory a second time while the session is made.
 *
 * @param weights - weights that are prepared already stay where they are: whoever prepared them removes them
 */
export async function withWeights<T>(
  weights: WeightFile | PreparedWeights | undefined,
  limits: CallOptions,
  create: (initializers: ReadonlyMap<string, Tensor>, folder: string | undefined) => Promise<T>,
): Promise<T> {
  if (weights === undefined) return create(new Map(), undefined);
  if (!('weights' in weights)) return create(weights.initializers, weights.folder);
  if (weights.weights.size === 0) return create(new Map(), undefined);
  const parent = await makeWeightFolder();
  try {
    const { initializers, folder } = await prepareWeights(weights, parent, '0', limits.signal);
    return await create(initializers, folder);
  } finally {
    await removeWeightFolder(parent);
  }
}

/** A folder of its own for files of weights; `undefined` where there can be none. */
export async function makeWeightFolder(): Promise<string | undefined> {
  try {
    return await mkdtemp(join(tmpdir(), 'servable-weights-'));
  } catch (error) {
    if (isNoRoom(error)) return undefined;
    throw error;
  }
}

export async function removeWeightFolder(folder: string | undefined): Promise<void> {
  // Windows keeps a mapped file; it is in the folder for temporary files then, and goes with it.
  if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

/**
 * Writes weights to a file, or reads them where it cannot be written.
 *
 * @param parent - what {@link makeWeightFolder} made
 * @param name - of the folder in it that is made for this file
 */
export async function prepareWeights(
  file: WeightFile,
  parent: string | undefined,
  name: string,
  signal?: AbortSignal,
): Promise<PreparedWeights> {
  if (file.weights.size === 0) return { folder: undefined, initializers: new Map() };
  if (parent !== undefined) {
    const folder = join(parent, name);
    try {
      await mkdir(folder);
      await write(join(folder, file.fileName), file, signal);
      return { folder, initializers: new Map() };
    } catch (error) {
      await removeWeightFolder(folder);
      if (!isNoRoom(error)) throw error;
    }
  }
  const initializers = new Map<string, Tensor>();
  for (const [key, { weight }] of file.weights) initializers.set(key, await readWeight(weight, signal));
  return { folder: undefined, initializers };
}

async function write(
  path: string,
  { byteLength, weights }: WeightFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.truncate(byteLength);
    const largest = Math.max(...[...weights.values()].map(({ weight }) => weight.byteLength));
    const left = weights.values();
    let failed = false;
    const work = async () => {
      // Two buffers of the size of the largest weight are all the memory that this takes.
      const [target, scratch] = [new ArrayBuffer(largest), new ArrayBuffer(largest)];
      for (const { offset, weight } of left) {
        if (failed) return;
        signal?.throwIfAborted();
        const bytes = new Uint8Array(target, 0, weight.byteLength);
        await weight.readInto(bytes, new Uint8Array(scratch, 0, weight.byteLength), signal);
        for (let done = 0; done < bytes.length;) {
          done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
        }
      }
    };
    const watched = () =>
      work().catch((error: unknown) => {
        failed = true;
        throw error;
      });
    // While one weight is read or written, another one is checked and rearranged.
    const outcomes = await Promise.allSettled(Array.from({ length: largest <= SMALL_BUFFER_BYTES ? 2 : 1 }, watched));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  } finally {
    await handle.close();
  }
}

function isNoRoom(error: unknown): boolean {
  return NO_ROOM.has((error as NodeJS.ErrnoException).code ?? '');
}
