import { expect, test } from 'vitest';
import { LimitedExecutor } from '../../servable/executor.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { PuppetLoader, settled } from '../../servable/testing/puppet-loader.js';
import { AspiredVersionsManager } from './aspired-versions-manager.js';

/** Numbers from 0 up to `below`, the same for the same seed (xorshift). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed * 2654435761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/**
 * Walks at random: new lists, loads that end well or badly, unloads that end, handles taken and released, time passing.
 * What must hold after every step is checked in `check`.
 */
async function walk(seed: number, steps: number): Promise<void> {
  const random = randomNumbers(seed);
  const clock = new ManualClock();
  const manager = new AspiredVersionsManager<string>({
    clock,
    loadExecutor: new LimitedExecutor(2),
    maxLoadRetries: 1,
    loadRetryIntervalMs: 10,
  });
  const loaders: { readonly version: bigint; readonly loader: PuppetLoader<string> }[] = [];
  const handles: { readonly handle: ServableHandle<string>; readonly loader: PuppetLoader<string> }[] = [];
  let mustAnswer = false;

  const aspire = (): void => {
    const wanted = [1n, 2n, 3n, 4n, 5n].filter(() => random(3) === 0);
    if (wanted.length === 0) mustAnswer = false;
    manager.setAspiredVersions(
      'm',
      wanted.map((version) => {
        const loader = new PuppetLoader(`loader ${loaders.length}`);
        loaders.push({ version, loader });
        return { id: { name: 'm', version }, data: loader };
      }),
    );
  };
  const check = (): void => {
    const { length } = loaders.filter(({ loader }) => loader.isLoading);
    expect(length).toBeLessThanOrEqual(2);
    for (const { loader } of loaders) expect(loader.unloads).toBeLessThanOrEqual(1);
    for (const { loader } of handles) expect(loader.unloads).toBe(0);
    const available = manager.listAvailableServableIds();
    if (available.length > 0) {
      const handle = manager.getServableHandle({ name: 'm' });
      expect(handle.id).toEqual(available.at(-1));
      handle.release();
    } else {
      // Once a version answers, one always does, until an empty list says that nothing is wanted.
      expect(mustAnswer).toBe(false);
    }
  };

  for (let step = 0; step < steps; step += 1) {
    const loading = loaders.filter(({ loader }) => loader.isLoading);
    const unloading = loaders.filter(({ loader }) => loader.isUnloading);
    switch (random(6)) {
      case 0:
        aspire();
        break;
      case 1:
        if (loading.length > 0) {
          await loading[random(loading.length)]!.loader.finishLoad(random(4) === 0 ? new Error('no luck') : undefined);
        }
        break;
      case 2:
        if (unloading.length > 0) await unloading[random(unloading.length)]!.loader.finishUnload();
        break;
      case 3:
        if (manager.listAvailableServableIds().length > 0) {
          const handle = manager.getServableHandle({ name: 'm' });
          handles.push({ handle, loader: loaders.find(({ loader }) => loader.value === handle.servable)!.loader });
        }
        break;
      case 4:
        if (handles.length > 0) handles.splice(random(handles.length), 1)[0]!.handle.release();
        break;
      case 5:
        clock.advance(10);
        break;
    }
    await settled();
    check();
    mustAnswer ||= manager.listAvailableServableIds().length > 0;
  }

  for (const { handle } of handles) handle.release();
  let closed = false;
  const closing = manager.close().then(() => (closed = true));
  for (let round = 0; !closed && round < 1000; round += 1) {
    await settled();
    for (const { loader } of loaders) {
      if (loader.isLoading) await loader.finishLoad();
      if (loader.isUnloading) await loader.finishUnload();
    }
  }
  await closing;
  expect(loaders.filter(({ loader }) => loader.unloads !== loader.successes)).toEqual([]);
  expect(loaders.some(({ loader }) => loader.successes === 1)).toBe(true);
  expect(manager.states.getVersionStates('m').filter(({ managerState }) => managerState !== 'END')).toEqual([]);
  expect(clock.pending).toBe(0);
}

test.each(Array.from({ length: 30 }, (_, index) => index + 1))(
  'whatever happens in which order (seed %i)',
  async (seed) => {
    await walk(seed, 200);
  },
);
