import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createServer } from './server.js';
import { grpcCaller, restPredict } from './testing/calls.js';
import { modelDirectory } from './testing/model-directory.js';

const models = fileURLToPath(new URL('../../../examples/models', import.meta.url));

test('a SavedModel of TensorFlow is served over gRPC and REST by the engine', async () => {
  const server = await createServer({
    models: [
      { name: 'latest', basePath: `${models}/half_plus_two` },
      { name: 'single', directory: `${models}/half_plus_two/1`, version: 1n },
    ],
    grpcPort: 0,
    restPort: 0,
    waitForModels: true,
    maxLoadRetries: 0,
  });
  const caller = grpcCaller(server.grpcPort!);
  try {
    expect(await caller.predict('latest', [1, 2, 5])).toBe('2:2.5,3,4.5');
    expect(await caller.predict('single', [1, 2, 5])).toBe('1:2.5,3,4.5');
    expect(await restPredict(server.restPort!, 'latest', [1, 2, 5])).toEqual([200, { predictions: [2.5, 3, 4.5] }]);
  } finally {
    caller.close();
    await server.close();
  }
});

test('a new version takes over while requests run, and none of them fails', async () => {
  const directory = await modelDirectory();
  const base = join(directory.path, 'half_plus_two');
  await cp(`${models}/half_plus_two/1`, join(base, '1'), { recursive: true });
  await cp(`${models}/half_plus_two/2`, join(directory.path, 'next'), { recursive: true });
  const server = await createServer({
    models: [{ name: 'm', basePath: base }],
    grpcPort: 0,
    waitForModels: true,
    pollIntervalMs: 5,
    maxLoadRetries: 0,
  });
  const caller = grpcCaller(server.grpcPort!);
  try {
    const answers = [await caller.predict('m', [1, 2, 5])];
    let done = false;
    const asking = Array.from({ length: 4 }, async () => {
      while (!done) answers.push(await caller.predict('m', [1, 2, 5]));
    });
    // A rename, so that no half-copied version is ever seen.
    await rename(join(directory.path, 'next'), join(base, '2'));
    const ended = (): boolean =>
      server.states.getVersionStates('m').some(({ id, managerState }) => id.version === 1n && managerState === 'END');
    while (!ended()) await new Promise((resolve) => setImmediate(resolve));
    answers.push(await caller.predict('m', [1, 2, 5]));
    done = true;
    await Promise.all(asking);
    expect([...new Set(answers)].sort()).toEqual(['1:2.5,3,4.5', '2:2.5,3,4.5']);
    expect(answers.at(-1)).toBe('2:2.5,3,4.5');
  } finally {
    caller.close();
    await server.close();
    await directory.remove();
  }
});
