import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createServer } from './server.js';
import type { ServerOptions } from './server-options.js';
import { grpcCaller } from './testing/calls.js';

const basePath = fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url));
const start = (options: Partial<ServerOptions>) =>
  createServer({ models: [{ name: 'm', basePath }], grpcPort: 0, waitForModels: true, maxLoadRetries: 0, ...options });

describe('what models run on', () => {
  test('instances of a model answer as one does', async () => {
    const server = await start({ executionProviders: ['cpu'], instances: 2 });
    const caller = grpcCaller(server.grpcPort!);
    try {
      const answers = await Promise.all(Array.from({ length: 8 }, () => caller.predict('m', [1, 2, 5])));
      expect(new Set(answers)).toEqual(new Set(['2:2.5,3,4.5']));
    } finally {
      caller.close();
      await server.close();
    }
  });

  test('an execution provider that is missing fails the start, and says what to install', async () => {
    // The port would open before the model is loaded.
    await expect(start({ executionProviders: ['cuda'], waitForModels: false })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'EXECUTION_PROVIDER_MISSING',
      message: expect.stringContaining('pip install onnxruntime-gpu==') as string,
    });
    const models = [{ name: 'm', basePath, executionProviders: ['tensorrt', 'cpu'] }];
    await expect(start({ models })).rejects.toMatchObject({ reason: 'EXECUTION_PROVIDER_MISSING' });
  });

  test.each<[Partial<ServerOptions>, string]>([
    [
      { executionProviders: ['gpu'] },
      'Bad option executionProviders[0].name: expected one of cpu, cuda, tensorrt, webgpu',
    ],
    [{ instances: 0 }, "Bad option instances: expected an integer from 1 to 256, or 'per-device', given 0"],
    [
      { models: [{ name: 'm', basePath, executionProviders: [] }] },
      'Bad option model m: executionProviders: expected a list of execution providers, given "an empty list"',
    ],
    [
      { executionProviders: ['gpu'], optionNames: { executionProviders: '--execution_providers' } },
      'Bad option --execution_providers[0].name: ',
    ],
  ])('%j is refused at the start', async (options, message) => {
    await expect(start(options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as string,
    });
  });

  test('a reload with what cannot be leaves everything as it was', async () => {
    const server = await start({});
    try {
      await expect(server.reload([{ name: 'n', basePath, instances: 1.5 }])).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('Bad option model n: instances') as string,
      });
      expect(server.models.map(({ name }) => name)).toEqual(['m']);
    } finally {
      await server.close();
    }
  });
});
