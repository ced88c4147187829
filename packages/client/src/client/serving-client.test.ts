/* eslint-disable @nx/enforce-module-boundaries -- tests the contract between client and server, so it stands above both */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { InFlight, ServingError, addPredictionServices } from '@servable/core';
import { DataType } from '@servable/protos/tensorflow';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  FakeProvider,
  FakeServable,
  halfPlusTwo,
  signatureDef,
} from '../../../core/src/request/handlers/testing/fake-servables.js';
import { Tensor, createServingClient, stringTensor, tensor, type ServingClient } from '../index.js';

const { DT_FLOAT, DT_STRING, DT_INT64 } = DataType;
const LIMIT = 50 * 2 ** 20;

class CountingProvider extends FakeProvider {
  readonly requests: string[] = [];

  override getServableHandle(...args: Parameters<FakeProvider['getServableHandle']>) {
    this.requests.push(args[0].name);
    return super.getServableHandle(...args);
  }
}

let server: Server;
let target: string;
let provider: CountingProvider;
let client: ServingClient;
let half: FakeServable;
const inFlight = new InFlight();

beforeAll(async () => {
  provider = new CountingProvider();
  half = halfPlusTwo();
  const image = signatureDef({ image: [DT_FLOAT, [-1, 8, 8, 1]] }, { sum: [DT_FLOAT, [-1]] });
  const sums = new FakeServable(new Map([['serving_default', image]]), ({ inputs }) => {
    const { data, shape } = inputs.get('image') as Tensor<'float32'>;
    const sum = Float32Array.from({ length: shape[0]! }, (_, row) =>
      data.subarray(row * 64, row * 64 + 64).reduce((total, value) => total + value, 0),
    );
    return new Map([['sum', new Tensor('float32', [shape[0]!], sum)]]);
  });
  const echo = signatureDef({ s: [DT_STRING, [-1]], n: [DT_INT64] }, { s: [DT_STRING], n: [DT_INT64] });
  provider
    .add('half', 1n, halfPlusTwo(), 'stable')
    .add('half', 2n ** 62n, half)
    .add('sums', 1n, sums)
    .add(
      'echo',
      1n,
      new FakeServable(
        new Map([
          ['serving_default', echo],
          ['again', echo],
        ]),
        ({ inputs }) => inputs,
      ),
    );
  server = new Server({ 'grpc.max_receive_message_length': LIMIT });
  addPredictionServices(server, { provider, states: provider, inFlight });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  target = `127.0.0.1:${port}`;
});

beforeEach(() => {
  client = createServingClient({ target });
  provider.requests.length = 0;
});

afterEach(async () => {
  await client.close();
  expect(provider.released).toBe(provider.acquired);
});

afterAll(() => server.forceShutdown());

/** The server works after whatever came before. */
async function stillServes() {
  const { outputs } = await client.model('half').predict({ x: [1, 2, 5] });
  expect(outputs['y']!.toArray()).toEqual([2.5, 3, 4.5]);
}

