import { tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { engineDevices } from '../native/engine-devices.js';
import { engineInfo } from '../native/engine-info.js';
import { addModel } from '../testing/onnx-model.js';
import type { ExecutionProviderInput } from './execution-providers.js';
import { NativeSession } from './native-session.js';
import { tryExecutionProviders } from './try-providers.js';

// Of the library that is shipped: it has the code that loads CUDA and TensorRT on Linux and Windows, but not their files.
const create = (...executionProviders: ExecutionProviderInput[]) =>
  NativeSession.create(addModel(), { executionProviders });
const refusalOf = (promise: Promise<NativeSession>) =>
  promise.then(
    async (session) => {
      await session.close();
      throw new Error('expected a refusal, given a session');
    },
    (error: unknown) => error as { code: string; reason: string; message: string },
  );

describe('execution providers of a session', () => {
  it.each(['cuda', 'tensorrt'])('%s, where it is missing, is an error that says what to install', async (name) => {
    const { version } = engineInfo();
    const { code, reason, message } = await refusalOf(create(name, 'cpu'));
    expect([code, reason]).toEqual(['FAILED_PRECONDITION', 'EXECUTION_PROVIDER_MISSING']);
    expect(message).toMatch(new RegExp(`^Execution provider ${name} is not (in|installed: ).*${version}`, 's'));
    expect(message).toContain(`pip install onnxruntime-gpu==${version}`);
    expect(message).toContain('SERVABLE_ONNXRUNTIME_PATH=');
    expect(message).toContain(name === 'cuda' ? 'cuDNN 9.' : 'TensorRT 10.');
    expect(() => tryExecutionProviders([name])).toThrow(message);
  });

  it('cpu is what runs a model without any', async () => {
    tryExecutionProviders(['cpu']);
    await using session = await create('cpu');
    const outputs = await session.run(
      new Map([
        ['x', tensor([1, 2])],
        ['y', tensor([3, 4])],
      ]),
      ['sum'],
    );
    expect(outputs.get('sum')).toEqual(tensor([4, 6]));
  });

  it('a plugin library that is not there, or is none, is named', async () => {
    const nowhere = process.platform === 'win32' ? 'C:\\nowhere\\ep.dll' : '/nowhere/ep.so';
    const missing = await refusalOf(create({ name: 'OpenVINO', library: nowhere }));
    expect([missing.code, missing.reason]).toEqual(['FAILED_PRECONDITION', 'EXECUTION_PROVIDER_UNUSABLE']);
    expect(missing.message).toContain(`${nowhere} must be a plugin library with execution providers`);
    // The engine's own library is a library, but no plugin.
    const other = await refusalOf(create({ name: 'OpenVINO', library: engineInfo().path }));
    expect(other.reason).toBe('EXECUTION_PROVIDER_UNUSABLE');
    expect(other.message).toContain('CreateEpFactories');
  });
});

it('the devices of the engine include the processor', () => {
  const cpu = engineDevices().find(({ provider }) => provider === 'CPUExecutionProvider');
  expect(cpu).toMatchObject({ type: 'cpu', vendor: expect.any(String) as string });
});
