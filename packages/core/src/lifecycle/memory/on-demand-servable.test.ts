import { describe, expect, test } from 'vitest';
import { inlineExecutor, LimitedExecutor } from '../../servable/executor.js';
import { silentLogger } from '../../servable/logger.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import type { ServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { PuppetLoader, settled } from '../../servable/testing/puppet-loader.js';
import { AspiredVersionsManager } from '../manager/aspired-versions-manager.js';
import { MemoryBudget } from './memory-budget.js';
import { onDemandLoader } from './on-demand-loader.js';
import { OnDemandProvider } from './on-demand-provider.js';
import type { OnDemandServable } from './on-demand-servable.js';

interface Given {
  readonly bytes: number;
  /** What it turns out to take. */
  readonly measured?: number;
  readonly pinned?: boolean;
}

/** A manager with a memory budget whose versions are moved by hand. */
function setup(limitBytes: number, loadExecutor = inlineExecutor) {
  const clock = new ManualClock();
  const budget = new MemoryBudget(limitBytes);
  const manager = new AspiredVersionsManager<OnDemandServable<string>>({ clock, maxLoadRetries: 0 });
  const provider = new OnDemandProvider(manager);
  const events: string[] = [];
  const text = ({ name, version }: ServableId): string => `${name}${version}`;
  /** Loaders of a version, one for each load, without those that were only asked for an estimate. */
  const loads = new Map<string, PuppetLoader<string>[]>();
  const aspire = async (name: string, versions: Record<string, Given>): Promise<void> => {
    manager.setAspiredVersions(
      name,
      Object.entries(versions).map(([version, { bytes, measured, pinned = false }]) => {
        const id = { name, version: BigInt(version) };
        const create = (): PuppetLoader<string> => {
          const loader = new PuppetLoader(text(id));
          loader.estimate = { ramBytes: bytes };
          loader.measured = measured === undefined ? undefined : { ramBytes: measured };
          loader.onLoad = () => loads.set(text(id), [...(loads.get(text(id)) ?? []), loader]);
          return loader;
        };
        const data = onDemandLoader(create, {
          id,
          isPinned: pinned,
          budget,
          loadExecutor,
          unloadExecutor: inlineExecutor,
          clock,
          logger: silentLogger,
          observer: {
            loaded: (id, bytes) => events.push(`${text(id)} loaded: ${bytes}`),
            loadFailed: (id, { code }) => events.push(`${text(id)} failed: ${code}`),
            evicted: (id) => events.push(`${text(id)} evicted`),
          },
        });
        return { id, data };
      }),
    );
    await settled();
  };
  const running = (name: string): PuppetLoader<string> => loads.get(name)!.findLast(({ isLoading }) => isLoading)!;
  const open = async (name: string, options = {}): Promise<ServableHandle<string>> =>
    provider.openServableHandle({ name }, options);
  /** Asks once, with every load and unload ending at once, and releases the handle. */
  const ask = async (name: string): Promise<string> => {
    const asked = open(name);
    await settled();
    await moveAll();
    const handle = await asked;
    handle.release();
    return handle.servable;
  };
  const moveAll = async (): Promise<void> => {
    for (let moved = true; moved;) {
      moved = false;
      await settled();
      for (const loader of [...loads.values()].flat()) {
        if (loader.isLoading) await loader.finishLoad();
        else if (loader.isUnloading) await loader.finishUnload();
        else continue;
        moved = true;
      }
    }
  };
  return { clock, budget, manager, provider, events, loads, running, aspire, open, ask, moveAll };
}

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    (error: ServingError) => `${error.code} ${error.reason}: ${error.message}`,
  );

