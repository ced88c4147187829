import { describe, expect, test } from 'vitest';
import { ServableStateMonitor } from './servable-state-monitor.js';
import type { ServableManagerState } from './servable-state.js';
import { ServingError } from './serving-error.js';
import { ManualClock } from './testing/manual-clock.js';

function publish(
  monitor: ServableStateMonitor,
  name: string,
  version: bigint,
  managerState: ServableManagerState,
  health?: ServingError,
): void {
  monitor.publish({ id: { name, version }, managerState, health });
}

const broken = new ServingError('CANCELLED', 'BROKEN', 'no luck');

test('AddingStates, UpdatingStates, VersionMapDescendingOrder: versions are listed from the highest down, each with its last state', () => {
  const monitor = new ServableStateMonitor();
  publish(monitor, 'm', 7n, 'START');
  publish(monitor, 'm', 42n, 'LOADING');
  publish(monitor, 'm', -1n, 'AVAILABLE');
  publish(monitor, 'm', 7n, 'LOADING');
  expect(monitor.getVersionStates('m').map(({ id, managerState }) => [id.version, managerState])).toEqual([
    [42n, 'LOADING'],
    [7n, 'LOADING'],
    [-1n, 'AVAILABLE'],
  ]);
});

test('ended versions stay listed, unknown names are empty', () => {
  const monitor = new ServableStateMonitor();
  publish(monitor, 'm', 1n, 'AVAILABLE');
  publish(monitor, 'm', 1n, 'END', broken);
  expect(monitor.getVersionStates('m')).toEqual([
    { id: { name: 'm', version: 1n }, managerState: 'END', health: broken },
  ]);
  expect(monitor.getVersionStates('other')).toEqual([]);
  expect(monitor.getStreamNames()).toEqual(['m']);
});

test('GetLiveServableStates and GetAvailableServableStates: what has not ended, and what answers', () => {
  const monitor = new ServableStateMonitor();
  const states = ['START', 'LOADING', 'AVAILABLE', 'UNLOADING', 'END'] as const;
  for (const [index, state] of states.entries()) publish(monitor, 'm', BigInt(index), state);
  publish(monitor, 'other', 7n, 'AVAILABLE');
  publish(monitor, 'gone', 1n, 'END', broken);
  expect(monitor.getLiveStates().map(({ id, managerState }) => `${id.name}${id.version} ${managerState}`)).toEqual([
    'm3 UNLOADING',
    'm2 AVAILABLE',
    'm1 LOADING',
    'm0 START',
    'other7 AVAILABLE',
  ]);
  expect(monitor.getAvailableIds()).toEqual([
    { name: 'm', version: 2n },
    { name: 'other', version: 7n },
  ]);
});

test('ForgetUnloadedServableStates: what has ended is forgotten, the rest stays', () => {
  const monitor = new ServableStateMonitor();
  publish(monitor, 'm', 1n, 'END');
  publish(monitor, 'm', 2n, 'AVAILABLE');
  publish(monitor, 'gone', 1n, 'END', broken);
  monitor.forgetUnloaded();
  expect(monitor.getVersionStates('m').map(({ id }) => id.version)).toEqual([2n]);
  expect([monitor.getVersionStates('gone'), monitor.getStreamNames()]).toEqual([[], ['m']]);
  publish(monitor, 'm', 1n, 'START');
  expect(monitor.getVersionStates('m').map(({ managerState }) => managerState)).toEqual(['AVAILABLE', 'START']);
});

test('a listener hears every state until it unsubscribes', () => {
  const monitor = new ServableStateMonitor();
  const heard: string[] = [];
  const unsubscribe = monitor.subscribe(({ managerState }) => heard.push(managerState));
  publish(monitor, 'm', 1n, 'START');
  publish(monitor, 'm', 1n, 'LOADING');
  unsubscribe();
  publish(monitor, 'm', 1n, 'AVAILABLE');
  expect(heard).toEqual(['START', 'LOADING']);
});

