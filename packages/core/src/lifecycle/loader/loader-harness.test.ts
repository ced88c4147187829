import { beforeEach, describe, expect, test } from 'vitest';
import { type Executor, inlineExecutor, LimitedExecutor } from '../../servable/executor.js';
import type { Logger } from '../../servable/logger.js';
import { ServingError } from '../../servable/serving-error.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { PuppetLoader, settled } from '../../servable/testing/puppet-loader.js';
import { LoaderHarness } from './loader-harness.js';

/** Where loads and unloads run in the test that is running. */
let executor: Executor;

function setup(maxLoadRetries = 0) {
  const lines: string[] = [];
  const note = (message: string): void => void lines.push(message);
  const errors: string[] = [];
  const error = (message: string): void => {
    errors.push(message);
    note(message);
  };
  const logger: Logger = { debug: note, info: note, warning: note, error };
  const clock = new ManualClock();
  const loader = new PuppetLoader('model');
  const harness = new LoaderHarness({ name: 'm', version: 3n }, loader, {
    clock,
    logger,
    loadExecutor: executor,
    unloadExecutor: executor,
    maxLoadRetries,
    loadRetryIntervalMs: 10,
  });
  return { harness, loader, lines, errors, clock };
}

describe.each([
  ['with an inline executor', () => inlineExecutor],
  ['with a pool', () => new LimitedExecutor(1)],
] as const)('%s', (_, make) => {
  beforeEach(() => {
    executor = make();
  });

  test('LoadRequested, LoadApproved, Load, UnloadRequested, Quiesce, Unload: a version goes from new to ready to disabled, and the log says so in the words of upstream', async () => {
    const { harness, loader, lines } = setup();
    const states = [harness.state];
    harness.requestLoad();
    states.push(harness.state);
    harness.approveLoad();
    states.push(harness.state);
    const loading = harness.load();
    states.push(harness.state);
    await loader.finishLoad();
    const servable = await loading;
    states.push(harness.state);
    harness.requestUnload();
    states.push(harness.state);
    const handle = servable.acquire();
    const unloading = harness.unload();
    states.push(harness.state);
    handle.release();
    await settled();
    states.push(harness.state);
    await loader.finishUnload();
    await unloading;
    states.push(harness.state);
    expect(states).toEqual([
      'new',
      'load-requested',
      'load-approved',
      'loading',
      'ready',
      'unload-requested',
      'quiescing',
      'unloading',
      'disabled',
    ]);
    const id = '{name: m version: 3}';
    expect(lines).toEqual([
      `Approving load for servable version ${id}`,
      `Loading servable version ${id}`,
      `Successfully loaded servable version ${id}`,
      `Quiescing servable version ${id}`,
      `Done quiescing servable version ${id}`,
      `Done unloading servable version ${id}`,
    ]);
  });

  test('OutOfOrderLoadServable, UnloadWithoutLoad: a step from the wrong state is refused and changes nothing', async () => {
    const { harness } = setup();
    expect(() => harness.approveLoad()).toThrow(
      expect.objectContaining({
        code: 'FAILED_PRECONDITION',
        message:
          'Servable: {name: m version: 3} cannot be approved for loading. ' +
          'In state: new instead of state: load-requested',
      }),
    );
    await expect(harness.load()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await expect(harness.unload()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    expect(() => harness.requestUnload()).toThrow('cannot be transitioned to unload-requested');
    expect(harness.state).toBe('new');
    harness.requestLoad();
    expect(() => harness.requestLoad()).toThrow('cannot be transitioned to load-requested');
  });

  test('RetryOnLoadErrorFinallyFails: retries and their end are logged in the words of upstream', async () => {
    const { harness, loader, lines, clock } = setup(1);
    harness.requestLoad();
    harness.approveLoad();
    lines.length = 0;
    const loading = harness.load().catch((error: unknown) => error);
    await settled();
    await loader.finishLoad(new ServingError('UNAVAILABLE', 'X', 'disk away'));
    clock.advance(10);
    await settled();
    await loader.finishLoad(new ServingError('UNAVAILABLE', 'X', 'still away'));
    expect(await loading).toMatchObject({ code: 'UNAVAILABLE', message: 'still away' });
    expect([harness.state, harness.error?.message]).toEqual(['error', 'still away']);
    const what = 'Loading servable: {name: m version: 3}';
    expect(lines).toEqual([
      'Loading servable version {name: m version: 3}',
      `${what} failed: UNAVAILABLE: disk away`,
      `Retrying of ${what} retry: 1`,
      `${what} failed: UNAVAILABLE: still away`,
      `${what} exhausted max_num_retries: 1`,
      'Encountered an error for servable version {name: m version: 3}: UNAVAILABLE: still away',
    ]);
  });

  test('ErroneousServable: a harness made from an error is in error from the start', () => {
    const error = new ServingError('NOT_FOUND', 'GONE', 'gone');
    const { clock } = setup();
    const options = {
      clock,
      logger: { debug() {}, info() {}, warning() {}, error() {} },
      loadExecutor: executor,
      unloadExecutor: executor,
      maxLoadRetries: 0,
      loadRetryIntervalMs: 0,
    };
    const harness = new LoaderHarness<string>({ name: 'm', version: 1n }, error, options);
    expect([harness.state, harness.error]).toEqual(['error', error]);
  });

  test('UnloadDueToNonRetriableError, RetryCancelledOnUnimplementedError: a model that needs what is not built in is not tried again', async () => {
    const { harness, loader, clock } = setup(5);
    harness.requestLoad();
    harness.approveLoad();
    const loading = harness.load().catch((error: unknown) => error);
    await settled();
    await loader.finishLoad(new ServingError('UNIMPLEMENTED', 'OP_UNKNOWN', 'no such op'));
    expect(await loading).toMatchObject({ code: 'UNIMPLEMENTED', message: 'no such op' });
    expect([loader.loads, clock.pending, harness.state]).toEqual([1, 0, 'error']);
  });

  /** Requested, approved and loading. */
  function start(world: ReturnType<typeof setup>): Promise<unknown> {
    world.harness.requestLoad();
    world.harness.approveLoad();
    return world.harness.load().catch((error: unknown) => error);
  }

  test('LoadError: an error without a code of its own is INTERNAL', async () => {
    const world = setup();
    const loading = start(world);
    await settled();
    await world.loader.finishLoad(new Error('test load error'));
    expect(await loading).toMatchObject({ code: 'INTERNAL', message: 'test load error' });
    expect(world.harness.state).toBe('error');
  });

  test('ExternallySignalledError, ExternallySignalledErrorWithCallback: it is kept, said, and no load follows', async () => {
    const { harness, loader, lines } = setup();
    const error = new ServingError('UNKNOWN', 'X', 'Some unknown error');
    expect(harness.fail(error)).toBe(error);
    expect([harness.state, harness.error]).toEqual(['error', error]);
    expect(lines).toEqual([
      'Encountered an error for servable version {name: m version: 3}: UNKNOWN: Some unknown error',
    ]);
    expect(() => harness.requestLoad()).toThrow('In state: error instead of state: new');
    expect(loader.loads).toBe(0);
  });

  test('MultipleLoadRequestsOnlyFirstOneSucceeds, ConcurrentLoadsOnlyOneSucceeds', async () => {
    const world = setup();
    const first = start(world);
    const second = world.harness.load().catch((error: unknown) => error);
    expect(() => world.harness.requestLoad()).toThrow(
      'Servable: {name: m version: 3} cannot be transitioned to load-requested. In state: loading instead of state: new',
    );
    expect(await second).toMatchObject({ code: 'FAILED_PRECONDITION' });
    await settled();
    await world.loader.finishLoad();
    expect(await first).toMatchObject({ id: { name: 'm', version: 3n } });
    expect([world.loader.loads, world.harness.state]).toEqual([1, 'ready']);
  });

  test('MultipleUnloadRequestsOnlyFirstOneSucceeds, ConcurrentUnloadsOnlyOneSucceeds', async () => {
    const world = setup();
    const loading = start(world);
    await settled();
    await world.loader.finishLoad();
    await loading;
    world.harness.requestUnload();
    expect(() => world.harness.requestUnload()).toThrow('In state: unload-requested instead of state: ready');
    const first = world.harness.unload();
    await expect(world.harness.unload()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await settled();
    await world.loader.finishUnload();
    await first;
    expect([world.loader.unloads, world.harness.state]).toEqual([1, 'disabled']);
  });

  test('RetryOnLoadErrorFinallySucceeds, RetryFinallySucceeds: attempts are one and the retries', async () => {
    const world = setup(3);
    const loading = start(world);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await settled();
      await world.loader.finishLoad(new ServingError('UNKNOWN', 'X', 'not yet'));
      world.clock.advance(10);
    }
    await settled();
    await world.loader.finishLoad();
    expect(await loading).toMatchObject({ id: { name: 'm' } });
    expect([world.loader.loads, world.harness.state, world.clock.pending]).toEqual([4, 'ready', 0]);
  });

  test('RetryFinallyFails: the last error is the one that is told, after all retries', async () => {
    const world = setup(2);
    const loading = start(world);
    for (const message of ['one', 'two', 'three']) {
      await settled();
      await world.loader.finishLoad(new ServingError('UNKNOWN', 'X', message));
      world.clock.advance(10);
    }
    expect(await loading).toMatchObject({ message: 'three' });
    expect(world.loader.loads).toBe(3);
  });

  test('RetryOnLoadErrorCancelledLoad, RetryCancelled: no attempt comes after the load was given up', async () => {
    const world = setup(10);
    const loading = start(world);
    await settled();
    world.harness.cancelLoad();
    expect(world.loader.signal?.aborted).toBe(true);
    await world.loader.finishLoad(new ServingError('UNKNOWN', 'X', 'test load error'));
    expect(await loading).toMatchObject({ code: 'CANCELLED', reason: 'LOAD_CANCELLED' });
    world.clock.advance(1000);
    await settled();
    expect([world.loader.loads, world.loader.unloads, world.harness.state]).toEqual([1, 0, 'error']);
  });

  test('UnloadDueToCancelledLoad: what was loaded although it was given up is unloaded', async () => {
    const world = setup();
    const loading = start(world);
    await settled();
    world.harness.cancelLoad();
    await world.loader.finishLoad();
    expect(world.loader.isUnloading).toBe(true);
    await world.loader.finishUnload();
    expect(await loading).toMatchObject({ code: 'CANCELLED' });
    expect(world.harness.state).toBe('error');
    // It is told, but not as an error: somebody wanted it so.
    expect(world.lines.at(-1)).toMatch(/^Encountered an error for servable version .*: CANCELLED: /);
    expect(world.errors).toEqual([]);
  });
});