describe('a model within a memory budget', () => {
  test('is AVAILABLE without being in memory, and is loaded by the first request', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    expect(world.manager.states.getVersionStates('a').map(({ managerState }) => managerState)).toEqual(['AVAILABLE']);
    expect([world.loads.size, world.budget.usedBytes]).toEqual([0, 0]);
    expect(await world.ask('a')).toBe('a1');
    expect([world.events, world.budget.usedBytes]).toEqual([['a1 loaded: 40'], 40]);
    expect(await world.ask('a')).toBe('a1');
    expect(world.loads.get('a1')).toHaveLength(1);
  });

  test('is loaded once for all requests that come meanwhile, and each gets a handle', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    const asked = Array.from({ length: 20 }, () => world.open('a'));
    await settled();
    expect(world.loads.get('a1')).toHaveLength(1);
    await world.running('a1').finishLoad();
    const handles = await Promise.all(asked);
    expect(handles.map(({ servable }) => servable)).toEqual(Array.from({ length: 20 }, () => 'a1'));
    expect(world.loads.get('a1')!.map(({ loads }) => loads)).toEqual([1]);
  });

  test('leaves when another one needs its memory: the least recently used one first', async () => {
    const world = setup(100);
    for (const name of ['a', 'b', 'c']) await world.aspire(name, { 1: { bytes: 40 } });
    await world.ask('a');
    await world.ask('b');
    await world.ask('a');
    await world.ask('c');
    expect(world.events).toEqual(['a1 loaded: 40', 'b1 loaded: 40', 'b1 evicted', 'c1 loaded: 40']);
    expect(world.manager.states.getVersionStates('b')[0]).toMatchObject({ managerState: 'AVAILABLE' });
    expect(await world.ask('b')).toBe('b1');
    expect(world.loads.get('b1')!.map(({ loads, unloads }) => [loads, unloads])).toEqual([
      [1, 1],
      [1, 0],
    ]);
    expect(world.budget.usedBytes).toBe(80);
  });

  test('a request that runs keeps its version: an idle one leaves in its place, else its end is waited for', async () => {
    const world = setup(100);
    for (const name of ['a', 'b', 'c']) await world.aspire(name, { 1: { bytes: 40 } });
    await world.ask('a');
    const a = await world.open('a');
    await world.ask('b');
    const busyB = await world.open('b');
    busyB.release();
    // Both are used later than nothing else; b is idle.
    await world.ask('c');
    expect(world.events.slice(2)).toEqual(['b1 evicted', 'c1 loaded: 40']);
    const c = await world.open('c');
    const b = world.open('b');
    await settled();
    await world.moveAll();
    expect([world.loads.get('a1')![0]!.unloads, world.loads.get('c1')![0]!.unloads]).toEqual([0, 0]);
    a.release();
    await settled();
    await world.moveAll();
    expect([(await b).servable, c.servable]).toEqual(['b1', 'c1']);
    expect(world.events.slice(4)).toEqual(['a1 evicted', 'b1 loaded: 40']);
  });

  test('a version that is on its way out is not given out again: it is loaded anew', async () => {
    const world = setup(50);
    for (const name of ['a', 'b']) await world.aspire(name, { 1: { bytes: 40 } });
    await world.ask('a');
    const b = world.open('b');
    await settled();
    expect(world.loads.get('a1')![0]!.isUnloading).toBe(true);
    const again = world.open('a');
    await settled();
    await world.moveAll();
    (await b).release();
    await world.moveAll();
    expect((await again).servable).toBe('a1');
    expect(world.loads.get('a1')).toHaveLength(2);
  });

  test('a pinned one is loaded at once and never leaves', async () => {
    const world = setup(100);
    await world.aspire('p', { 1: { bytes: 60, pinned: true } });
    await world.running('p1').finishLoad();
    expect(world.manager.states.getVersionStates('p')[0]).toMatchObject({ managerState: 'AVAILABLE' });
    for (const name of ['a', 'b']) await world.aspire(name, { 1: { bytes: 40 } });
    await world.ask('a');
    await world.ask('b');
    expect(world.events).toEqual(['p1 loaded: 60', 'a1 loaded: 40', 'a1 evicted', 'b1 loaded: 40']);
  });

  test('one that cannot fit is RESOURCE_EXHAUSTED with figures, and pushes nothing out', async () => {
    const world = setup(100);
    await world.aspire('p', { 1: { bytes: 60, pinned: true } });
    await world.running('p1').finishLoad();
    await world.aspire('a', { 1: { bytes: 30 } });
    await world.aspire('big', { 1: { bytes: 41 } });
    await world.aspire('huge', { 1: { bytes: 101 } });
    await world.ask('a');
    expect(await codeOf(world.open('big'))).toBe(
      'RESOURCE_EXHAUSTED MEMORY_BUDGET_EXCEEDED: Servable {name: big version: 1} does not fit into memory: it needs ' +
        '41 bytes, and the budget is 100 bytes, of which 60 are held by 1 version(s) that must stay',
    );
    expect(await codeOf(world.open('huge'))).toContain('it needs 101 bytes, and the budget is 100 bytes');
    expect(world.budget.usedBytes).toBe(90);
  });

  test('one that takes more than its estimate makes others leave, and is known from then on', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 50 } });
    await world.aspire('b', { 1: { bytes: 50, measured: 70 } });
    await world.ask('a');
    await world.ask('b');
    expect(world.events).toEqual(['a1 loaded: 50', 'a1 evicted', 'b1 loaded: 70']);
    await world.ask('a');
    // Its estimate would let it load beside a.
    const b = world.open('b');
    await settled();
    expect([world.loads.get('b1')!.length, world.loads.get('a1')!.at(-1)!.isUnloading]).toEqual([1, true]);
    await world.moveAll();
    (await b).release();
  });

  test('one that turns out to be larger than the budget is unloaded again', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 10, measured: 120 } });
    const asked = codeOf(world.open('a'));
    await settled();
    await world.moveAll();
    expect(await asked).toContain('it needs 120 bytes, and the budget is 100 bytes');
    expect([world.loads.get('a1')![0]!.unloads, world.budget.usedBytes]).toEqual([1, 0]);
  });
});

