import { beforeEach, describe, expect, test } from 'vitest';
import { availabilityPreservingPolicy, resourcePreservingPolicy } from '../../servable/aspired-version-policy.js';
import { inlineExecutor, LimitedExecutor } from '../../servable/executor.js';
import { ServingError } from '../../servable/serving-error.js';
import type { ServableData } from '../../servable/source.js';
import type { Loader } from '../../servable/loader.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { PuppetLoader, settled } from '../../servable/testing/puppet-loader.js';
import { AspiredVersionsManager, type AspiredVersionsManagerOptions } from './aspired-versions-manager.js';

type Data = ServableData<Loader<string>>;

/** Where loads and unloads run in the test that is running. */
let executors: () => Pick<AspiredVersionsManagerOptions, 'loadExecutor' | 'unloadExecutor'>;

/** A manager, its clock, and all public states in the order they were published. */
function setup(options: AspiredVersionsManagerOptions = {}) {
  const clock = new ManualClock();
  const manager = new AspiredVersionsManager<string>({ clock, maxLoadRetries: 0, ...executors(), ...options });
  const states: string[] = [];
  manager.states.subscribe(({ id, managerState, health }) =>
    states.push(`${id.name} ${id.version} ${managerState}${health ? ` ${health.code}: ${health.message}` : ''}`),
  );
  const aspire = (name: string, loaders: Record<string, Loader<string> | ServingError>): void => {
    const versions = Object.entries(loaders).map(([version, loader]): Data => {
      const id = { name, version: BigInt(version) };
      return loader instanceof ServingError ? { id, error: loader } : { id, data: loader };
    });
    manager.setAspiredVersions(name, versions);
  };
  /** What a request gets: the servable's value, or the error's code and text. */
  const ask = (name: string, version?: bigint): string => {
    try {
      const handle = manager.getServableHandle({ name, version });
      handle.release();
      return handle.servable;
    } catch (error) {
      const { code, message } = error as ServingError;
      return `${code}: ${message}`;
    }
  };
  return { manager, clock, states, aspire, ask };
}

const puppet = (value: string): PuppetLoader<string> => new PuppetLoader(value);

async function loaded(world: ReturnType<typeof setup>, name: string, versions: Record<string, PuppetLoader<string>>) {
  world.aspire(name, versions);
  for (const loader of Object.values(versions)) {
    await settled();
    await loader.finishLoad();
  }
  world.states.length = 0;
}

