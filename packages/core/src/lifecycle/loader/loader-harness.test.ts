import { expect, test } from 'vitest';
import { inlineExecutor } from '../../servable/executor.js';
import type { Logger } from '../../servable/logger.js';
import { ServingError } from '../../servable/serving-error.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { PuppetLoader, settled } from '../../servable/testing/puppet-loader.js';
import { LoaderHarness } from './loader-harness.js';

function setup(maxLoadRetries = 0) {
  const lines: string[] = [];
  const note = (message: string): void => void lines.push(message);
  const logger: Logger = { debug: note, info: note, warning: note, error: note };
  const clock = new ManualClock();
  const loader = new PuppetLoader('model');
  const harness = new LoaderHarness({ name: 'm', version: 3n }, loader, {
    clock,
    logger,
    loadExecutor: inlineExecutor,
    unloadExecutor: inlineExecutor,
    maxLoadRetries,
    loadRetryIntervalMs: 10,
  });
  return { harness, loader, lines, clock };
}

test('a version goes from new to ready to disabled, and the log says so in the words of upstream', async () => {
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

test('a step from the wrong state is refused and changes nothing', async () => {
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

test('retries and their end are logged in the words of upstream', async () => {
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

test('a harness made from an error is in error from the start', () => {
  const error = new ServingError('NOT_FOUND', 'GONE', 'gone');
  const { clock } = setup();
  const options = {
    clock,
    logger: { debug() {}, info() {}, warning() {}, error() {} },
    loadExecutor: inlineExecutor,
    unloadExecutor: inlineExecutor,
    maxLoadRetries: 0,
    loadRetryIntervalMs: 0,
  };
  const harness = new LoaderHarness<string>({ name: 'm', version: 1n }, error, options);
  expect([harness.state, harness.error]).toEqual(['error', error]);
});

test('a model that needs what is not built in is not tried again', async () => {
  const { harness, loader, clock } = setup(5);
  harness.requestLoad();
  harness.approveLoad();
  const loading = harness.load().catch((error: unknown) => error);
  await settled();
  await loader.finishLoad(new ServingError('UNIMPLEMENTED', 'OP_UNKNOWN', 'no such op'));
  expect(await loading).toMatchObject({ code: 'UNIMPLEMENTED', message: 'no such op' });
  expect([loader.loads, clock.pending, harness.state]).toEqual([1, 0, 'error']);
});