describe('predict', () => {
  it('answers with tensors and the version that ran', async () => {
    const { outputs, model } = await client.model('half').predict({ x: [1, 2, 5] });
    expect(outputs['y']).toEqual(tensor([2.5, 3, 4.5]));
    expect(outputs['z']).toEqual(tensor([1, 2, 5]));
    expect(model).toEqual({ name: 'half', version: 2n ** 62n });
  });

  it('asks for a version, a label, a signature or some of the outputs', async () => {
    const model = client.model('half');
    expect((await model.predict({ x: [1] }, { version: 1n })).model.version).toBe(1n);
    expect((await model.predict({ x: [1] }, { label: 'stable' })).model.version).toBe(1n);
    expect(Object.keys((await model.predict({ x: [1] }, { outputFilter: ['y'] })).outputs)).toEqual(['y']);
    const again = await client.model('echo').predict({ s: ['a'], n: 1 }, { signature: 'again' });
    expect(again.outputs['n']!.toArray()).toBe(1n);
  });

  it('gives a typed array the shape of the signature', async () => {
    const { outputs } = await client.model('sums').predict({ image: new Float32Array(128).fill(0.5, 0, 64) });
    expect(outputs['sum']!.toArray()).toEqual([32, 0]);
  });

  it('carries text, bytes and 64-bit integers unchanged', async () => {
    const bytes = Uint8Array.of(0, 255, 128);
    const { outputs } = await client.model('echo').predict({ s: ['ärger', bytes], n: [[2n ** 63n - 1n]] });
    expect(outputs['s']).toMatchObject(stringTensor([2], ['ärger', bytes]));
    expect(outputs['n']!.toArray()).toEqual([[9223372036854775807n]]);
  });

  it('needs one round trip for tensors, and asks for the signature once for everything else', async () => {
    const model = client.model('half');
    await model.predict({ x: tensor([1]) });
    expect(provider.requests).toEqual(['half']);
    await Promise.all([model.predict({ x: [1] }), model.predict({ x: [2] }), model.predict({ x: [3] })]);
    expect(provider.requests).toHaveLength(1 + 1 + 3);
    await client.model('half').predict({ x: [4] });
    expect(provider.requests).toHaveLength(6);
    await model.predict({ x: [4] }, { version: 1n });
    expect(provider.requests).toHaveLength(8);
  });

  it('looks at the signature again when the model was replaced by one with another', async () => {
    const asFloat = signatureDef({ v: [DT_FLOAT, [-1]] }, { v: [DT_FLOAT, [-1]] });
    const asInt = signatureDef({ v: [DT_INT64, [-1]] }, { v: [DT_INT64, [-1]] });
    const echo = (signature: typeof asFloat) =>
      new FakeServable(new Map([['serving_default', signature]]), ({ inputs }) => inputs);
    const model = client.model('changing');
    provider.add('changing', 1n, echo(asFloat));
    expect((await model.predict({ v: [1] })).outputs['v']!.dtype).toBe('float32');
    provider.add('changing', 2n, echo(asInt));
    const { outputs } = await model.predict({ v: [1] });
    expect(outputs['v']).toEqual(tensor([1n]));
    provider.add('changing', 3n, echo(signatureDef({ w: [DT_FLOAT, [-1]] }, { w: [DT_FLOAT, [-1]] })));
    expect((await model.predict({ w: [2.5] })).outputs['w']!.toArray()).toEqual([2.5]);
  });
});

describe('inputs that do not fit the signature', () => {
  it.each([
    [
      { x: [1], q: [1] },
      'INPUT_UNKNOWN',
      'Unknown input "q" for signature "serving_default" of model "half". It takes {x: float32 [-1]}',
    ],
    [
      { y: [1] },
      'INPUT_UNKNOWN',
      'Unknown input "y" for signature "serving_default" of model "half". It takes {x: float32 [-1]}',
    ],
    [
      { x: [[1]] },
      'INPUT_MISMATCH',
      'Input "x" of signature "serving_default" of model "half" expects float32 [-1], given float32 [1,1]',
    ],
  ])('are refused before a prediction goes out %#', async (inputs, reason, message) => {
    const before = half.calls.length;
    await expect(client.model('half').predict(inputs as never)).rejects.toMatchObject({
      name: 'ClientError',
      code: 'INVALID_ARGUMENT',
      reason,
      message,
    });
    expect(provider.requests).toEqual(['half']);
    expect(half.calls).toHaveLength(before);
    await stillServes();
  });

  it('name the signatures there are when one is unknown', async () => {
    await expect(client.model('echo').predict({ s: ['a'] }, { signature: 'train' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'SIGNATURE_NOT_FOUND',
      message: 'Model "echo" version 1 has no signature "train". It has {again, serving_default}',
    });
  });

  const x = tensor([1]);
  it.each([
    ['an unknown input', { x, q: x }, {}, 'INVALID_ARGUMENT', /Sent extra: \{q\}\. Missing but required: \{\}\.$/],
    ['a missing input', {}, {}, 'INVALID_ARGUMENT', /^input size does not match signature: 0!=1 .*required: \{x\}\.$/],
    ['a renamed input', { q: x }, {}, 'INVALID_ARGUMENT', /^Signature input alias: x\(feed name: x:0\) not found/],
    ['another dtype', { x: tensor([1n]) }, {}, 'INVALID_ARGUMENT', /float32 \[-1\], given: int64 \[1\]\.$/],
    ['another shape', { x: tensor([[1]]) }, {}, 'INVALID_ARGUMENT', /float32 \[-1\], given: float32 \[1,1\]\.$/],
    [
      'an unknown output',
      { x },
      { outputFilter: ['q'] },
      'INVALID_ARGUMENT',
      /^output tensor alias not found in signature: q /,
    ],
    ['an output twice', { x }, { outputFilter: ['y', 'y'] }, 'INVALID_ARGUMENT', /^duplicate output tensor alias: y$/],
    [
      'an unknown signature',
      { x },
      { signature: 'train' },
      'FAILED_PRECONDITION',
      /^Serving signature key "train" not found\.$/,
    ],
    [
      'an unknown version',
      { x },
      { version: 9n },
      'NOT_FOUND',
      /^Servable not found for request: Specific\(half, 9\)$/,
    ],
    ['an unknown label', { x }, { label: 'new' }, 'INVALID_ARGUMENT', /^Unrecognized servable version label: new$/],
  ])('are refused by the server when they are tensors: %s', async (_, inputs, options, code, message) => {
    await expect(client.model('half').predict(inputs, options)).rejects.toMatchObject({
      name: 'ClientError',
      code,
      reason: 'SERVER_REFUSED',
      message: expect.stringMatching(message) as string,
    });
    await stillServes();
  });

  it.each([undefined, null, [1], new Float32Array(1), 'x'])('are an object of inputs, not %j', async (inputs) => {
    await expect(client.model('half').predict(inputs as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^inputs must be an object with one value per input alias, given /) as string,
    });
  });

  it.each([
    [{ version: 1 as never }, 'version must be a bigint (3n), given number 1'],
    [{ version: 2n ** 63n }, 'version must fit 64 bits, given 9223372036854775808'],
    [{ version: 1n, label: 'stable' }, 'Give version or label, not both: version 1, label "stable"'],
    [{ timeoutMs: 0 }, 'timeoutMs must be a number of milliseconds greater than 0, given 0'],
  ])('come with options that make sense %#', async (options, message) => {
    await expect(client.model('half').predict({ x }, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'OPTION_INVALID',
      message,
    });
  });
});