describe.each([
  ['with an inline executor', {}],
  ['with pools', { loads: 32, unloads: 32 }],
] as const)('%s', (_, { loads, unloads }: { readonly loads?: number; readonly unloads?: number }) => {
  beforeEach(() => {
    executors = () => ({
      loadExecutor: loads === undefined ? inlineExecutor : new LimitedExecutor(loads),
      unloadExecutor: unloads === undefined ? inlineExecutor : new LimitedExecutor(unloads),
    });
  });

  describe('asking for a servable', () => {
    test('ServableHandleNotFoundMissingLoaderName and ServableHandleNotFoundMissingVersion: the texts of upstream', async () => {
      const world = setup();
      await loaded(world, 'm', { 1: puppet('m1') });
      expect(world.ask('other')).toBe('NOT_FOUND: Servable not found for request: Latest(other)');
      expect(world.ask('m', 42n)).toBe('NOT_FOUND: Servable not found for request: Specific(m, 42)');
      expect(() => world.manager.getServableHandle({ name: 'other', auto: 'earliest' })).toThrow(
        'Servable not found for request: Earliest(other)',
      );
      expect(world.ask('')).toBe('INVALID_ARGUMENT: ModelSpec has no name specified.');
    });

    test('ServableHandleLatest, ServableHandleEarliest and ServableHandleSpecificVersion: the highest, the lowest, the one named', async () => {
      const world = setup();
      await loaded(world, 'm', { 7: puppet('m7'), 9: puppet('m9'), 8: puppet('m8') });
      expect([world.ask('m'), world.ask('m', 7n), world.ask('m', 8n)]).toEqual(['m9', 'm7', 'm8']);
      expect(world.manager.listAvailableServableIds().map(({ version }) => version)).toEqual([7n, 8n, 9n]);
      const earliest = (version?: bigint) => {
        const handle = world.manager.getServableHandle({ name: 'm', version, auto: 'earliest' });
        handle.release();
        return handle.servable;
      };
      expect([earliest(), earliest(8n)]).toEqual(['m7', 'm8']);
    });

    test('UpdateServingMapServableHandleLatest: the one before is the latest while the latest is being unloaded', async () => {
      const world = setup();
      const [first, second] = [puppet('m1'), puppet('m2')];
      await loaded(world, 'm', { 1: first, 2: second });
      world.aspire('m', { 1: first });
      await settled();
      expect([world.ask('m'), second.isUnloading]).toEqual(['m1', true]);
      await second.finishUnload();
      expect(world.ask('m')).toBe('m1');
    });

    test('ServableHandleLatestVersionIsZero: zero and negative versions are versions', async () => {
      const world = setup();
      await loaded(world, 'm', { '-3': puppet('minus'), 0: puppet('zero') });
      expect([world.ask('m'), world.ask('m', -3n), world.ask('m', 0n)]).toEqual(['zero', 'minus', 'zero']);
    });

    test('labels point to versions, and unknown ones are refused', async () => {
      const world = setup();
      await loaded(world, 'm', { 1: puppet('m1'), 2: puppet('m2') });
      world.manager.setLabels(new Map([['m', new Map([['stable', 1n]])]]));
      expect(world.manager.getServableHandle({ name: 'm', label: 'stable' }).servable).toBe('m1');
      expect(() => world.manager.getServableHandle({ name: 'm', label: 'canary' })).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: 'Unrecognized servable version label: canary',
        }),
      );
    });
  });

  describe('the states of one version', () => {
    test('EventBusServableLifecycle: START, LOADING, AVAILABLE, UNLOADING, END', async () => {
      const world = setup();
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      expect(world.states).toEqual(['m 1 START', 'm 1 LOADING']);
      expect(world.ask('m')).toContain('NOT_FOUND');
      await loader.finishLoad();
      expect(world.states.slice(2)).toEqual(['m 1 AVAILABLE']);
      world.aspire('m', {});
      await settled();
      expect(world.states.slice(3)).toEqual(['m 1 UNLOADING']);
      expect(world.ask('m')).toContain('NOT_FOUND');
      await loader.finishUnload();
      expect(world.states.slice(4)).toEqual(['m 1 END']);
      expect([loader.loads, loader.unloads]).toEqual([1, 1]);
    });

    test('AVAILABLE is said when the version can be resolved, UNLOADING while it still can', async () => {
      const world = setup();
      const answers: string[] = [];
      world.manager.states.subscribe(({ managerState }) => answers.push(`${managerState} ${world.ask('m')}`));
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      await loader.finishLoad();
      world.aspire('m', {});
      expect(answers.slice(2)).toEqual(['AVAILABLE m1', 'UNLOADING m1']);
      expect(world.ask('m')).toContain('NOT_FOUND');
    });

    test('EventBusErroneousVersion: a version that came with an error ends with it at once', () => {
      const world = setup();
      world.aspire('m', { 3: new ServingError('INVALID_ARGUMENT', 'BAD', 'bad version') });
      expect(world.states).toEqual(['m 3 END INVALID_ARGUMENT: bad version']);
      expect(world.ask('m', 3n)).toBe('NOT_FOUND: Servable not found for request: Specific(m, 3)');
    });

    test('EventBusErrorOnLoad: a failed load ends with its error', async () => {
      const world = setup();
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      await loader.finishLoad(new ServingError('DATA_LOSS', 'TORN', 'file is torn'));
      expect(world.states).toEqual(['m 1 START', 'm 1 LOADING', 'm 1 END DATA_LOSS: file is torn']);
      expect([world.ask('m'), loader.unloads]).toEqual(['NOT_FOUND: Servable not found for request: Latest(m)', 0]);
    });

    test('a failed unload ends with its error and the version is gone', async () => {
      const world = setup();
      const loader = puppet('m1');
      await loaded(world, 'm', { 1: loader });
      world.aspire('m', {});
      await settled();
      await loader.finishUnload(new Error('stuck'));
      expect(world.states).toEqual(['m 1 UNLOADING', 'm 1 END INTERNAL: stuck']);
    });
  });

  describe('from one version to another', () => {
    test('a new version is loaded before the old one is unloaded, and no request in between fails', async () => {
      const world = setup();
      const [first, second] = [puppet('m1'), puppet('m2')];
      await loaded(world, 'm', { 1: first });
      const answers: string[] = [];
      world.manager.states.subscribe(() => answers.push(world.ask('m')));
      world.aspire('m', { 2: second });
      await settled();
      expect([world.ask('m'), first.unloads]).toEqual(['m1', 0]);
      await second.finishLoad();
      expect(world.ask('m')).toBe('m2');
      await first.finishUnload();
      expect(world.states).toEqual(['m 2 START', 'm 2 LOADING', 'm 2 AVAILABLE', 'm 1 UNLOADING', 'm 1 END']);
      expect(answers).toEqual(['m1', 'm1', 'm2', 'm2', 'm2']);
    });

    test('a request that runs during the swap keeps its version until it is done', async () => {
      const world = setup();
      const [first, second] = [puppet('m1'), puppet('m2')];
      await loaded(world, 'm', { 1: first });
      const running = world.manager.getServableHandle({ name: 'm' });
      world.aspire('m', { 2: second });
      await settled();
      await second.finishLoad();
      expect([running.servable, world.ask('m'), first.unloads]).toEqual(['m1', 'm2', 0]);
      running.release();
      await settled();
      expect(first.unloads).toBe(1);
    });

    test('RevertToSmallerVersionNumber: going back works the same', async () => {
      const world = setup();
      const newer = puppet('m1');
      await loaded(world, 'm', { 1: newer });
      const older = puppet('m0');
      world.aspire('m', { 0: older });
      await settled();
      await older.finishLoad();
      expect([world.ask('m'), newer.isUnloading]).toEqual(['m0', true]);
    });

    test('AspiredRemovedPartial: only what is left out is unloaded', async () => {
      const world = setup();
      const [first, second] = [puppet('m1'), puppet('m2')];
      await loaded(world, 'm', { 1: first, 2: second });
      world.aspire('m', { 1: first });
      await settled();
      expect([first.unloads, second.unloads, world.ask('m')]).toEqual([0, 1, 'm1']);
    });

    test('AspireErrorDontUnload: a broken new version leaves the best old one serving', async () => {
      const world = setup();
      const [zero, one, seven, eight] = [puppet('m0'), puppet('m1'), puppet('m7'), puppet('m8')];
      await loaded(world, 'm', { 0: zero, 1: one });
      world.aspire('m', { 7: seven });
      await settled();
      await zero.finishUnload();
      await seven.finishLoad(new ServingError('INVALID_ARGUMENT', 'BAD', 'broken'));
      expect([zero.unloads, one.unloads, world.ask('m')]).toEqual([1, 0, 'm1']);
      world.aspire('m', { 8: eight });
      await settled();
      await eight.finishLoad();
      expect([one.unloads, world.ask('m')]).toEqual([1, 'm8']);
    });

    test('under the resource-preserving policy the old version is gone before the new one loads', async () => {
      const world = setup({ policy: resourcePreservingPolicy });
      const [first, second] = [puppet('m1'), puppet('m2')];
      await loaded(world, 'm', { 1: first });
      world.aspire('m', { 2: second });
      await settled();
      expect([first.isUnloading, second.loads]).toEqual([true, 0]);
      await first.finishUnload();
      expect(second.isLoading).toBe(true);
    });

    test('a list that repeats what is aspired changes nothing, whatever its loaders are', async () => {
      const world = setup();
      const [first, again] = [puppet('m1'), puppet('again')];
      await loaded(world, 'm', { 1: first });
      world.aspire('m', { 1: again });
      await settled();
      expect([again.loads, first.unloads, world.ask('m')]).toEqual([0, 0, 'm1']);
    });

    test('of two entries for one version the first is taken', async () => {
      const world = setup();
      const [first, second] = [puppet('first'), puppet('second')];
      const id = { name: 'm', version: 1n };
      world.manager.setAspiredVersions('m', [
        { id, data: first },
        { id, data: second },
      ]);
      await settled();
      await first.finishLoad();
      expect([world.ask('m'), second.loads]).toEqual(['first', 0]);
    });

    test('a list with a version of another stream is not taken', () => {
      const world = setup();
      world.manager.setAspiredVersions('m', [{ id: { name: 'n', version: 1n }, data: puppet('n1') }]);
      expect(world.states).toEqual([]);
    });
  });

  describe('wanting a version again that is on its way out', () => {
    test('UnaspireThenImmediatelyReaspire: it is loaded anew after the old handle is released', async () => {
      const world = setup();
      const [old, fresh] = [puppet('old'), puppet('fresh')];
      await loaded(world, 'm', { 1: old });
      const handle = world.manager.getServableHandle({ name: 'm' });
      world.aspire('m', {});
      world.aspire('m', { 1: fresh });
      await settled();
      expect([old.unloads, fresh.loads]).toEqual([0, 0]);
      handle.release();
      await settled();
      await old.finishUnload();
      await fresh.finishLoad();
      expect(world.ask('m')).toBe('fresh');
    });

    test('UnaspireFailedServableThenImmediatelyReaspire: a failed one that comes back is tried again', async () => {
      const world = setup();
      const [broken, repaired] = [puppet('broken'), puppet('repaired')];
      world.aspire('m', { 1: broken });
      await settled();
      await broken.finishLoad(new Error('no'));
      world.aspire('m', { 1: repaired });
      await settled();
      expect(repaired.loads).toBe(0);
      world.aspire('m', {});
      world.aspire('m', { 1: repaired });
      await settled();
      await repaired.finishLoad();
      expect(world.ask('m')).toBe('repaired');
    });

    test('UnaspireNewServableThenImmediatelyReaspire: one that never started is dropped for its successor', async () => {
      const world = setup({ policy: () => undefined });
      const [first, second] = [puppet('first'), puppet('second')];
      world.aspire('m', { 1: first });
      world.aspire('m', {});
      world.aspire('m', { 1: second });
      expect([first.loads, world.states]).toEqual([0, ['m 1 START', 'm 1 END', 'm 1 START']]);
    });

    test('a postponed list un-aspires nothing yet, so that the stream can answer all the time', async () => {
      const world = setup();
      const [zero, one, zeroAgain] = [puppet('m0'), puppet('m1'), puppet('m0 again')];
      await loaded(world, 'm', { 0: zero, 1: one });
      const handle = world.manager.getServableHandle({ name: 'm', version: 0n });
      world.aspire('m', { 1: one });
      world.aspire('m', { 0: zeroAgain });
      await settled();
      expect([world.ask('m'), one.unloads]).toEqual(['m1', 0]);
      handle.release();
      await settled();
      await zero.finishUnload();
      await zeroAgain.finishLoad();
      expect([world.ask('m'), one.unloads]).toEqual(['m0 again', 1]);
    });

    test('a newer list replaces one that waits', async () => {
      const world = setup();
      const [old, second, third] = [puppet('old'), puppet('second'), puppet('third')];
      await loaded(world, 'm', { 1: old });
      world.aspire('m', {});
      world.aspire('m', { 1: second });
      world.aspire('m', { 1: third });
      await settled();
      await old.finishUnload();
      expect([second.loads, third.loads]).toEqual([0, 1]);
    });
  });

  describe('failed loads', () => {
    test('RetryOnLoadErrorFinallySucceeds: retries come after the pause, not before', async () => {
      const world = setup({ maxLoadRetries: 2, loadRetryIntervalMs: 100 });
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      for (const attempt of [1, 2]) {
        expect(loader.loads).toBe(attempt);
        await loader.finishLoad(new Error('not yet'));
        world.clock.advance(99);
        await settled();
        expect(loader.loads).toBe(attempt);
        world.clock.advance(1);
        await settled();
      }
      await loader.finishLoad();
      expect([loader.loads, world.ask('m')]).toEqual([3, 'm1']);
      expect(world.states).toEqual(['m 1 START', 'm 1 LOADING', 'm 1 AVAILABLE']);
    });

    test('RetryOnLoadErrorFinallyFails: after the last retry the last error stays', async () => {
      const world = setup({ maxLoadRetries: 1, loadRetryIntervalMs: 100 });
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      await loader.finishLoad(new Error('first'));
      world.clock.advance(100);
      await settled();
      await loader.finishLoad(new Error('second'));
      world.clock.advance(1_000_000);
      await settled();
      expect([loader.loads, world.states.at(-1)]).toEqual([2, 'm 1 END INTERNAL: second']);
    });

    test('a pause between attempts does not hold up other loads', async () => {
      const world = setup({ maxLoadRetries: 1, loadExecutor: new LimitedExecutor(1) });
      const [broken, fine] = [puppet('broken'), puppet('fine')];
      world.aspire('a', { 1: broken });
      world.aspire('b', { 1: fine });
      await settled();
      expect([broken.loads, fine.loads]).toEqual([1, 0]);
      await broken.finishLoad(new Error('no'));
      await fine.finishLoad();
      expect(world.ask('b')).toBe('fine');
    });

    test('CancelledLoad: a version that is no longer wanted is not retried', async () => {
      const world = setup({ maxLoadRetries: 5, loadRetryIntervalMs: 100 });
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      await loader.finishLoad(new Error('no'));
      world.aspire('m', {});
      await settled();
      world.clock.advance(1000);
      await settled();
      expect(loader.loads).toBe(1);
      expect(world.states.at(-1)).toBe('m 1 END CANCELLED: Loading of servable cancelled');
      expect(world.clock.pending).toBe(0);
    });

    test('a cancelled load that succeeds all the same is unloaded at once', async () => {
      const world = setup();
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      world.aspire('m', {});
      expect(loader.signal?.aborted).toBe(true);
      await loader.finishLoad();
      expect(loader.isUnloading).toBe(true);
      await loader.finishUnload();
      expect(world.states).toEqual(['m 1 START', 'm 1 LOADING', 'm 1 END CANCELLED: Loading of servable cancelled']);
      expect(world.ask('m')).toContain('NOT_FOUND');
    });
  });

  describe('loads at a time', () => {
    test('as many as the executor allows, the others wait in line', async () => {
      const world = setup({ loadExecutor: new LimitedExecutor(2) });
      const loaders = ['a', 'b', 'c'].map((name) => {
        const loader = puppet(name);
        world.aspire(name, { 1: loader });
        return loader;
      });
      await settled();
      expect(loaders.map(({ isLoading }) => isLoading)).toEqual([true, true, false]);
      await loaders[0]!.finishLoad();
      expect(loaders[2]!.isLoading).toBe(true);
    });

    test('one stream loads its highest version first', async () => {
      const world = setup({ loadExecutor: new LimitedExecutor(1) });
      const [low, high] = [puppet('low'), puppet('high')];
      world.aspire('m', { 1: low, 2: high });
      await settled();
      expect([low.isLoading, high.isLoading]).toEqual([false, true]);
    });
  });

  describe('memory', () => {
    const sized = (value: string, ramBytes: number): PuppetLoader<string> => {
      const loader = puppet(value);
      loader.estimate = { ramBytes };
      return loader;
    };

    test('ConcurrentLoads: versions that fit side by side are loaded side by side', async () => {
      const world = setup({ maxRamBytes: 10 });
      const loaders = [sized('a', 5), sized('b', 5)];
      loaders.forEach((loader, index) => world.aspire(loader.value, { [index]: loader }));
      await settled();
      expect(loaders.map(({ isLoading }) => isLoading)).toEqual([true, true]);
    });

    test('InsufficientResources and ResourcesReleasedAfterUnload: refused, and loaded when another has gone', async () => {
      const world = setup({ maxRamBytes: 10 });
      const [small, large] = [sized('small', 4), sized('large', 7)];
      await loaded(world, 'small', { 1: small });
      world.aspire('large', { 1: large });
      await settled();
      expect(world.states.at(-1)).toContain(
        'large 1 END RESOURCE_EXHAUSTED: Insufficient resources to load servable {name: large version: 1}',
      );
      world.aspire('small', {});
      await settled();
      await small.finishUnload();
      const again = sized('large', 7);
      world.aspire('large', {});
      world.aspire('large', { 1: again });
      await settled();
      await again.finishLoad();
      expect([world.ask('large'), large.loads]).toEqual(['large', 0]);
    });

    test('ResourcesReleasedIfLoadFails: a version waits for running loads, and takes what a failed one leaves', async () => {
      const world = setup({ maxRamBytes: 10 });
      const [first, second] = [sized('first', 6), sized('second', 6)];
      world.aspire('first', { 1: first });
      world.aspire('second', { 1: second });
      await settled();
      expect([first.isLoading, second.isLoading]).toEqual([true, false]);
      await first.finishLoad(new Error('no'));
      expect(second.isLoading).toBe(true);
    });

    test('FirstLoadDeniedSecondOneApproved: one that is refused is in nobody’s way', async () => {
      const world = setup({ maxRamBytes: 10 });
      const [denied, approved] = [sized('denied', 11), sized('approved', 10)];
      world.aspire('denied', { 1: denied });
      world.aspire('approved', { 1: approved });
      await settled();
      await approved.finishLoad();
      expect([denied.loads, world.ask('approved')]).toEqual([0, 'approved']);
      expect(world.states.filter((state) => state.startsWith('denied')).at(-1)).toContain('END RESOURCE_EXHAUSTED');
    });

    test.each(['estimate', 'measured'] as const)(
      'ResourcesReleasedIfEstimateDecreasesAfterLoad: what a version turns out not to take is for others (%s)',
      async (said) => {
        const world = setup({ maxRamBytes: 10 });
        const [first, second] = [sized('first', 8), sized('second', 6)];
        world.aspire('first', { 1: first });
        await settled();
        first[said] = { ramBytes: 4 };
        await first.finishLoad();
        world.aspire('second', { 1: second });
        await settled();
        expect(second.isLoading).toBe(true);
      },
    );

    test('EventBusErrorOnEstimateResources: START and then END with the error', async () => {
      const world = setup({ maxRamBytes: 10 });
      const loader = puppet('m1');
      loader.estimateResources = () => Promise.reject(new ServingError('DATA_LOSS', 'BAD', 'no sizes'));
      world.aspire('m', { 1: loader });
      await settled();
      expect([world.states, loader.loads]).toEqual([['m 1 START', 'm 1 END DATA_LOSS: no sizes'], 0]);
    });
  });

  describe('closing', () => {
    test('everything is unloaded once its handles are released', async () => {
      const world = setup();
      const [a, b] = [puppet('a'), puppet('b')];
      await loaded(world, 'a', { 1: a });
      await loaded(world, 'b', { 1: b });
      const handle = world.manager.getServableHandle({ name: 'a' });
      let closed = false;
      const closing = world.manager.close().then(() => (closed = true));
      await settled();
      expect([a.isUnloading, b.isUnloading, world.ask('a')]).toEqual([
        false,
        true,
        'NOT_FOUND: Servable not found for request: Latest(a)',
      ]);
      handle.release();
      await b.finishUnload();
      expect(closed).toBe(false);
      await a.finishUnload();
      await closing;
      expect([a.unloads, b.unloads]).toEqual([1, 1]);
    });

    test('lists that come later change nothing, and closing again is the same close', async () => {
      const world = setup();
      const late = puppet('late');
      const closing = world.manager.close();
      world.aspire('m', { 1: late });
      await settled();
      expect([late.loads, world.manager.close()]).toEqual([0, closing]);
      await closing;
    });

    test('a load that runs is told to stop and waited for', async () => {
      const world = setup();
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      const closing = world.manager.close();
      expect(loader.signal?.aborted).toBe(true);
      await loader.finishLoad(new Error('stopped'));
      await closing;
      expect(world.states.at(-1)).toBe('m 1 END CANCELLED: Loading of servable cancelled');
    });

    test('destroy waits neither for handles nor for loads that hang', async () => {
      const world = setup();
      const [held, hanging] = [puppet('held'), puppet('hanging')];
      await loaded(world, 'held', { 1: held });
      const handle = world.manager.getServableHandle({ name: 'held' });
      world.aspire('hanging', { 1: hanging });
      await settled();
      const destroyed = world.manager.destroy();
      await settled();
      await held.finishUnload();
      await destroyed;
      expect(world.states.at(-1)).toBe('held 1 END');
      handle.release();
      await hanging.finishLoad();
      expect(hanging.unloads).toBe(1);
    });
  });

  test('every handle that is taken is given back: nothing is unloaded early and nothing is left', async () => {
    const world = setup();
    const loaders: PuppetLoader<string>[] = [];
    const handles: { release(): void; servable: string }[] = [];
    for (let version = 1; version <= 20; version += 1) {
      const loader = puppet(`m${version}`);
      loaders.push(loader);
      world.aspire('m', { [version]: loader });
      await settled();
      await loader.finishLoad();
      handles.push(world.manager.getServableHandle({ name: 'm' }), world.manager.getServableHandle({ name: 'm' }));
    }
    expect(handles.map(({ servable }) => servable)).toEqual(loaders.flatMap(({ value }) => [value, value]));
    expect(loaders.map(({ unloads }) => unloads)).toEqual(loaders.map(() => 0));
    for (const handle of handles) handle.release();
    await settled();
    expect(loaders.map(({ unloads }) => unloads)).toEqual([...loaders.slice(1).map(() => 1), 0]);
  });

  test.each([
    [{ maxLoadRetries: -1 }, 'maxLoadRetries must be a whole number of at least 0; got -1'],
    [{ loadRetryIntervalMs: Number.NaN }, 'loadRetryIntervalMs must be a number of at least 0; got NaN'],
    [{ maxRamBytes: -1 }, 'maxRamBytes must be a number of at least 0; got -1'],
  ])('the option %o is refused', (options, message) => {
    expect(() => setup(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  });

  describe('by the names of upstream', () => {
    test('PreLoadHook: is called once with each version, right before it is loaded', async () => {
      const hooked: string[] = [];
      const loader = puppet('m1');
      const world = setup({
        maxLoadRetries: 1,
        loadRetryIntervalMs: 10,
        preLoadHook: ({ name, version }) => hooked.push(`${name} ${version} after ${loader.loads} loads`),
      });
      world.aspire('m', { 1: loader });
      await settled();
      expect([hooked, loader.loads]).toEqual([['m 1 after 0 loads'], 1]);
      await loader.finishLoad(new Error('again'));
      world.clock.advance(10);
      await settled();
      expect([hooked.length, loader.loads]).toEqual([1, 2]);
    });

    test('ReloadAspiredError: a failed version that stays aspired is tried again only with the option', async () => {
      for (const reloadFailed of [false, true]) {
        const world = setup({ reloadFailed });
        const [bad, good] = [puppet('bad'), puppet('good')];
        world.aspire('m', { 1: bad });
        await settled();
        await bad.finishLoad(new Error('no luck'));
        world.aspire('m', { 1: good });
        await settled();
        expect(good.loads).toBe(reloadFailed ? 1 : 0);
        if (!reloadFailed) continue;
        await good.finishLoad();
        expect(world.ask('m')).toBe('good');
      }
    });

    test('ListAvailableServableIds and GetAvailableServableHandles: without failed and un-aspired ones', async () => {
      const world = setup();
      const [a, b, c] = [puppet('a1'), puppet('a2'), puppet('a3')];
      await loaded(world, 'a', { 1: a });
      world.aspire('a', { 1: a, 2: b, 3: c });
      await settled();
      await c.finishLoad(new Error('no luck'));
      await b.finishLoad();
      expect(world.manager.listAvailableServableIds().map(({ version }) => version)).toEqual([1n, 2n]);
      world.aspire('a', { 2: b });
      await settled();
      expect(world.manager.listAvailableServableIds().map(({ version }) => version)).toEqual([2n]);
      for (const id of world.manager.listAvailableServableIds()) {
        const handle = world.manager.getServableHandle(id);
        expect(handle.servable).toBe('a2');
        handle.release();
      }
    });

    test('AspiredRemovedFull: an empty list unloads all, and nothing answers', async () => {
      const world = setup();
      const [first, second] = [puppet('m1'), puppet('m2')];
      await loaded(world, 'm', { 1: first, 2: second });
      world.aspire('m', {});
      await settled();
      await first.finishUnload();
      await second.finishUnload();
      expect([world.ask('m'), first.unloads, second.unloads]).toEqual([
        'NOT_FOUND: Servable not found for request: Latest(m)',
        1,
        1,
      ]);
    });

    test('AspiredAndManageStateLoad and AspiredAndManageStateUnload: answers from the end of the load to the begin of the unload', async () => {
      const world = setup();
      const loader = puppet('m1');
      world.aspire('m', { 1: loader });
      await settled();
      expect(world.ask('m', 1n)).toContain('NOT_FOUND');
      await loader.finishLoad();
      expect(world.ask('m', 1n)).toBe('m1');
      world.aspire('m', {});
      expect([world.ask('m', 1n), loader.isUnloading]).toEqual([
        'NOT_FOUND: Servable not found for request: Specific(m, 1)',
        false,
      ]);
      await settled();
      expect(loader.isUnloading).toBe(true);
    });

    test('ManagerPrefersUnloadOverLoad: what one stream unloads goes before what another loads', async () => {
      const world = setup();
      await loaded(world, 'a', { 1: puppet('a1') });
      world.states.length = 0;
      // Both lists come while the manager is busy with another one.
      let isFirst = true;
      world.manager.states.subscribe(({ id }) => {
        if (id.name !== 'c' || !isFirst) return;
        isFirst = false;
        world.aspire('b', { 1: puppet('b1') });
        world.aspire('a', {});
      });
      world.aspire('c', { 1: puppet('c1') });
      await settled();
      const order = world.states.filter((state) => /^a 1 UNLOADING|^[bc] 1 LOADING/.test(state));
      expect(order).toEqual(['a 1 UNLOADING', 'c 1 LOADING', 'b 1 LOADING']);
    });

    test('CustomSortActions: what an order of one’s own puts first comes first', async () => {
      const isFirst = ({ id }: { readonly id: { readonly name: string } }): number => (id.name === 'b' ? 0 : 1);
      const world = setup({ compareActions: (a, b) => isFirst(a) - isFirst(b) });
      await loaded(world, 'a', { 1: puppet('a1') });
      world.manager.states.subscribe(({ id, managerState }) => {
        if (id.name !== 'c' || managerState !== 'START') return;
        world.aspire('a', {});
        world.aspire('b', { 1: puppet('b1') });
      });
      world.aspire('c', { 1: puppet('c1') });
      await settled();
      const order = world.states.filter((state) => /^a 1 UNLOADING|^[bc] 1 LOADING/.test(state));
      // Without it the unload would be first; what it does not tell apart keeps the order in which it came.
      expect(order).toEqual(['b 1 LOADING', 'c 1 LOADING', 'a 1 UNLOADING']);
    });

    test('ErroneousAspiredVersion: a version that came with an error never answers, the others do', async () => {
      const world = setup();
      const good = puppet('m1');
      world.aspire('m', { 1: good, 2: new ServingError('DATA_LOSS', 'BAD', 'bad') });
      await settled();
      await good.finishLoad();
      expect([world.ask('m'), world.ask('m', 2n)]).toEqual([
        'm1',
        'NOT_FOUND: Servable not found for request: Specific(m, 2)',
      ]);
    });

    test('DestructOnNonServingThread: releasing the last handle does not unload within the request', async () => {
      const world = setup();
      const loader = puppet('m1');
      await loaded(world, 'm', { 1: loader });
      const handle = world.manager.getServableHandle({ name: 'm' });
      world.aspire('m', {});
      await settled();
      handle.release();
      expect(loader.unloads).toBe(0);
      await settled();
      expect(loader.unloads).toBe(1);
    });

    test('CallPolicyWithAllVersions: the policy sees every version, those that are not aspired too', async () => {
      const seen: string[] = [];
      const world = setup({
        policy: (versions) => {
          seen.push(
            versions.map(({ id, isAspired, state }) => `${id.version}${isAspired ? '*' : ''} ${state}`).join(', '),
          );
          return availabilityPreservingPolicy(versions);
        },
      });
      const [first, second] = [puppet('m1'), puppet('m2')];
      await loaded(world, 'm', { 1: first });
      seen.length = 0;
      world.aspire('m', { 2: second });
      await settled();
      expect(seen).toEqual(['1 ready, 2* new', '1 ready, 2* loading']);
    });

    test('EstimateResourcesRetriedTest: an estimate that fails is made again, NonRetriableError: unless it would fail for ever', async () => {
      const world = setup({ maxRamBytes: 10, maxLoadRetries: 1, loadRetryIntervalMs: 10 });
      const loader = puppet('m1');
      let estimates = 0;
      loader.estimateResources = async () => {
        estimates += 1;
        if (estimates === 1) throw new Error('busy');
        return { ramBytes: 4 };
      };
      world.aspire('m', { 1: loader });
      await settled();
      expect([estimates, loader.loads]).toEqual([1, 0]);
      world.clock.advance(10);
      await settled();
      expect([estimates, loader.loads]).toEqual([2, 1]);
      const hopeless = puppet('m2');
      hopeless.estimateResources = () => Promise.reject(new ServingError('UNIMPLEMENTED', 'NO', 'never'));
      world.aspire('n', { 1: hopeless });
      await settled();
      expect([world.states.at(-1), hopeless.loads, world.clock.pending]).toEqual([
        'n 1 END UNIMPLEMENTED: never',
        0,
        0,
      ]);
    });

    test('AlreadyManagedError and MultipleManageCallsUsesFirstServable: what is managed stays as it is', async () => {
      const world = setup();
      const [first, other] = [puppet('first'), puppet('other')];
      await loaded(world, 'm', { 1: first });
      world.aspire('m', { 1: other });
      world.aspire('m', { 1: new ServingError('DATA_LOSS', 'BAD', 'bad') });
      await settled();
      expect([world.ask('m'), other.loads, first.unloads, world.states]).toEqual(['first', 0, 0, []]);
    });

    test('StopManagingActiveServable and StopManagingDisabledServable: forgotten when it is gone, not before', async () => {
      const world = setup();
      const loader = puppet('m1');
      await loaded(world, 'm', { 1: loader });
      const again = puppet('again');
      world.aspire('m', {});
      world.aspire('m', { 1: again });
      await settled();
      expect([loader.isUnloading, again.loads]).toEqual([true, 0]);
      await loader.finishUnload();
      await again.finishLoad();
      expect(world.ask('m')).toBe('again');
    });

    test('StopManagingUnknownId: leaving out what nobody knows changes nothing', async () => {
      const world = setup();
      world.aspire('m', {});
      world.aspire('m', {});
      await settled();
      expect([world.states, world.manager.states.getStreamNames()]).toEqual([[], []]);
    });

    test('DontStopManagingOnError: a version that failed stays failed until it is left out', async () => {
      const world = setup();
      const [bad, good] = [puppet('bad'), puppet('good')];
      world.aspire('m', { 1: bad });
      await settled();
      await bad.finishLoad(new Error('no luck'));
      world.aspire('m', { 1: good });
      await settled();
      expect([good.loads, world.states.at(-1)]).toEqual([0, 'm 1 END INTERNAL: no luck']);
      world.aspire('m', {});
      world.aspire('m', { 1: good });
      await settled();
      expect(good.loads).toBe(1);
    });

    test.each(['load', 'unload'] as const)(
      'UnloadWithoutManage: a policy that wants to %s what is not managed is refused',
      (kind) => {
        const world = setup({ policy: () => ({ kind, id: { name: 'm', version: 7n } }) });
        expect(() => world.aspire('m', { 1: puppet('m1') })).toThrow(
          expect.objectContaining({
            code: 'NOT_FOUND',
            message: 'This servable is not being managed by the manager: {name: m version: 7}',
          }),
        );
      },
    );

    test('LoadsThenUnloads and InterleavedLoadsAndUnloads: many versions come and go, each once', async () => {
      const world = setup();
      const loaders = new Map<number, PuppetLoader<string>>();
      for (let version = 1; version <= 20; version += 1) {
        const loader = puppet(`m${version}`);
        loaders.set(version, loader);
        world.aspire('m', Object.fromEntries([...loaders].slice(-3)));
        await settled();
        await loader.finishLoad();
        expect(world.ask('m')).toBe(`m${version}`);
        for (const each of loaders.values()) if (each.isUnloading) await each.finishUnload();
      }
      expect(world.manager.listAvailableServableIds().map(({ version }) => version)).toEqual([18n, 19n, 20n]);
      world.aspire('m', {});
      await settled();
      for (const each of loaders.values()) if (each.isUnloading) await each.finishUnload();
      expect([...loaders.values()].map(({ loads, unloads }) => [loads, unloads])).toEqual(
        [...loaders.values()].map(() => [1, 1]),
      );
      expect(world.manager.listAvailableServableIds()).toEqual([]);
    });

    test('LoadAfterCancelledLoad: a version whose load was given up can be aspired and loaded anew', async () => {
      const world = setup();
      const [given, again] = [puppet('given up'), puppet('again')];
      world.aspire('m', { 1: given });
      await settled();
      world.aspire('m', {});
      world.aspire('m', { 1: again });
      await given.finishLoad(new Error('stopped'));
      await again.finishLoad();
      expect(world.ask('m')).toBe('again');
    });
  });
});
