import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory of its own for one test. */
export interface ModelDirectory {
  readonly path: string;
  /** Writes an empty file, with the directories above it; returns the file's path. */
  add(file: string): Promise<string>;
  remove(): Promise<void>;
}

/** @param files - paths below the directory, such as `half_plus_two/1/half_plus_two` */
export async function modelDirectory(...files: string[]): Promise<ModelDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'servable-server-'));
  const add = async (file: string): Promise<string> => {
    const at = join(path, file);
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, '');
    return at;
  };
  for (const file of files) await add(file);
  return { path, add, remove: () => rm(path, { recursive: true }) };
}
