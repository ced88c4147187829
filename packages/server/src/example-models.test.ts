import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createServer } from './server.js';
import { grpcCaller } from './testing/calls.js';

const models = fileURLToPath(new URL('../../../examples/models', import.meta.url));

test('a SavedModel of TensorFlow is served over gRPC by the engine', async () => {
  const server = await createServer({
    models: [
      { name: 'latest', basePath: `${models}/half_plus_two` },
      { name: 'single', directory: `${models}/half_plus_two/1`, version: 1n },
    ],
    grpcPort: 0,
    waitForModels: true,
    maxLoadRetries: 0,
  });
  const caller = grpcCaller(server.grpcPort!);
  try {
    expect(await caller.predict('latest', [1, 2, 5])).toBe('2:2.5,3,4.5');
    expect(await caller.predict('single', [1, 2, 5])).toBe('1:2.5,3,4.5');
  } finally {
    caller.close();
    await server.close();
  }
});
