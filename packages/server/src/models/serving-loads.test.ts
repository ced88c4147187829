import { expect, test } from 'vitest';
import { createServer } from '../server.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { modelDirectory } from '../testing/model-directory.js';

test('versions that come while the server answers are loaded out of the way of requests, the first ones are not', async () => {
  const directory = await modelDirectory('m/1/half_plus_two');
  const platform = halfPlusTwoPlatform();
  const seen: (boolean | undefined)[] = [];
  const server = await createServer({
    models: [{ name: 'm', basePath: `${directory.path}/m` }],
    grpcPort: 0,
    pollIntervalMs: 5,
    platforms: [
      {
        ...platform,
        createLoader: (path, engine) => {
          seen.push(engine?.isServing);
          return platform.createLoader(path);
        },
      },
    ],
  });
  try {
    await server.waitUntilReady();
    await directory.add('m/2/half_plus_two');
    while (
      !server.states
        .getVersionStates('m')
        .some(({ id, managerState }) => id.version === 2n && managerState === 'AVAILABLE')
    ) {
      await new Promise(setImmediate);
    }
    // Each loader is asked for its estimate and for its load.
    expect(new Set(seen.slice(0, seen.length / 2))).toEqual(new Set([false]));
    expect(new Set(seen.slice(seen.length / 2))).toEqual(new Set([true]));
  } finally {
    await server.destroy();
    await directory.remove();
  }
});
