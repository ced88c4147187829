import { type InferenceCall, ServingError } from '@servable/core';
import { create } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import { tensor } from '@servable/tensor';
import { describe, expect, test } from 'vitest';
import type { LoadedModel } from './model-loader.js';
import { type EmbeddedModel, openSavedModel, platformChoice, type PlatformChoice } from './tensorflow.js';

const load = { signal: new AbortController().signal };
const refusal = (name: string) =>
  new ServingError('UNIMPLEMENTED', 'UNKNOWN_OP', `${name} uses an op that is not known`);
const signatureDefs = new Map(
  ['serving_default', 'other', 'odd_values'].map((name) => [name, create(SignatureDefSchema)] as const),
);

/** Both engines without a model: they answer with their names. */
function fakes(
  how: { refused?: readonly string[]; library?: boolean; tensorflowFails?: Error; loadFails?: Error } = {},
) {
  const events: string[] = [];
  const lines: string[] = [];
  const refused = new Set(how.refused);
  const answer = (engine: string) => new Map([['engine', tensor(engine)]]);
  const model = (engine: string): LoadedModel => ({
    signatureDefs,
    run: async () => answer(engine),
    close: async () => void events.push(`${engine} closed`),
  });
  const warm = async (name: string) => {
    if (refused.has(name)) throw refusal(name);
  };
  const embedded: EmbeddedModel = {
    ...model('onnxruntime'),
    warm,
    async run({ signatureName }) {
      await warm(signatureName);
      if (signatureName === 'odd_values') throw refusal('a kernel that looked at the values');
      return answer('onnxruntime');
    },
  };
  const log = (message: string) => void lines.push(message);
  const engines = {
    async embedded() {
      events.push('onnxruntime opened');
      if (how.loadFails) throw how.loadFails;
      return embedded;
    },
    async library() {
      events.push('library looked for');
      if (how.library === false) {
        throw new ServingError('FAILED_PRECONDITION', 'TENSORFLOW_NOT_INSTALLED', 'Looked at /usr/lib/python3');
      }
      return { path: '/lib/libtensorflow.so.2', version: '2.21.0' };
    },
    async tensorflow() {
      events.push('tensorflow opened');
      if (how.tensorflowFails) throw how.tensorflowFails;
      return model('tensorflow');
    },
    logger: { debug: log, info: log, warning: log, error: log },
  };
  const open = (choice: PlatformChoice = 'auto') => openSavedModel('/models/m/1', load, choice, engines);
  return { events, lines, open };
}

const call = (signatureName: string, more: Partial<InferenceCall> = {}): InferenceCall => ({
  signatureName,
  inputs: new Map(),
  outputFilter: [],
  ...more,
});
const engineOf = async (model: LoadedModel, signatureName = 'serving_default') =>
  (await model.run(call(signatureName))).get('engine')!.text()[0];

