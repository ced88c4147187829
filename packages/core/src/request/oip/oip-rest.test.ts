import { deflateSync, gzipSync } from 'node:zlib';
import { DataType } from '@servable/protos/tensorflow';
import { tensor, type Tensor } from '@servable/tensor';
import { beforeEach, describe, expect, it, test } from 'vitest';
import type { RequestRecord } from '../../servable/request-record.js';
import { InFlight } from '../execution/in-flight.js';
import { FakeProvider, FakeServable, halfPlusTwo, signatureDef } from '../handlers/testing/fake-servables.js';
import { createRestFetchHandler } from '../rest/fetch-handler.js';
import type { RestOptions } from '../rest/rest-options.js';

const { DT_FLOAT, DT_STRING } = DataType;
let provider: FakeProvider;

/** `m` halves and adds two; `e` has two signatures, neither of them the default one, and gives its input back. */
beforeEach(() => {
  const echo = new FakeServable(
    new Map([
      ['text', signatureDef({ s: [DT_STRING, [-1]] }, { s: [DT_STRING, [-1]] })],
      ['numbers', signatureDef({ s: [DT_FLOAT] }, { s: [DT_FLOAT] })],
    ]),
    ({ inputs }) => inputs,
  );
  const only = new FakeServable(
    new Map([
      ['__saved_model_init_op', signatureDef({}, {})],
      ['go', signatureDef({ s: [DT_FLOAT] }, { s: [DT_FLOAT] })],
    ]),
    ({ inputs }) => inputs,
  );
  provider = new FakeProvider()
    .add('m', 1n, halfPlusTwo(), 'stable')
    .add('m', 3n, halfPlusTwo())
    .add('e', 2n, echo)
    .add('only/one', 1n, only);
});

async function send(
  method: string,
  path: string,
  body?: object | string | Uint8Array,
  headers: Record<string, string> = {},
  options: Partial<RestOptions> = {},
) {
  const handle = createRestFetchHandler({ provider, states: provider, ...options });
  const content = typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body;
  const init = content === undefined ? {} : { body: content as string };
  const response = await handle(new Request(`http://localhost${path}`, { method, headers, ...init }));
  expect(provider.released).toBe(provider.acquired);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}
async function json(...call: Parameters<typeof send>): Promise<[number, unknown]> {
  const { status, headers, bytes } = await send(...call);
  expect(headers.get('content-type')).toBe('application/json');
  return [status, JSON.parse(new TextDecoder().decode(bytes))];
}
const x = (data: readonly number[]) => ({ name: 'x', shape: [data.length], datatype: 'FP32', data });
const fp32 = (name: string, data: readonly number[]) => ({ name, datatype: 'FP32', shape: [data.length], data });

describe('the server', () => {
  it('tells its name, version and extensions', async () => {
    const serverInfo = { name: 'servable', version: '9.9.9' };
    expect(await json('GET', '/v2', undefined, {}, { serverInfo })).toEqual([
      200,
      { name: 'servable', version: '9.9.9', extensions: ['binary_tensor_data', 'model_repository'] },
    ]);
    expect((await json('GET', '/v2/', undefined, {}, { serverInfo }))[0]).toBe(200);
  });

  it('is live, and ready when every model is', async () => {
    expect(await json('GET', '/v2/health/live')).toEqual([200, { live: true }]);
    expect(await json('GET', '/v2/health/ready')).toEqual([200, { ready: true }]);
    expect(await json('GET', '/v2/health/ready', undefined, {}, { isReady: () => false })).toEqual([
      503,
      { ready: false },
    ]);
    const states = {
      ...provider,
      getStreamNames: () => ['m', 'gone'],
      getVersionStates: (name: string) => provider.getVersionStates(name),
    };
    expect(await json('GET', '/v2/health/ready', undefined, {}, { states })).toEqual([503, { ready: false }]);
  });

  it('takes nothing more while it drains', async () => {
    const inFlight = new InFlight();
    await inFlight.drain();
    const [status, body] = await json('GET', '/v2/health/ready', undefined, {}, { inFlight });
    expect([status, body]).toEqual([503, { error: 'The server is shutting down and takes no new requests' }]);
  });

  it('lists the repository', async () => {
    provider.ended.push({ id: { name: 'm', version: 0n }, managerState: 'END' });
    const entry = (name: string, version: string, state = 'READY') => ({ name, version, state, reason: '' });
    const ready = [entry('e', '2'), entry('m', '3'), entry('m', '1')];
    expect(await json('POST', '/v2/repository/index')).toEqual([
      200,
      [...ready, entry('m', '0', 'UNAVAILABLE'), entry('only/one', '1')],
    ]);
    expect(await json('POST', '/v2/repository/index', { ready: true })).toEqual([
      200,
      [...ready, entry('only/one', '1')],
    ]);
    expect(await json('POST', '/v2/repository/index', { ready: 1 })).toEqual([
      400,
      { error: 'Expected "ready" to be true or false' },
    ]);
    expect((await json('POST', '/v2/repository/index', '{'))[0]).toBe(400);
  });
});

