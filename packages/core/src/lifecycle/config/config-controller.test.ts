import { expect, test } from 'vitest';
import { type ServableManagerState } from '../../servable/servable-state.js';
import { ServableStateMonitor } from '../../servable/servable-state-monitor.js';
import { ServingError } from '../../servable/serving-error.js';
import { silentLogger } from '../../servable/logger.js';
import { settled } from '../../servable/testing/puppet-loader.js';
import { ConfigController, type ConfiguredModel } from './config-controller.js';
import type { UnavailableLabels } from './version-labels.js';

const model = (name: string, labels: Record<string, bigint> = {}, platform = 'tensorflow'): ConfiguredModel => ({
  name,
  platform,
  versionLabels: new Map(Object.entries(labels)),
});

/** A controller over a monitor that is told of states by hand; notes what it applies, labels and logs. */
function setup(unavailableLabels?: UnavailableLabels, allowLabels?: boolean) {
  const states = new ServableStateMonitor();
  const applied: string[] = [];
  const labels: string[] = [];
  const logged: string[] = [];
  const controller = new ConfigController<ConfiguredModel>({
    states,
    unavailableLabels,
    allowLabels,
    apply: (models) => applied.push(models.map(({ name }) => name).join(' ')),
    labels: {
      setLabels: (all) =>
        labels.push(
          [...all].flatMap(([name, byLabel]) => [...byLabel].map(([label, to]) => `${name}/${label}=${to}`)).join(' '),
        ),
    },
    logger: { ...silentLogger, info: (message) => void logged.push(message) },
  });
  const state = (name: string, version: bigint, managerState: ServableManagerState, health?: ServingError): void =>
    states.publish({ id: { name, version }, managerState, health });
  /** What became of a promise by now. */
  const outcome = async (promise: Promise<unknown>): Promise<unknown> => {
    const pending = settled().then(() => 'waiting');
    return Promise.race([
      promise.then(
        () => 'done',
        (error: unknown) => error,
      ),
      pending,
    ]);
  };
  return { controller, states, state, applied, labels, logged, outcome };
}

const broken = new ServingError('NOT_FOUND', 'BROKEN', 'no files');

test('CreateWaitsTillModelsAvailable: the first configuration counts when every model is available', async () => {
  const { controller, state, applied, logged, outcome } = setup();
  const reload = controller.reload([model('a'), model('b')]);
  expect(await outcome(reload)).toBe('waiting');
  state('a', 1n, 'AVAILABLE');
  expect([await outcome(reload), controller.models]).toEqual(['waiting', undefined]);
  state('b', 7n, 'AVAILABLE');
  expect(await outcome(reload)).toBe('done');
  expect(controller.models?.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(applied).toEqual(['a b', 'a b']);
  expect(logged).toEqual([
    'Adding/updating models.',
    ' (Re-)adding model: a',
    ' (Re-)adding model: b',
    'Finished adding/updating models',
  ]);
});

test('ErroringModel: a first configuration fails with the servable and its error', async () => {
  const { controller, state, applied, outcome } = setup();
  const reload = controller.reload([model('a')]);
  await settled();
  state('a', 1n, 'END', broken);
  expect(await outcome(reload)).toMatchObject({
    code: 'UNKNOWN',
    message: '1 servable(s) did not become available: {{{name: a version: 1} due to error: NOT_FOUND: no files}, }',
  });
  expect([applied, controller.models]).toEqual([['a', ''], undefined]);
});

test('ReloadConfigWaitsTillModelsAvailable: only the models that are new are waited for', async () => {
  const { controller, state, outcome } = setup();
  await controller.reload([]);
  const reload = controller.reload([model('a')]);
  expect(await outcome(reload)).toBe('waiting');
  state('a', 1n, 'AVAILABLE');
  expect(await outcome(reload)).toBe('done');
  state('a', 1n, 'END', broken);
  expect(await outcome(controller.reload([model('a')]))).toBe('done');
});

test('models that are left out go only when the new ones are there', async () => {
  const { controller, state, applied, outcome } = setup();
  controller.start([model('old')]);
  const reload = controller.reload([model('new')]);
  expect(await outcome(reload)).toBe('waiting');
  expect(applied).toEqual(['old', 'old new']);
  state('new', 1n, 'AVAILABLE');
  expect(await outcome(reload)).toBe('done');
  expect(applied).toEqual(['old', 'old new', 'new']);
});

test('a reload that fails leaves the models, the labels and the configuration as they were', async () => {
  const { controller, state, applied, labels, outcome } = setup();
  state('old', 1n, 'AVAILABLE');
  controller.start([model('old', { stable: 1n })]);
  const reload = controller.reload([model('new'), model('old')]);
  await settled();
  state('new', 3n, 'END', broken);
  expect(await outcome(reload)).toMatchObject({
    message: '1 model(s) did not become available: {{{name: new version: 3} due to error: NOT_FOUND: no files}, }',
  });
  expect(applied).toEqual(['old', 'old new', 'old']);
  expect(labels).toEqual(['old/stable=1']);
  expect(controller.models?.map(({ name }) => name)).toEqual(['old']);
});

test('a signal ends the wait, and the next reload goes on from the old configuration', async () => {
  const { controller, applied, outcome } = setup();
  controller.start([model('old')]);
  const cancel = new AbortController();
  const waiting = controller.reload([model('never')], { signal: cancel.signal });
  const next = controller.reload([]);
  expect([await outcome(waiting), await outcome(next)]).toEqual(['waiting', 'waiting']);
  cancel.abort(new ServingError('CANCELLED', 'GONE', 'the caller went away'));
  expect(await outcome(waiting)).toMatchObject({ message: 'the caller went away' });
  expect(await outcome(next)).toBe('done');
  expect(applied).toEqual(['old', 'old never', 'old', '']);
});

test('ReloadConfigUnloadsModels: an empty list unloads everything', async () => {
  const { controller, applied, outcome } = setup();
  controller.start([model('a')]);
  expect(await outcome(controller.reload([]))).toBe('done');
  expect([applied.at(-1), controller.models]).toEqual(['', []]);
});

test('ReloadConfigHandlesLoadingAPreviouslyUnloadedModel: its former end is no failure', async () => {
  const { controller, state, outcome } = setup();
  controller.start([]);
  state('a', 1n, 'END', broken);
  const reload = controller.reload([model('a')]);
  expect(await outcome(reload)).toBe('waiting');
  state('a', 1n, 'END');
  expect(await outcome(reload)).toBe('waiting');
  state('a', 1n, 'END', new ServingError('CANCELLED', 'LOAD_CANCELLED', 'Loading of servable cancelled'));
  expect(await outcome(reload)).toBe('waiting');
  state('a', 1n, 'START');
  state('a', 1n, 'AVAILABLE');
  expect(await outcome(reload)).toBe('done');
});

test('IllegalToChangeModelPlatform', async () => {
  const { controller, applied, outcome } = setup();
  controller.start([model('a', {}, 'tensorflow')]);
  expect(await outcome(controller.reload([model('a', {}, 'onnx')]))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message:
      "Illegal to change a model's platform. For model a platform was tensorflow and new platform requested is onnx",
  });
  expect(applied).toEqual(['a']);
});

