import { expect, test } from 'vitest';
import { silentLogger } from '../../servable/logger.js';
import { ServingError } from '../../servable/serving-error.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { settled } from '../../servable/testing/puppet-loader.js';
import { ConfigFilePoller } from './config-file-poller.js';

function setup() {
  const clock = new ManualClock();
  const world = {
    clock,
    content: async (): Promise<string> => 'a',
    applied: [] as string[],
    errors: [] as string[],
    reload: async (config: string, _options: { signal: AbortSignal }): Promise<void> => void world.applied.push(config),
  };
  const poller = new ConfigFilePoller<string>({
    read: () => world.content(),
    reload: (config, options) => world.reload(config, options),
    intervalMs: 1000,
    clock,
    logger: { ...silentLogger, error: (message) => void world.errors.push(message) },
  });
  const look = async (): Promise<void> => {
    clock.advance(1000);
    await settled();
  };
  return { world, poller, look };
}

test('the first look is at once, and every look applies the file, changed or not', async () => {
  const { world, poller, look } = setup();
  poller.start();
  await settled();
  await look();
  world.content = async () => 'b';
  await look();
  expect(world.applied).toEqual(['a', 'a', 'b']);
});

test('what is wrong is logged, and the next look comes', async () => {
  const { world, poller, look } = setup();
  world.content = () => Promise.reject(new ServingError('NOT_FOUND', 'X', '/c; No such file or directory'));
  poller.start();
  await settled();
  world.content = async () => 'bad';
  const { reload } = world;
  world.reload = () => Promise.reject(new ServingError('INVALID_ARGUMENT', 'X', 'Illegal to list model m'));
  await look();
  world.reload = reload;
  await look();
  expect(world.applied).toEqual(['bad']);
  expect(world.errors).toEqual([
    'Failed to read ModelServerConfig file: NOT_FOUND: /c; No such file or directory',
    'PollFilesystemAndReloadConfig failed to ReloadConfig: INVALID_ARGUMENT: Illegal to list model m',
  ]);
});

test('closing ends a reload that is waiting, and the looks', async () => {
  const { world, poller } = setup();
  world.reload = (_config, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  poller.start();
  await settled();
  await poller.close();
  expect([world.clock.pending, world.errors]).toEqual([0, []]);
});

test.each([0, -1, NaN])('an interval of %d is refused', (intervalMs) => {
  expect(() => new ConfigFilePoller({ read: async () => '', reload: async () => undefined, intervalMs })).toThrow(
    `intervalMs must be a number of milliseconds above 0; got ${intervalMs}`,
  );
});
