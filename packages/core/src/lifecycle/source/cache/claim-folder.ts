import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
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
/** What a crash left of a claim that was about to be made is removed when it is as old as this. */
const forgottenMs = 3_600_000;
const maxFolders = 1000;

const ownerFile = 'owner';
const releasedFile = 'released';
const draftStart = '.claim-';

/** The claims of this process. A lock with its number and no claim is one of an earlier process: in containers all are 1. */
const claims = new Set<string>();

/**
 * Claims the first of the folders `0`, `1`, … that no living process has, so that two servers with the same cache never
 * meet, and one that starts again finds what it had.
 *
 * Claims on a folder are numbered: `0.lock.1`, `0.lock.2`, … are directories, each made whole under another name and put in
 * place by a rename, which one of several does. The folder is the one's with the greatest number; who finds that one gone
 * makes the next. The greatest is never removed, so a number that was read before others went on is found out: the place of
 * the next is taken, or a greater one is there.
 *
 * @throws ServingError PERMISSION_DENIED, RESOURCE_EXHAUSTED for a directory that cannot be written
 */
export async function claimFolder(directory: string): Promise<ClaimedFolder> {
  try {
    await mkdir(directory, { recursive: true });
    for (let index = 0; index < maxFolders; index += 1) {
      const claimed = await claimOne(directory, String(index));
      if (claimed) return claimed;
    }
  } catch (error) {
    throw fileError(error, `use ${directory} as a cache`);
  }
  throw fileError(
    Object.assign(new Error('every folder is in use'), { code: 'ENFILE' }),
    `use ${directory} as a cache`,
  );
}

async function claimOne(directory: string, folder: string): Promise<ClaimedFolder | undefined> {
  const before = Math.max(0, ...(await claimNumbers(directory, folder)));
  const state = before === 0 ? 'none' : await stateOf(lockPath(directory, folder, before));
  if (state === 'held') return undefined;
  const lock = lockPath(directory, folder, before + 1);
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), claim: crypto.randomUUID() });
  // Known before it can be read: others in this process would take it for one of an earlier process.
  claims.add(mine);
  try {
    if (!(await putInPlace(directory, lock, mine))) {
      claims.delete(mine);
      return undefined;
    }
    const numbers = await claimNumbers(directory, folder);
    if (Math.max(...numbers) > before + 1) {
      claims.delete(mine);
      await rm(lock, { recursive: true, force: true });
      return undefined;
    }
    const older = numbers.filter((number) => number <= before).map((number) => lockPath(directory, folder, number));
    for (const path of [...older, ...(await forgottenDrafts(directory))]) {
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
    const path = join(directory, folder);
    const isNew = (await mkdir(path, { recursive: true })) !== undefined;
    return { path, abandoned: state === 'abandoned' || (state === 'none' && !isNew), release: sign(lock, mine) };
  } catch (error) {
    claims.delete(mine);
    throw error;
  }
}

/** Signs a claim time and again. @returns what gives it back */
function sign(lock: string, mine: string): () => Promise<void> {
  const signing = setInterval(() => {
    const now = new Date();
    void utimes(join(lock, ownerFile), now, now).catch(() => undefined);
  }, signMs);
  signing.unref();
  return async () => {
    clearInterval(signing);
    // By a name, as that needs no room on a disk that is full. Where it fails, the folder is one that was abandoned.
    await rename(join(lock, ownerFile), join(lock, releasedFile)).catch(() => undefined);
    claims.delete(mine);
  };
}

function lockPath(directory: string, folder: string, number: number): string {
  return join(directory, `${folder}.lock.${number}`);
}

async function claimNumbers(directory: string, folder: string): Promise<number[]> {
  const start = `${folder}.lock.`;
  const names = (await readdir(directory)).filter((name) => name.startsWith(start));
  return names.map((name) => Number(name.slice(start.length))).filter((number) => Number.isSafeInteger(number));
}

/** @returns whether it is there now by this call; of several at once, by one */
async function putInPlace(directory: string, lock: string, mine: string): Promise<boolean> {
  const draft = join(directory, `${draftStart}${crypto.randomUUID()}`);
  try {
    await mkdir(draft);
    await writeFile(join(draft, ownerFile), mine);
    // A directory that has something in it is not replaced.
    await rename(draft, lock);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOTEMPTY', 'EEXIST'].includes(code)) return false;
    // Windows calls it a matter of permission.
    if ((await ageOf(lock)) !== undefined) return false;
    throw error;
  }
}

async function stateOf(lock: string): Promise<'held' | 'released' | 'abandoned'> {
  const path = join(lock, ownerFile);
  let owner: { pid?: unknown; host?: unknown };
  let text: string;
  try {
    text = await readFile(path, 'utf8');
    owner = (JSON.parse(text) as typeof owner | null) ?? {};
  } catch {
    // Given back; or cut short by a machine that went down.
    return (await ageOf(join(lock, releasedFile))) === undefined ? 'abandoned' : 'released';
  }
  return (await isAlive(text, owner, path)) ? 'held' : 'abandoned';
}

async function isAlive(text: string, owner: { pid?: unknown; host?: unknown }, path: string): Promise<boolean> {
  if (owner.host !== hostname()) {
    const ageMs = await ageOf(path);
    // One that was signed in the future, by a clock that goes wrong, is taken for alive.
    return ageMs !== undefined && ageMs < silentMs;
  }
  if (owner.pid === process.pid) return claims.has(text);
  try {
    process.kill(owner.pid as number, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function forgottenDrafts(directory: string): Promise<string[]> {
  const forgotten: string[] = [];
  for (const name of await readdir(directory)) {
    if (!name.startsWith(draftStart)) continue;
    const path = join(directory, name);
    if (((await ageOf(path)) ?? 0) > forgottenMs) forgotten.push(path);
  }
  return forgotten;
}

/** Milliseconds since a file was written or signed; `undefined` for one that is not there. */
async function ageOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => undefined,
  );
}
