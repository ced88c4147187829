import { mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../store/store-error.js';

/** A folder that one process has for itself. */
export interface ClaimedFolder {
  readonly path: string;
  /** Whether the last owner ended without giving it back: by a crash, or by a kill. */
  readonly abandoned: boolean;
  release(): Promise<void>;
}

/** An owner on another machine, or in another container, is taken for gone when it has not signed for this long. */
const silentMs = 120_000;
const signMs = 30_000;
const maxFolders = 1000;

/**
 * Claims the first of the folders `0`, `1`, … that no living process has, so that two servers with the same cache never
 * meet, and one that starts again finds what it had.
 *
 * @throws ServingError PERMISSION_DENIED, RESOURCE_EXHAUSTED for a directory that cannot be written
 */
export async function claimFolder(directory: string): Promise<ClaimedFolder> {
  try {
    await mkdir(directory, { recursive: true });
    for (let index = 0; index < maxFolders; index += 1) {
      const path = join(directory, String(index));
      const claimed = await claimOne(path);
      if (!claimed) continue;
      await mkdir(path, { recursive: true });
      return { path, ...claimed };
    }
  } catch (error) {
    throw fileError(error, `use ${directory} as a cache`);
  }
  throw fileError(
    Object.assign(new Error('every folder is in use'), { code: 'ENFILE' }),
    `use ${directory} as a cache`,
  );
}

async function claimOne(path: string): Promise<Omit<ClaimedFolder, 'path'> | undefined> {
  const lock = `${path}.lock`;
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), claim: crypto.randomUUID() });
  let abandoned = false;
  try {
    const handle = await open(lock, 'wx');
    await handle.writeFile(mine).finally(() => handle.close());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isAlive(lock)) return undefined;
    abandoned = true;
    await writeFile(`${lock}.${process.pid}`, mine);
    await rename(`${lock}.${process.pid}`, lock);
    // Of two that find the same lock abandoned, the one whose lock stays has it.
    if ((await readFile(lock, 'utf8')) !== mine) return undefined;
  }
  claims.add(mine);
  const signing = setInterval(() => {
    const now = new Date();
    void utimes(lock, now, now).catch(() => undefined);
  }, signMs);
  signing.unref();
  return {
    abandoned,
    async release() {
      clearInterval(signing);
      claims.delete(mine);
      if ((await readFile(lock, 'utf8').catch(() => undefined)) === mine) await rm(lock, { force: true });
    },
  };
}

/** The claims of this process. A lock with its number and no claim is one of an earlier process: in containers all are 1. */
const claims = new Set<string>();

async function isAlive(lock: string): Promise<boolean> {
  let owner: { pid?: unknown; host?: unknown };
  let text: string;
  try {
    text = await readFile(lock, 'utf8');
    owner = JSON.parse(text) as typeof owner;
  } catch {
    // Gone, or cut short by a crash.
    return false;
  }
  if (owner.host !== hostname()) {
    const { mtimeMs } = await stat(lock);
    // A clock that jumped makes the age mean nothing; then it is taken for alive.
    return Math.abs(Date.now() - mtimeMs) < silentMs;
  }
  if (owner.pid === process.pid) return claims.has(text);
  try {
    process.kill(owner.pid as number, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
