import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { claimFolder } from './claim-folder.js';

/** What a rename waits for. */
let beforeRename: (() => Promise<void>) | undefined;
vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    rename: async (from, to) => {
      await beforeRename?.();
      await original.rename(from, to);
    },
  };
});

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'servable-claim-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Of a process of this machine that has ended: no process has so great a number. */
const gone = { pid: 2 ** 30, host: hostname(), claim: 'gone' };

async function lock(directory: string, number: number, owner: unknown): Promise<string> {
  const path = join(directory, `0.lock.${number}`);
  await mkdir(path);
  await writeFile(join(path, 'owner'), typeof owner === 'string' ? owner : JSON.stringify(owner));
  return path;
}

const locks = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.includes('lock') || name.startsWith('.')).sort();

test('of many that find a folder abandoned at once, one has it', async () => {
  for (let round = 0; round < 20; round += 1) {
    const directory = await temporary();
    await lock(directory, 1, gone);
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimFolder(directory)));
    expect(claims.map(({ path }) => path).sort()).toEqual(claims.map((_, index) => join(directory, String(index))));
    expect(claims.filter(({ abandoned }) => abandoned).map(({ path }) => path)).toEqual([join(directory, '0')]);
    await Promise.all(claims.map((claim) => claim.release()));
  }
});

test('a claim that was long in the making finds that others came and went meanwhile', async () => {
  const directory = await temporary();
  let goOn!: () => void;
  const waits = new Promise<void>((isWaiting) => {
    beforeRename = () =>
      new Promise<void>((resolve) => {
        beforeRename = undefined;
        goOn = resolve;
        isWaiting();
      });
  });
  const slow = claimFolder(directory);
  await waits;
  for (let turn = 0; turn < 2; turn += 1) await (await claimFolder(directory)).release();
  const third = await claimFolder(directory);
  // The place of the first claim is free again.
  expect(await locks(directory)).toEqual([expect.stringContaining('.claim-') as string, '0.lock.3']);
  goOn();
  expect([third.path, (await slow).path]).toEqual([join(directory, '0'), join(directory, '1')]);
  expect(await locks(directory)).toEqual(['0.lock.3', '1.lock.1']);
  await Promise.all([third.release(), (await slow).release()]);
});

test('a folder that was given back is the next one who comes has, and is no abandoned one', async () => {
  const directory = await temporary();
  const first = await claimFolder(directory);
  const second = await claimFolder(directory);
  expect([first, second].map(({ path, abandoned }) => [path, abandoned])).toEqual([
    [join(directory, '0'), false],
    [join(directory, '1'), false],
  ]);
  await first.release();
  const third = await claimFolder(directory);
  expect([third.path, third.abandoned]).toEqual([join(directory, '0'), false]);
  expect(await locks(directory)).toEqual(['0.lock.2', '1.lock.1']);
  await Promise.all([second.release(), third.release()]);
});

test('content whose locks somebody removed is looked at as what a crash left', async () => {
  const directory = await temporary();
  await mkdir(join(directory, '0'));
  const claim = await claimFolder(directory);
  expect([claim.path, claim.abandoned]).toEqual([join(directory, '0'), true]);
  await claim.release();
});

test.each([
  ['a process that has ended', gone],
  ['an earlier process with the number of this one, as in a container', { ...gone, pid: process.pid }],
  ['nobody, as the machine went down before the claim was on the disk', ''],
])('a lock of %s is in nobody’s way', async (_whose, owner) => {
  const directory = await temporary();
  await lock(directory, 7, owner);
  const claim = await claimFolder(directory);
  expect([claim.path, claim.abandoned]).toEqual([join(directory, '0'), true]);
  expect(await locks(directory)).toEqual(['0.lock.8']);
  expect(JSON.parse(await readFile(join(directory, '0.lock.8/owner'), 'utf8'))).toMatchObject({ pid: process.pid });
  await claim.release();
});

test('an owner on another machine is gone when it has not signed for two minutes', async () => {
  const directory = await temporary();
  const path = await lock(directory, 1, { pid: 1, host: 'another', claim: 'x' });
  const sign = (secondsAgo: number): Promise<void> => {
    const at = new Date(Date.now() - secondsAgo * 1000);
    return utimes(join(path, 'owner'), at, at);
  };
  const paths: string[] = [];
  for (const secondsAgo of [60, -3600, 180]) {
    await sign(secondsAgo);
    const claim = await claimFolder(directory);
    paths.push(claim.path);
    onTestFinished(() => claim.release());
  }
  expect(paths).toEqual(['1', '2', '0'].map((folder) => join(directory, folder)));
});

test('what crashes left of claims that were about to be made goes', async () => {
  const directory = await temporary();
  for (const name of ['.claim-old', '.claim-new']) await mkdir(join(directory, name));
  const long = new Date(Date.now() - 7_200_000);
  await utimes(join(directory, '.claim-old'), long, long);
  const claim = await claimFolder(directory);
  expect(await locks(directory)).toEqual(['.claim-new', '0.lock.1']);
  await claim.release();
});

/** Claims as many folders as it is told, in the directory that it is told, and says which. */
const program = `
import { createInterface } from 'node:readline';
import { claimFolder } from './claim-folder.js';
createInterface({ input: process.stdin }).on('line', (line) => {
  const { directory, count } = JSON.parse(line);
  Promise.all(Array.from({ length: count }, () => claimFolder(directory))).then(
    (claims) => console.log(JSON.stringify(claims.map(({ path, abandoned }) => [path, abandoned]))),
    (error) => console.log(JSON.stringify(String(error))),
  );
});
`;

let code: string;
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  code = outputFiles[0]!.text;
}, 60_000);

interface Claimer {
  readonly child: ChildProcess;
  claim(directory: string, count: number): Promise<readonly (readonly [string, boolean])[]>;
}

function claimer(): Claimer {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async claim(directory, count) {
      child.stdin.write(`${JSON.stringify({ directory, count })}\n`);
      return JSON.parse((await lines.next()).value as string) as never;
    },
  };
}

test('processes that start at once on what killed ones left never have the same folder', async () => {
  const killed = claimer();
  const directories: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    const directory = await temporary();
    directories.push(directory);
    await killed.claim(directory, 2);
  }
  const dead = new Promise((resolve) => killed.child.once('exit', resolve));
  killed.child.kill('SIGKILL');
  await dead;
  const claimers = Array.from({ length: 5 }, claimer);
  for (const directory of directories) {
    const claims = (await Promise.all(claimers.map((each) => each.claim(directory, 2)))).flat();
    expect(claims.map(([path]) => path).sort()).toEqual(claims.map((_, index) => join(directory, String(index))));
    const abandoned = claims.filter(([, isAbandoned]) => isAbandoned).map(([path]) => path);
    expect(abandoned.sort()).toEqual([join(directory, '0'), join(directory, '1')]);
  }
}, 60_000);
