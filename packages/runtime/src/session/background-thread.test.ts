import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tensor, tensor } from '@servable/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, type BuiltProgram } from '../../../../tools/build-program.js';
import { addressOf } from '../native/address.js';
import { ortEnv } from '../native/ort-env.js';
import { node, onnxModel } from '../testing/onnx-model.js';
import { BackgroundThread } from './background-thread.js';
import { NativeSession } from './native-session.js';
import { describeSession } from './value-info.js';

const model = onnxModel({
  nodes: [node('Neg', ['x'], ['y'])],
  inputs: { x: 'float32[n]' },
  outputs: { y: 'float32[n]' },
});
let program: BuiltProgram;
let directory: string;
let script: string;

beforeAll(async () => {
  program = await buildProgram(new URL('./background-worker.ts', import.meta.url));
  ({ file: script, directory } = program);
});

afterAll(() => program.remove());

/** The nice values of the threads of this process (proc(5), field 19 of `stat`). */
async function niceValues(): Promise<number[]> {
  const values: number[] = [];
  for (const thread of await readdir('/proc/self/task')) {
    const stat = await readFile(`/proc/self/task/${thread}/stat`, 'utf8').catch(() => undefined);
    if (stat !== undefined) values.push(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]));
  }
  return values.sort((a, b) => a - b);
}

describe('a thread in the background', () => {
  it('makes sessions that this one runs, and frees them', async () => {
    const { api, env } = ortEnv();
    const out = new BigUint64Array(1);
    expect(api.CreateSessionOptions(out)).toBeNull();
    const options = out[0] ?? 0n;
    await using thread = new BackgroundThread(script);
    expect(await thread.isReady).toBe(true);
    const made = await thread.call('CreateSessionFromArray', [
      env,
      addressOf(model),
      model.byteLength,
      options,
      addressOf(out),
    ]);
    expect(made).toBeNull();
    const address = out[0] ?? 0n;
    api.ReleaseSessionOptions(options);
    const signature = describeSession(address);
    const session = NativeSession.attach({ address, signature, execution: 'async', takesEmpty: true });
    expect(await session.run(new Map([['x', tensor([1, -2])]]), ['y'])).toEqual(new Map([['y', tensor([-1, 2])]]));
    await session.close();
    expect(await thread.call('ReleaseSession', [address])).toBeNull();
    expect(model).toBeInstanceOf(Uint8Array);
  });

  it('gives what went wrong to who asked', async () => {
    const { api, env } = ortEnv();
    const out = new BigUint64Array(1);
    api.CreateSessionOptions(out);
    const options = out[0] ?? 0n;
    await using thread = new BackgroundThread(script);
    const status = await thread.call('CreateSession', [env, join(directory, 'none.onnx'), options, addressOf(out)]);
    expect(api.GetErrorMessage(status ?? 0n)).toContain('none.onnx');
    api.ReleaseStatus(status);
    api.ReleaseSessionOptions(options);
  });

  it.runIf(process.platform === 'linux')('is the only one whose priority is lower', async () => {
    const before = await niceValues();
    const normal = before[0] ?? 0;
    await using thread = new BackgroundThread(script);
    await thread.isReady;
    const lower = (await niceValues()).filter((value) => value !== normal);
    expect(lower).toEqual([...before.filter((value) => value !== normal), Math.min(19, normal + 10)]);
  });

  it('that cannot start is not there, and one that ends says so', async () => {
    const broken = join(directory, 'broken.mjs');
    await writeFile(broken, `throw new TypeError('out of order');`);
    let ended = 0;
    const thread = new BackgroundThread(broken, () => (ended += 1));
    expect(await thread.isReady).toBe(false);
    expect(ended).toBeGreaterThan(0);

    const short = join(directory, 'short.mjs');
    await writeFile(
      short,
      `import { parentPort } from 'node:worker_threads';
      parentPort.on('message', () => process.exit(7));
      parentPort.postMessage({ number: 0, result: null });`,
    );
    const other = new BackgroundThread(short);
    expect(await other.isReady).toBe(true);
    await expect(other.call('ReleaseSession', [0n])).rejects.toMatchObject({
      code: 'INTERNAL',
      reason: 'BACKGROUND_THREAD_FAILED',
    });
  });
});

describe('a session that is made in the background', () => {
  it('computes the same where there is no such thread', async () => {
    await using session = await NativeSession.create(model, { inBackground: true });
    const x = new Tensor('float32', [2], Float32Array.of(3, 4));
    expect(await session.run(new Map([['x', x]]), ['y'])).toEqual(new Map([['y', tensor([-3, -4])]]));
  });
});