describe('a model', () => {
  const metadata = {
    name: 'm',
    versions: ['1', '3'],
    platform: 'fake',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
    outputs: [
      { name: 'y', datatype: 'FP32', shape: [-1] },
      { name: 'z', datatype: 'FP32', shape: [] },
    ],
    properties: { signature_name: 'serving_default', signatures: 'serving_default' },
  };

  it('tells its inputs and outputs', async () => {
    expect(await json('GET', '/v2/models/m')).toEqual([200, metadata]);
    expect(await json('GET', '/v2/models/m/versions/1')).toEqual([200, metadata]);
  });

  it('tells those of another signature', async () => {
    const [status, body] = await json('GET', '/v2/models/e?signature_name=text');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      inputs: [{ name: 's', datatype: 'BYTES', shape: [-1] }],
      properties: { signature_name: 'text', signatures: 'numbers,text' },
    });
    expect(await json('GET', '/v2/models/e')).toEqual([
      400,
      {
        error:
          'Signature "serving_default" not found; the model has {numbers, text}. Choose one with the parameter signature_name',
      },
    ]);
  });

  it('is found under a percent-encoded name, and its only signature needs no name', async () => {
    expect((await json('GET', '/v2/models/only%2Fone'))[1]).toMatchObject({
      name: 'only/one',
      properties: { signature_name: 'go' },
    });
  });

  it('is ready or not, by version and by label', async () => {
    expect(await json('GET', '/v2/models/m/ready')).toEqual([200, { name: 'm', ready: true }]);
    expect(await json('GET', '/v2/models/m/versions/1/ready')).toEqual([200, { name: 'm', ready: true }]);
    expect(await json('GET', '/v2/models/m/versions/stable/ready')).toEqual([200, { name: 'm', ready: true }]);
    expect(await json('GET', '/v2/models/m/versions/2/ready')).toEqual([
      404,
      { error: 'Servable not found for request: Specific(m, 2)' },
    ]);
    expect(await json('GET', '/v2/models/nope/ready')).toEqual([
      404,
      { error: 'Servable not found for request: Latest(nope)' },
    ]);
    expect((await json('GET', '/v2/models/m/versions/new/ready'))[0]).toBe(400);
    expect(await json('GET', `/v2/models/m/versions/${2n ** 63n}/ready`)).toEqual([
      400,
      { error: 'Version of model m must be a number below 2^63 or a label; given 9223372036854775808' },
    ]);
  });
});

test('a version that is loaded on demand is ready before it is in memory', async () => {
  const empty = new FakeProvider();
  const labelsOf = () => new Map([['stable', 1n]]);
  const ready = async (path: string) => {
    const handle = createRestFetchHandler({ provider: empty, states: provider, labelsOf });
    return (await handle(new Request(`http://localhost/v2/models/${path}/ready`))).status;
  };
  expect([await ready('m'), await ready('m/versions/1'), await ready('m/versions/stable')]).toEqual([200, 200, 200]);
  expect([await ready('m/versions/2'), await ready('nope'), await ready('m/versions/new')]).toEqual([404, 404, 400]);
});