describe('a load on demand that fails', () => {
  test('is UNAVAILABLE with the reason, and is tried again after a pause that grows', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    const failed = async (): Promise<string> => {
      const asked = codeOf(world.open('a'));
      await settled();
      await world.running('a1').finishLoad(new ServingError('DATA_LOSS', 'TORN', 'file is torn'));
      return asked;
    };
    const message =
      'UNAVAILABLE LOAD_FAILED: Servable {name: a version: 1} could not be loaded: DATA_LOSS: file is torn';
    expect(await failed()).toBe(message);
    world.clock.advance(999);
    expect([await codeOf(world.open('a')), world.loads.get('a1')!.length]).toEqual([message, 1]);
    world.clock.advance(1);
    expect(await failed()).toBe(message);
    world.clock.advance(1999);
    expect([await codeOf(world.open('a')), world.loads.get('a1')!.length]).toEqual([message, 2]);
    world.clock.advance(1);
    expect(await world.ask('a')).toBe('a1');
    expect(world.budget.usedBytes).toBe(40);
  });

  test('a request whose time is up leaves the wait; the load goes on for the next one', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    const late = codeOf(world.open('a', { timeoutMs: 50 }));
    const cancel = new AbortController();
    const given = codeOf(world.open('a', { signal: cancel.signal }));
    await settled();
    world.clock.advance(50);
    expect(await late).toContain('DEADLINE_EXCEEDED');
    cancel.abort(new ServingError('CANCELLED', 'CANCELLED', 'gone'));
    expect(await given).toContain('CANCELLED');
    await world.running('a1').finishLoad();
    expect((await world.open('a')).servable).toBe('a1');
    expect([world.loads.get('a1')!.length, world.clock.pending]).toEqual([1, 0]);
  });

  test('a load that still waits for room when nobody waits for it any more is not made', async () => {
    const world = setup(50);
    for (const name of ['a', 'b', 'c']) await world.aspire(name, { 1: { bytes: 40 } });
    await world.ask('a');
    const a = await world.open('a');
    const cancel = new AbortController();
    const b = codeOf(world.open('b', { signal: cancel.signal }));
    const c = world.open('c');
    await settled();
    cancel.abort(new ServingError('CANCELLED', 'CANCELLED', 'gone'));
    expect(await b).toContain('CANCELLED');
    a.release();
    await settled();
    await world.moveAll();
    expect([(await c).servable, world.loads.get('b1')]).toEqual(['c1', undefined]);
  });

  test('a request that comes when the one before it has given up is loaded for all the same', async () => {
    const world = setup(50);
    for (const name of ['a', 'b', 'c']) await world.aspire(name, { 1: { bytes: 40 } });
    await world.ask('a');
    const a = await world.open('a');
    const b = world.open('b');
    const cancel = new AbortController();
    const given = codeOf(world.open('c', { signal: cancel.signal }));
    await settled();
    cancel.abort(new ServingError('CANCELLED', 'CANCELLED', 'gone'));
    const c = world.open('c');
    expect(await given).toContain('gone');
    a.release();
    await settled();
    await world.moveAll();
    (await b).release();
    await world.moveAll();
    expect([(await c).servable, world.budget.usedBytes]).toEqual(['c1', 40]);
  });
});