describe('auto', () => {
  test('runs what compiles on the built-in engine, and does not look for TensorFlow', async () => {
    const { open, events } = fakes();
    const model = await open();
    expect([await engineOf(model), model.platform, events]).toEqual(['onnxruntime', undefined, ['onnxruntime opened']]);
  });

  test.each([
    ['in its default signature', { refused: ['serving_default'] }, ['onnxruntime closed']],
    ['in all signatures', { loadFails: refusal('m') }, []],
  ])('runs a model that is refused %s on TensorFlow, and says so', async (_, how, closed) => {
    const { open, events, lines } = fakes(how);
    const model = await open();
    expect(await engineOf(model)).toBe('tensorflow');
    expect(model.platform).toBe('tensorflow (TensorFlow 2.21.0)');
    expect(events.filter((event) => /opened|closed/.test(event))).toEqual([
      'onnxruntime opened',
      'tensorflow opened',
      ...closed,
    ]);
    expect(lines).toEqual([
      expect.stringMatching(
        /^\/models\/m\/1 runs on TensorFlow 2\.21\.0 \(\/lib\/libtensorflow\.so\.2\), as the compiler refuses it: .*op that is not known$/,
      ),
    ]);
  });

  test('without the library a refused model fails as the compiler says; where it was looked for is in the log', async () => {
    const { open, lines } = fakes({ loadFails: refusal('m'), library: false });
    await expect(open()).rejects.toMatchObject({ code: 'UNIMPLEMENTED', message: 'm uses an op that is not known' });
    expect(lines).toEqual(['/models/m/1 might run on TensorFlow. Looked at /usr/lib/python3']);
  });

  test('without the library the signatures that compile are served', async () => {
    const { open } = fakes({ refused: ['serving_default'], library: false });
    const model = await open();
    expect(await engineOf(model, 'other')).toBe('onnxruntime');
    await expect(engineOf(model)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });

  test('moves as a whole when another signature that is asked for is refused', async () => {
    const { open, events } = fakes({ refused: ['other'] });
    const model = await open();
    const before = [await engineOf(model), model.platform];
    const [first, second] = await Promise.all([engineOf(model, 'other'), engineOf(model, 'other')]);
    expect([before, first, second]).toEqual([['onnxruntime', undefined], 'tensorflow', 'tensorflow']);
    expect([await engineOf(model), model.platform]).toEqual(['tensorflow', 'tensorflow (TensorFlow 2.21.0)']);
    await model.close();
    expect(events.filter((event) => /opened|closed/.test(event))).toEqual([
      'onnxruntime opened',
      'tensorflow opened',
      'onnxruntime closed',
      'tensorflow closed',
    ]);
  });

  test('without the library each signature that is asked for later is refused in its own words', async () => {
    const { open, events } = fakes({ refused: ['other', 'third'], library: false });
    const model = await open();
    await expect(engineOf(model, 'other')).rejects.toThrow('other uses an op that is not known');
    await expect(engineOf(model, 'third')).rejects.toThrow('third uses an op that is not known');
    expect(await engineOf(model)).toBe('onnxruntime');
    expect(events).toEqual(['onnxruntime opened', 'library looked for']);
  });

  test('stays when a kernel refuses values', async () => {
    const { open, events } = fakes();
    const model = await open();
    await expect(engineOf(model, 'odd_values')).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
    expect(events).toEqual(['onnxruntime opened']);
  });

  test('a call that waits for TensorFlow ends with its signal', async () => {
    const { open } = fakes({ refused: ['other'] });
    const model = await open();
    const signal = AbortSignal.abort(new DOMException('no longer wanted', 'AbortError'));
    await expect(model.run(call('other', { signal }))).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('what TensorFlow says of a model that it cannot load either is passed on', async () => {
    const fails = new ServingError('NOT_FOUND', 'TENSORFLOW_NOT_FOUND', 'Op type not registered');
    const { open, events } = fakes({ refused: ['serving_default'], tensorflowFails: fails });
    await expect(open()).rejects.toBe(fails);
    expect(events.at(-1)).toBe('onnxruntime closed');
  });

  test('other failures are not a reason to try TensorFlow', async () => {
    const { open, events } = fakes({ loadFails: new ServingError('DATA_LOSS', 'CHECKSUM_MISMATCH', 'damaged') });
    await expect(open()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    expect(events).toEqual(['onnxruntime opened']);
  });
});

test('onnxruntime never looks for TensorFlow', async () => {
  const { open, events } = fakes({ refused: ['serving_default'] });
  const model = await open('onnxruntime');
  await expect(engineOf(model)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  expect(events).toEqual(['onnxruntime opened']);
});

test('tensorflow runs everything there, and fails without the library', async () => {
  const { open, events } = fakes();
  expect(await engineOf(await open('tensorflow'))).toBe('tensorflow');
  expect(events).toEqual(['library looked for', 'tensorflow opened']);
  await expect(fakes({ library: false }).open('tensorflow')).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'TENSORFLOW_NOT_INSTALLED',
  });
});

test('a platform of another name is refused', () => {
  expect(platformChoice('platform')).toBe('auto');
  expect(() => platformChoice('--platform', 'torch')).toThrow(
    "--platform must be one of 'auto', 'onnxruntime', 'tensorflow'; got 'torch'",
  );
});
