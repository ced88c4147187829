import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SavedModelError } from '@servable/savedmodel';
import { tensor, Tensor } from '@servable/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, type BuiltProgram } from '../../../../tools/build-program.js';
import { LoadedModel } from './loaded-model.js';
import { openHere, openOnThread, type OpenOptions, type SavedModelSignatures } from './open-signatures.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const halfPlusTwo = join(root, 'examples/models/half_plus_two/1');
const digits = join(root, 'examples/models/digits/1');
let program: BuiltProgram;
let script: string;
let temporary: string;

beforeAll(async () => {
  program = await buildProgram(new URL('../compile/compile-worker.ts', import.meta.url));
  script = program.file;
  // Folders of weights are looked for here when a test has ended.
  temporary = join(program.directory, 'tmp');
  await mkdir(temporary);
  for (const variable of ['TMPDIR', 'TEMP', 'TMP']) process.env[variable] = temporary;
});

afterAll(() => program.remove());

const open = (dir: string, options: Partial<OpenOptions> = {}, file = script): Promise<SavedModelSignatures> =>
  openOnThread(dir, { session: {}, ...options }, file);
const modelOf = (signatures: SavedModelSignatures) => new LoadedModel({ name: 'm', version: 1n }, signatures);

const weightFolders = async () => (await readdir(temporary)).filter((name) => name.startsWith('servable-weights-'));

/** A program of a thread that ends in another way. */
async function otherScript(name: string, source: string): Promise<string> {
  const file = join(program.directory, `${name}.mjs`);
  await writeFile(file, source);
  return file;
}

describe.each(['thread', 'caller'])('the signatures of a model that is compiled on the %s', (place) => {
  const openIt = (dir: string) => (place === 'thread' ? open(dir) : openHere(dir, { session: {} }));

  it('hold their weights once when they compute the same', async () => {
    const signatures = await openIt(digits);
    await using model = modelOf(signatures);
    const [inputName = ''] = Object.keys(signatures.signatureDefs.get('serve')?.inputs ?? {});
    const [otherName = ''] = Object.keys(signatures.signatureDefs.get('serving_default')?.inputs ?? {});
    const image = new Tensor(
      'float32',
      [1, 8, 8, 1],
      Float32Array.from({ length: 64 }, (_, i) => (i * 7) % 16),
    );
    const first = await model.predict({ [otherName]: image }, { signature: 'serving_default' });
    expect(signatures.sessions.size).toBe(1);
    const second = await model.predict({ [inputName]: image }, { signature: 'serve' });
    expect(signatures.sessions.size).toBe(1);
    expect(Object.values(second.outputs)).toEqual(Object.values(first.outputs));
    await model.close();
    expect(signatures.sessions.size).toBe(0);
    expect(await weightFolders()).toEqual([]);
  });

  it('have sessions of their own when they do not', async () => {
    const signatures = await openIt(halfPlusTwo);
    await using model = modelOf(signatures);
    await model.warm('serving_default');
    await model.warm('regress_x2_to_y3');
    expect(signatures.sessions.size).toBe(2);
    const { outputs } = await model.predict({ inputs: [2, 4] }, { signature: 'regress_x2_to_y3' });
    expect(outputs['outputs']?.toArray()).toEqual([4, 5]);
  });
});

describe('a SavedModel that is compiled on a thread', () => {
  it('has the same signatures and answers the same', async () => {
    const signatures = await open(halfPlusTwo);
    const here = await openHere(halfPlusTwo, { session: {} });
    expect(signatures.signatureDefs).toEqual(here.signatureDefs);
    await here.close();
    await using model = modelOf(signatures);
    expect((await model.predict({ x: [1, 2, 5] })).outputs['y']).toEqual(tensor([2.5, 3, 4.5]));
    expect(await weightFolders()).toEqual([]);
  });

  it('compiles later signatures on further threads, and those that hold functions here', async () => {
    const signatures = await open(halfPlusTwo);
    await using model = modelOf(signatures);
    await model.warm('serving_default');
    await signatures.loaded();
    const twice = () => model.predict({ inputs: [2, 4] }, { signature: 'regress_x2_to_y3' });
    const [first, second] = await Promise.all([twice(), twice()]);
    expect(first.outputs['outputs']?.toArray()).toEqual([4, 5]);
    expect(second).toEqual(first);
    await model.warm('regress_x_to_y');
    await model.warm('classify_x_to_y');
    expect(await weightFolders()).toEqual([]);
  });

  it('fails as it would here', async () => {
    for (const [dir, options] of [
      [join(program.directory, 'none'), {}],
      [halfPlusTwo, { tags: ['train', 'gpu'] }],
    ] as const) {
      const here = (await openHere(dir, { session: {}, ...options }).catch((error: unknown) => error)) as Error;
      const there = (await open(dir, options).catch((error: unknown) => error)) as Error;
      expect(there).toBeInstanceOf(SavedModelError);
      expect({ ...there }).toEqual({ ...here });
      expect(there.message).toBe(here.message);
    }
    await using signatures = await disposable(open(halfPlusTwo));
    const never = new AbortController().signal;
    await expect(signatures.compile('no_such', never)).rejects.toMatchObject({ reason: 'UNKNOWN_SIGNATURE' });
    // The thread is still there for the next one.
    await (await signatures.compile('serving_default', never)).close();
    expect(await weightFolders()).toEqual([]);
  });

  it('ends within its limits and leaves no file behind', async () => {
    const silent = await otherScript('silent', 'setInterval(() => undefined, 1000);');
    const stopped = new AbortController();
    const opening = open(halfPlusTwo, { signal: stopped.signal }, silent);
    stopped.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(open(halfPlusTwo, { timeoutMs: 5 }, silent)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(open(halfPlusTwo, { timeoutMs: NaN })).rejects.toMatchObject({ reason: 'BAD_OPTION' });

    const deaf = await otherScript(
      'deaf',
      `import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ kind }) => {
        if (kind === 'describe') parentPort.postMessage({ kind: 'described', signatureDefs: new Map() });
      });`,
    );
    await using signatures = await disposable(open(halfPlusTwo, {}, deaf));
    const closed = new AbortController();
    const compiling = signatures.compile('serving_default', closed.signal);
    closed.abort();
    await expect(compiling).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await weightFolders()).toEqual([]);
  });

  it.each([
    ['throws', `throw new TypeError('out of order');`, 'out of order'],
    ['exits', `process.exit(7);`, 'code 7'],
  ])('says so when its thread %s', async (name, source, message) => {
    await expect(open(halfPlusTwo, {}, await otherScript(name, source))).rejects.toMatchObject({
      code: 'INTERNAL',
      reason: 'COMPILE_THREAD_FAILED',
      message: expect.stringContaining(message) as string,
    });
  });
});

async function disposable(opening: Promise<SavedModelSignatures>): Promise<SavedModelSignatures & AsyncDisposable> {
  const signatures = await opening;
  return Object.assign(signatures, { [Symbol.asyncDispose]: () => signatures.close() });
}