test('labels of a first configuration are taken when their version is loading', async () => {
  const { controller, state, labels, outcome } = setup();
  const reload = controller.reload([model('a', { stable: 1n, canary: 2n })]);
  await settled();
  state('a', 1n, 'LOADING');
  state('a', 2n, 'AVAILABLE');
  expect([await outcome(reload), labels]).toEqual(['done', ['a/stable=1 a/canary=2']]);
  // The same again, as a poll of the file does it.
  expect(await outcome(controller.reload([model('a', { stable: 1n, canary: 2n })]))).toBe('done');
});

test('a label for a version that nobody loads refuses the whole configuration', async () => {
  const { controller, state, applied, labels, outcome } = setup();
  const reload = controller.reload([model('a', { stable: 5n })]);
  await settled();
  state('a', 1n, 'AVAILABLE');
  expect(await outcome(reload)).toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: 'Request to assign label to version 5 of model a, which is not currently available for inference',
  });
  expect([applied, labels]).toEqual([['a', ''], []]);
});

test('ModelSpecMultipleVersionsAvailable: labels of a known model are set by a reload, and those left out vanish', async () => {
  const { controller, state, labels, outcome } = setup();
  state('a', 1n, 'AVAILABLE');
  state('a', 2n, 'AVAILABLE');
  controller.start([model('a')]);
  expect(await outcome(controller.reload([model('a', { stable: 1n, canary: 2n })]))).toBe('done');
  expect(await outcome(controller.reload([model('a', { stable: 2n })]))).toBe('done');
  expect(labels).toEqual(['', 'a/stable=1 a/canary=2', 'a/stable=2']);
});

test('AssignLabelToUnavailableVersionAllowed and AssignExistingLabelToUnavailableVersionDisallowed', async () => {
  const { controller, state, outcome } = setup('accept-new');
  state('a', 1n, 'AVAILABLE');
  controller.start([model('a')]);
  expect(await outcome(controller.reload([model('a', { stable: 1n, canary: 9n })]))).toBe('done');
  expect(await outcome(controller.reload([model('a', { stable: 9n })]))).toMatchObject({ code: 'FAILED_PRECONDITION' });
});

test('VersionLabelsNotAllowed: where labels are switched off, a configuration with one is refused', async () => {
  const { controller, state, outcome } = setup('refuse', false);
  const message = 'Model version labels are not currently allowed by the server.';
  expect(() => controller.start([model('m', { A: 1n })])).toThrow(message);
  const first = controller.reload([model('m')]);
  await settled();
  state('m', 1n, 'AVAILABLE');
  expect(await outcome(first)).toBe('done');
  expect(await outcome(controller.reload([model('m', { A: 1n })]))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    message,
  });
  expect(controller.models?.[0]?.versionLabels.size).toBe(0);
});

test('starting twice is refused', () => {
  const { controller } = setup();
  controller.start([]);
  expect(() => controller.start([])).toThrow('There is a configuration already; reload it');
});