describe('waiting until streams are available', () => {
  test('NotifyWhenServablesReachStateZeroServables: zero streams are available at once', async () => {
    expect(await new ServableStateMonitor().waitUntilAvailable([])).toBeUndefined();
  });

  test('NotifyWhenServablesReachStateServableLatestAvailable, NotifyWhenServablesReachStateLatestServable: any version of a stream will do', async () => {
    const monitor = new ServableStateMonitor();
    const order: string[] = [];
    const waiting = monitor.waitUntilAvailable(['a', 'b']).then(() => order.push('waited'));
    publish(monitor, 'a', 1n, 'AVAILABLE');
    publish(monitor, 'b', 1n, 'LOADING');
    publish(monitor, 'b', 2n, 'END', broken);
    order.push('b loads');
    publish(monitor, 'b', 1n, 'AVAILABLE');
    await waiting;
    expect(order).toEqual(['b loads', 'waited']);
  });

  test('ErroringModel: an ended stream fails with the text that names the version and the error', async () => {
    const monitor = new ServableStateMonitor();
    publish(monitor, 'good', 1n, 'AVAILABLE');
    publish(monitor, 'bad', 123n, 'END', broken);
    const error = await monitor.waitUntilAvailable(['good', 'bad']).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'UNKNOWN',
      message:
        '1 servable(s) did not become available: {{{name: bad version: 123} due to error: CANCELLED: no luck}, }',
    });
  });

  test('NotifyWhenServablesReachStateOnlyNotifiedOnce: what comes later changes nothing', async () => {
    const monitor = new ServableStateMonitor();
    let answers = 0;
    const waiting = monitor.waitUntilAvailable(['m']).then(() => (answers += 1));
    publish(monitor, 'm', 1n, 'AVAILABLE');
    publish(monitor, 'm', 1n, 'END', broken);
    publish(monitor, 'm', 2n, 'AVAILABLE');
    await waiting;
    expect(answers).toBe(1);
  });

  test('versions that ended before a moment, or that were taken away, have not failed', async () => {
    const monitor = new ServableStateMonitor();
    publish(monitor, 'm', 1n, 'END', broken);
    const since = monitor.moment;
    let outcome = 'waiting';
    const waiting = monitor.waitUntilAvailable(['m'], { since, noun: 'model' }).then(
      () => (outcome = 'available'),
      (error: Error) => (outcome = error.message),
    );
    publish(monitor, 'm', 2n, 'END', new ServingError('CANCELLED', 'LOAD_CANCELLED', 'Loading of servable cancelled'));
    publish(monitor, 'm', 3n, 'END');
    await Promise.resolve();
    expect(outcome).toBe('waiting');
    publish(monitor, 'm', 4n, 'END', broken);
    await waiting;
    expect(outcome).toBe(
      '1 model(s) did not become available: {{{name: m version: 4} due to error: CANCELLED: no luck}, }',
    );
  });

  test('NotifyWhenServablesReachStateLatestError: a stream of which nothing is left has failed, the others count', async () => {
    const monitor = new ServableStateMonitor();
    const waiting = monitor.waitUntilAvailable(['a', 'b']).catch((thrown: unknown) => thrown);
    publish(monitor, 'a', 1n, 'LOADING');
    publish(monitor, 'b', 1n, 'LOADING');
    publish(monitor, 'a', 1n, 'END', broken);
    // A later version is awaited, as it may still come.
    publish(monitor, 'b', 2n, 'START');
    publish(monitor, 'b', 1n, 'END', broken);
    publish(monitor, 'b', 2n, 'AVAILABLE');
    expect(await waiting).toMatchObject({
      message: '1 servable(s) did not become available: {{{name: a version: 1} due to error: CANCELLED: no luck}, }',
    });
  });

  test('WaitUntilServablesReachStateFullFunctionality: of several waits each ends by its own streams', async () => {
    const monitor = new ServableStateMonitor();
    const ended: string[] = [];
    const wait = (...names: string[]): Promise<unknown> =>
      monitor.waitUntilAvailable(names).then(
        () => ended.push(`${names.join('+')} available`),
        () => ended.push(`${names.join('+')} failed`),
      );
    const waits = [wait('a'), wait('a', 'b'), wait('b', 'c')];
    publish(monitor, 'a', 1n, 'AVAILABLE');
    await waits[0];
    expect(ended).toEqual(['a available']);
    publish(monitor, 'c', 1n, 'AVAILABLE');
    publish(monitor, 'b', 1n, 'END', broken);
    await Promise.all(waits);
    expect(ended).toEqual(['a available', 'a+b failed', 'b+c failed']);
  });

  test('a time limit ends the wait', async () => {
    const clock = new ManualClock();
    const waiting = new ServableStateMonitor({ clock }).waitUntilAvailable(['m'], { timeoutMs: 50 });
    clock.advance(50);
    await expect(waiting).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('a signal ends the wait and nothing stays behind on the clock', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const monitor = new ServableStateMonitor({ clock });
    const waiting = monitor.waitUntilAvailable(['m'], { timeoutMs: 50, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
    await expect(monitor.waitUntilAvailable(['m'], { signal: controller.signal })).rejects.toThrow('enough');
  });
});