describe('an unknown model', () => {
  it('is NOT_FOUND for every call', async () => {
    const model = client.model('none');
    const notFound = { code: 'NOT_FOUND', message: 'Servable not found for request: Latest(none)' };
    await expect(model.predict({ x: [1] })).rejects.toMatchObject(notFound);
    await expect(model.predict({ x: tensor([1]) })).rejects.toMatchObject(notFound);
    await expect(model.metadata()).rejects.toMatchObject(notFound);
    await expect(model.status()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Could not find any versions of model none',
    });
  });
});

describe('status and metadata', () => {
  it('lists the versions with their states', async () => {
    provider.ended.push({
      id: { name: 'half', version: -4n },
      managerState: 'END',
      health: new ServingError('DATA_LOSS', 'BUNDLE_BAD', 'bad bundle'),
    });
    expect(await client.model('half').status()).toEqual([
      { version: 2n ** 62n, state: 'AVAILABLE', code: 'OK', message: '' },
      { version: 1n, state: 'AVAILABLE', code: 'OK', message: '' },
      { version: -4n, state: 'END', code: 'DATA_LOSS', message: 'bad bundle' },
    ]);
    expect(await client.model('half').status({ version: 1n })).toHaveLength(1);
    await expect(client.model('half').status({ version: 3n })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Could not find version 3 of model half',
    });
  });

  it('tells dtype and shape of every input and output', async () => {
    expect(await client.model('half').metadata({ version: 1n })).toEqual({
      model: { name: 'half', version: 1n },
      signatures: {
        serving_default: {
          methodName: 'tensorflow/serving/predict',
          inputs: { x: { dtype: 'float32', shape: [-1], optional: false } },
          outputs: {
            y: { dtype: 'float32', shape: [-1], optional: false },
            z: { dtype: 'float32', shape: undefined, optional: false },
          },
        },
      },
    });
  });
});