describe('versions within a memory budget', () => {
  test('the next version of a model in memory is loaded before it takes over', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    await world.ask('a');
    await world.aspire('a', { 2: { bytes: 40 } });
    expect(await world.ask('a')).toBe('a1');
    expect(world.manager.states.getVersionStates('a').map(({ managerState }) => managerState)).toEqual([
      'AVAILABLE',
      'UNLOADING',
    ]);
    expect(await world.ask('a')).toBe('a2');
    expect(world.events).toEqual(['a1 loaded: 40', 'a2 loaded: 40']);
    await world.moveAll();
    expect(world.budget.usedBytes).toBe(40);
  });

  test('a broken next version leaves the old one serving', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    await world.ask('a');
    await world.aspire('a', { 2: { bytes: 40 } });
    await world.running('a2').finishLoad(new ServingError('DATA_LOSS', 'TORN', 'torn'));
    expect(await world.ask('a')).toBe('a1');
    expect(world.manager.states.getVersionStates('a').map(({ managerState }) => managerState)).toEqual([
      'END',
      'AVAILABLE',
    ]);
  });

  test('where both do not fit the new one is loaded on demand', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 60 } });
    await world.ask('a');
    await world.aspire('a', { 2: { bytes: 60 } });
    await world.moveAll();
    expect([await world.ask('a'), world.budget.usedBytes]).toEqual(['a2', 60]);
  });

  test('an unloaded model takes its memory along, also when it was loading', async () => {
    const world = setup(100);
    for (const name of ['a', 'b']) await world.aspire(name, { 1: { bytes: 40 } });
    await world.ask('a');
    const b = codeOf(world.open('b'));
    await settled();
    await world.aspire('a', {});
    const closing = world.manager.destroy();
    await settled();
    await world.moveAll();
    await closing;
    expect(await b).toContain('CANCELLED');
    expect([world.budget.usedBytes, world.budget.holders]).toEqual([0, 0]);
    for (const loader of [...world.loads.values()].flat()) expect(loader.unloads).toBe(loader.successes);
  });

  test('destroying cuts requests that run', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    await world.ask('a');
    const handle = await world.open('a');
    const closing = world.manager.destroy();
    await settled();
    await world.moveAll();
    await closing;
    expect(world.loads.get('a1')![0]!.unloads).toBe(1);
    handle.release();
    expect(world.budget.usedBytes).toBe(0);
  });

  test('a look at what is in memory loads nothing', async () => {
    const world = setup(100);
    await world.aspire('a', { 1: { bytes: 40 } });
    expect(() => world.provider.getServableHandle({ name: 'a' })).toThrow(
      expect.objectContaining({ code: 'UNAVAILABLE', reason: 'SERVABLE_NOT_IN_MEMORY' }),
    );
    expect(() => world.provider.getServableHandle({ name: 'b' })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    );
    await settled();
    expect(world.loads.size).toBe(0);
    await world.ask('a');
    const handle = world.provider.getServableHandle({ name: 'a' });
    expect(handle.servable).toBe('a1');
    handle.release();
  });
});

test.each([['all at once', inlineExecutor] as const, ['two at a time', new LimitedExecutor(2)] as const])(
  '1,000 models in the memory of 100, loaded %s: every one answers, none is loaded twice at once, memory stays in budget',
  async (_, executor) => {
    const clock = new ManualClock();
    const budget = new MemoryBudget(100 * 1000);
    const manager = new AspiredVersionsManager<OnDemandServable<string>>({ clock });
    const provider = new OnDemandProvider(manager);
    const inMemory = new Set<string>();
    let loads = 0;
    let most = 0;
    const wrong: string[] = [];
    for (let i = 0; i < 1000; i += 1) {
      const id = { name: `model-${i}`, version: 1n };
      const create = () => ({
        estimateResources: async () => ({ ramBytes: 1000 }),
        async load() {
          if (inMemory.has(id.name)) wrong.push(`${id.name} is loaded twice`);
          inMemory.add(id.name);
          loads += 1;
          most = Math.max(most, inMemory.size);
          if (inMemory.size > 100 || budget.usedBytes > budget.limitBytes) wrong.push(`${id.name} is over budget`);
          await settled();
          return id.name;
        },
        async unload() {
          await settled();
          inMemory.delete(id.name);
        },
      });
      const options = { id, isPinned: i < 5, budget, loadExecutor: executor, unloadExecutor: executor, clock };
      manager.setAspiredVersions(id.name, [{ id, data: onDemandLoader(create, { ...options, logger: silentLogger }) }]);
    }
    for (let i = 0; i < 20; i += 1) await settled();
    expect(manager.listAvailableServableIds()).toHaveLength(1000);
    expect([...inMemory]).toEqual(['model-0', 'model-1', 'model-2', 'model-3', 'model-4']);

    let answers = 0;
    const ask = async (i: number): Promise<void> => {
      const handle = await provider.openServableHandle({ name: `model-${i}` });
      if (handle.servable !== `model-${i}` || !inMemory.has(handle.servable)) wrong.push(`model-${i} answers wrongly`);
      await settled();
      if (!inMemory.has(handle.servable)) wrong.push(`model-${i} left while it was in use`);
      handle.release();
      answers += 1;
    };
    // Every model once, three requests for each at the same time, then some of them again.
    const wanted = Array.from({ length: 1000 }, (_, i) => i).flatMap((i) => [i, i, (i * 7) % 1000]);
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let i = wanted.shift(); i !== undefined; i = wanted.shift()) await ask(i);
      }),
    );
    expect([wrong, answers, most, inMemory.size]).toEqual([[], 3000, 100, 100]);
    expect(loads).toBeGreaterThanOrEqual(1000);
    expect([...inMemory].slice(0, 5)).toEqual(['model-0', 'model-1', 'model-2', 'model-3', 'model-4']);
    await manager.close();
    expect([inMemory.size, budget.usedBytes, budget.holders]).toEqual([0, 0, 0]);
  },
);