describe('inference', () => {
  it('answers with all outputs, the version that ran and the id', async () => {
    expect(await json('POST', '/v2/models/m/infer', { id: 'a7', inputs: [x([1, 2, 5])] })).toEqual([
      200,
      { model_name: 'm', model_version: '3', id: 'a7', outputs: [fp32('y', [2.5, 3, 4.5]), fp32('z', [1, 2, 5])] },
    ]);
  });

  it('runs the version or the label of the URL', async () => {
    const [, byVersion] = await json('POST', '/v2/models/m/versions/1/infer', { inputs: [x([1])] });
    const [, byLabel] = await json('POST', '/v2/models/m/versions/stable/infer', { inputs: [x([1])] });
    expect([byVersion, byLabel].map((body) => (body as { model_version: string }).model_version)).toEqual(['1', '1']);
  });

  it('gives the outputs that are asked for, in that order', async () => {
    const [, body] = await json('POST', '/v2/models/m/infer', {
      inputs: [x([1])],
      outputs: [{ name: 'z' }, { name: 'y' }],
    });
    expect((body as { outputs: unknown }).outputs).toEqual([fp32('z', [1]), fp32('y', [2.5])]);
  });

  it('runs the signature of the parameter, or of the query', async () => {
    const s = { name: 's', shape: [1], datatype: 'BYTES', data: ['hé'] };
    const expected = { model_name: 'e', model_version: '2', outputs: [s] };
    expect(await json('POST', '/v2/models/e/infer', { parameters: { signature_name: 'text' }, inputs: [s] })).toEqual([
      200,
      expected,
    ]);
    expect(await json('POST', '/v2/models/e/infer?signature_name=text', { inputs: [s] })).toEqual([200, expected]);
    expect(await json('POST', '/v2/models/e/infer', { parameters: { signature_name: 7 }, inputs: [s] })).toEqual([
      400,
      { error: 'The parameter "signature_name" must be a string, given 7' },
    ]);
  });

  it('takes and gives binary data', async () => {
    const header = JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ name: 'x', shape: [2], datatype: 'FP32', parameters: { binary_data_size: 8 } }],
      outputs: [{ name: 'y' }, { name: 'z', parameters: { binary_data: false } }],
    });
    const body = Buffer.concat([Buffer.from(header), new Uint8Array(Float32Array.of(1, -8).buffer)]);
    const headers = { 'inference-header-content-length': String(header.length) };
    const answer = await send('POST', '/v2/models/m/infer', body, headers);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    const length = Number(answer.headers.get('inference-header-content-length'));
    expect(JSON.parse(new TextDecoder().decode(answer.bytes.subarray(0, length)))).toEqual({
      model_name: 'm',
      model_version: '3',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } }, fp32('z', [1, -8])],
    });
    expect([...new Float32Array(answer.bytes.slice(length).buffer)]).toEqual([2.5, -2]);
  });

  it('refuses a header length that is no number', async () => {
    const headers = { 'inference-header-content-length': '1e2' };
    expect(await json('POST', '/v2/models/m/infer', { inputs: [] }, headers)).toEqual([
      400,
      { error: 'Inference-Header-Content-Length must be a whole number of bytes, given 1e2' },
    ]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('takes %s bodies', async (encoding, compress) => {
    const body = compress(JSON.stringify({ inputs: [x([2])] }));
    const [status, answer] = await json('POST', '/v2/models/m/infer', body, { 'content-encoding': encoding });
    expect([status, (answer as { outputs: unknown[] }).outputs[0]]).toEqual([200, fp32('y', [3])]);
  });

  it('refuses encodings that are broken, too large or unknown', async () => {
    const large = gzipSync(new Uint8Array(2000));
    const sent: [Uint8Array, string, string][] = [
      [Buffer.from('no gzip'), 'gzip', 'The gzip body is broken, or larger than 1000 bytes'],
      [large, 'gzip', 'The gzip body is broken, or larger than 1000 bytes'],
      [large, 'br', 'Unknown Content-Encoding: expected gzip or deflate, given br'],
    ];
    for (const [body, encoding, message] of sent) {
      const limits = { maxInflatedBytes: 1000 };
      const [status, answer] = await json(
        'POST',
        '/v2/models/m/infer',
        body,
        { 'content-encoding': encoding },
        { limits },
      );
      expect(status).toBe(400);
      expect((answer as { error: string }).error).toContain(message);
    }
  });

  it.each([
    ['an unknown model', '/v2/models/nope/infer', { inputs: [] }, 404, 'Servable not found for request: Latest(nope)'],
    ['a missing input', '/v2/models/m/infer', { inputs: [] }, 400, 'input size does not match signature: 0!=1'],
    [
      'another datatype',
      '/v2/models/m/infer',
      { inputs: [{ ...x([1]), datatype: 'INT32' }] },
      400,
      'Expected: float32 [-1], given: int32 [1]',
    ],
    [
      'an unknown output',
      '/v2/models/m/infer',
      { inputs: [x([1])], outputs: [{ name: 'q' }] },
      400,
      'output tensor alias not found',
    ],
    [
      'classification',
      '/v2/models/m/infer',
      { inputs: [x([1])], outputs: [{ name: 'y', parameters: { classification: 2 } }] },
      501,
      'The parameter "classification" is not supported; given for output "y"',
    ],
  ])('refuses %s', async (_, path, body, status, message) => {
    const [given, answer] = await json('POST', path, body);
    expect(given).toBe(status);
    expect((answer as { error: string }).error).toContain(message);
  });

  it('is recorded as a Predict call', async () => {
    const records: RequestRecord[] = [];
    const observers = [(record: RequestRecord) => void records.push({ ...record })];
    await json('POST', '/v2/models/m/infer', { inputs: [x([1])] }, {}, { observers });
    expect(records).toMatchObject([
      { method: 'Predict', modelName: 'm', version: 3n, signatureName: 'serving_default', code: 'OK' },
    ]);
  });

  it('gives NaN and infinities as words, as Predict does', async () => {
    const special = new FakeServable(
      new Map([['serving_default', signatureDef({}, { y: [DT_FLOAT] })]]),
      () => new Map<string, Tensor>([['y', tensor([NaN, Infinity, -Infinity], 'float32')]]),
    );
    provider.add('n', 1n, special);
    const { bytes } = await send('POST', '/v2/models/n/infer', { inputs: [] });
    expect(new TextDecoder().decode(bytes)).toContain('"data":[NaN,Infinity,-Infinity]');
  });
});

describe('other URLs and methods', () => {
  it('are not found', async () => {
    expect(await json('GET', '/v2/nope')).toEqual([404, { error: 'Not found: GET /v2/nope' }]);
    expect((await json('GET', '/v2/models/a/b/c/d'))[0]).toBe(404);
    expect((await json('GET', '/v2/models/%ff'))[0]).toBe(404);
  });

  it('are told the method that there is', async () => {
    const { status, headers } = await send('GET', '/v2/models/m/infer');
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    expect(await json('POST', '/v2/models/m')).toEqual([405, { error: 'Method POST is not allowed here; use GET' }]);
  });
});