describe('a call that ends early', () => {
  /** A model that never answers by itself, and the first thing it is asked. */
  function stuck(name: string) {
    let started: (call: Parameters<FakeServable['answer']>[0]) => void = () => {};
    const call = new Promise<Parameters<FakeServable['answer']>[0]>((resolve) => (started = resolve));
    provider.add(
      name,
      1n,
      new FakeServable(halfPlusTwo().signatureDefs, (given) => {
        started(given);
        return new Promise((_, reject) =>
          given.signal!.addEventListener('abort', () => reject(given.signal!.reason as Error)),
        );
      }),
    );
    return call;
  }

  /** The handle goes when the run has ended, which the caller does not wait for. */
  const released = () => expect.poll(() => provider.acquired - provider.released).toBe(0);

  it('is DEADLINE_EXCEEDED, and the deadline reaches the run', async () => {
    const running = stuck('slow');
    await stillServes(); // connected, so that the deadline passes in the run and not before
    const prediction = client.model('slow').predict({ x: tensor([1]) }, { timeoutMs: 500 });
    await expect(prediction).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_EXCEEDED' });
    const { signal, timeoutMs } = await running;
    expect(timeoutMs).toBeGreaterThan(0);
    expect(timeoutMs).toBeLessThanOrEqual(500);
    await released();
    expect(signal!.aborted).toBe(true);
    await stillServes();
  });

  it('has the deadline of the client when it brings none', async () => {
    void stuck('slower');
    await using hasty = createServingClient({ target, defaultTimeoutMs: 40 });
    await expect(hasty.model('slower').predict({ x: tensor([1]) })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    await released();
  });

  it('is CANCELLED by its signal, and the run is told', async () => {
    const running = stuck('cancelled');
    const controller = new AbortController();
    const prediction = client.model('cancelled').predict({ x: tensor([1]) }, { signal: controller.signal });
    const { signal, timeoutMs } = await running;
    expect(timeoutMs).toBeUndefined();
    expect(signal!.aborted).toBe(false);
    const reason = new Error('user left');
    controller.abort(reason);
    await expect(prediction).rejects.toMatchObject({ code: 'CANCELLED', reason: 'ABORTED_BY_CALLER', cause: reason });
    await released();
    expect(signal!.reason).toMatchObject({ code: 'CANCELLED' });
    await stillServes();
  });

  it('is not sent when its signal has aborted already', async () => {
    const signal = AbortSignal.abort();
    await expect(client.model('half').predict({ x: tensor([1]) }, { signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await expect(client.model('half').predict({ x: [1] }, { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(provider.requests).toEqual([]);
  });

  it('fails with the error that the client was destroyed with', async () => {
    const running = stuck('destroyed');
    const prediction = client.model('destroyed').predict({ x: tensor([1]) });
    await running;
    const error = new Error('enough');
    client.destroy(error);
    await expect(prediction).rejects.toBe(error);
    await released();
  });
});

describe('a server that cannot be reached', () => {
  it('is UNAVAILABLE, with the target named', async () => {
    const closed = new Server();
    const port = await new Promise<number>((resolve, reject) =>
      closed.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    closed.forceShutdown();
    await using lost = createServingClient({ target: `127.0.0.1:${port}` });
    await expect(lost.model('half').predict({ x: [1] })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'TARGET_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${port} is unavailable: .*ECONNREFUSED`)) as string,
    });
  });
});

describe('a message over the limit of the server', () => {
  it('is RESOURCE_EXHAUSTED and the server goes on', async () => {
    const x = new Tensor('float32', [15 * 2 ** 20], new Float32Array(15 * 2 ** 20));
    await expect(client.model('half').predict({ x })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'SERVER_REFUSED',
      message: expect.stringMatching(new RegExp(`^Received message larger than max \\(\\d+ vs ${LIMIT}\\)$`)) as string,
    });
    await stillServes();
  });

  it('answers may be larger than the 4 MiB that gRPC stops at by default', async () => {
    const x = new Tensor('float32', [2 ** 21], new Float32Array(2 ** 21).fill(2));
    const { outputs } = await client.model('half').predict({ x }, { outputFilter: ['y'] });
    expect(outputs['y']!.size).toBe(2 ** 21);
    expect((outputs['y']!.data as Float32Array).every((value) => value === 3)).toBe(true);
  });
});

describe('the life of a client', () => {
  it('waits for calls in flight when it closes, and takes none after', async () => {
    let finish: () => void = () => {};
    const answer = new Map<string, Tensor>([
      ['y', tensor([1])],
      ['z', tensor([1])],
    ]);
    const started = new Promise<void>((entered) => {
      const gate = new FakeServable(halfPlusTwo().signatureDefs, () => {
        entered();
        return new Promise((resolve) => (finish = () => resolve(answer)));
      });
      provider.add('gate', 1n, gate);
    });
    const prediction = client.model('gate').predict({ x: [1] });
    await started;
    const closing = client.close();
    await expect(client.model('half').predict({ x: [1] })).rejects.toMatchObject({
      code: 'CANCELLED',
      reason: 'CLIENT_CLOSED',
      message: `The client of ${target} is closed`,
    });
    finish();
    expect((await prediction).outputs['y']!.toArray()).toEqual([1]);
    await closing;
  });

  it.each([
    [{ target: '' }, 'target must be an address such as localhost:8500, given '],
    [{ target: 'x:1', transport: 'carrier-pigeon' as never }, 'transport must be "grpc", given carrier-pigeon'],
    [
      { target: 'x:1', defaultTimeoutMs: -1 },
      'defaultTimeoutMs must be a number of milliseconds greater than 0, given -1',
    ],
  ])('starts with options that make sense %#', (options, message) => {
    expect(() => createServingClient(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'OPTION_INVALID', message }) as Error,
    );
  });
});
