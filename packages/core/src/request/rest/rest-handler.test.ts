import { gzipSync } from 'node:zlib';
import { DataType } from '@servable/protos/tensorflow';
import { stringTensor, Tensor, tensor } from '@servable/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../servable/request-record.js';
import { ServingError } from '../../servable/serving-error.js';
import { AdmissionController } from '../execution/admission-controller.js';
import { InFlight } from '../execution/in-flight.js';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { createRestFetchHandler } from './fetch-handler.js';
import type { RestOptions } from './rest-options.js';

const { DT_FLOAT, DT_STRING, DT_INT64 } = DataType;

/** `y = 0.5x + 2`; the examples signatures answer with fixed tensors. */
function model(offset = 2): FakeServable {
  const predict = signatureDef({ x: [DT_FLOAT, [-1]] }, { y: [DT_FLOAT, [-1]] });
  const both = signatureDef({ a: [DT_FLOAT, [-1]], n: [DT_INT64, [-1]] }, { a: [DT_FLOAT, [-1]], n: [DT_INT64, [-1]] });
  const signatures = {
    serving_default: predict,
    named: predict,
    both,
    none: signatureDef({}, { y: [DT_FLOAT, []] }),
    classify: signatureDef({ inputs: [DT_STRING, [-1]] }, { scores: [DT_FLOAT, [-1, 1]] }),
    regress: signatureDef({ inputs: [DT_STRING, [-1]] }, { outputs: [DT_FLOAT, [-1, 1]] }),
  };
  return new FakeServable(new Map(Object.entries(signatures)), ({ signatureName, inputs }) => {
    if (signatureName === 'both') return inputs;
    if (signatureName === 'classify') return new Map([['scores', tensor([[3]])]]);
    if (signatureName === 'regress') return new Map([['outputs', tensor([[3]])]]);
    const x = inputs.get('x') as Tensor<'float32'>;
    const values = x.data.map((value) => 0.5 * value + offset);
    return new Map([['y', new Tensor('float32', x.shape, values)]]);
  });
}

let provider: FakeProvider;
let servable: FakeServable;

beforeEach(() => {
  servable = model();
  provider = new FakeProvider().add('m', 1n, model(1)).add('m', 2n, servable, 'stable');
});

interface Answer {
  status: number;
  type: string | null;
  text: string;
  headers: Headers;
}

async function send(
  method: string,
  path: string,
  body?: string | Uint8Array,
  options: Partial<RestOptions> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const handle = createRestFetchHandler({ provider, states: provider, ...options });
  const init = body === undefined ? {} : { body: body as string };
  const response = await handle(new Request(`http://localhost${path}`, { method, headers, ...init }));
  expect(provider.released).toBe(provider.acquired);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: await response.text(),
    headers: response.headers,
  };
}
const failure = (status: number, error: string) => ({
  status,
  type: 'application/json',
  text: `{\n    "error": ${JSON.stringify(error)}\n}`,
});

describe('predict', () => {
  it('answers the row and the columnar format in kind', async () => {
    expect(await send('POST', '/v1/models/m:predict', '{"instances": [2.0, 3.0, 4.0]}')).toMatchObject({
      status: 200,
      type: 'application/json',
      text: '{\n    "predictions": [3.0, 3.5, 4.0\n    ]\n}',
    });
    expect(await send('POST', '/v1/models/m:predict', '{"inputs": [2.0, 3.0]}')).toMatchObject({
      status: 200,
      text: '{\n    "outputs": [\n        3.0,\n        3.5\n    ]\n}',
    });
    expect(servable.calls[0]).toMatchObject({ signatureName: 'serving_default', outputFilter: [] });
  });

  it('answers by version and by label', async () => {
    const body = '{"instances": [0]}';
    expect((await send('POST', '/v1/models/m/versions/1:predict', body)).text).toContain('[1.0');
    expect((await send('POST', '/v1/models/m/labels/stable:predict', body)).text).toContain('[2.0');
  });

  it('uses the signature that the body names, also when it does so last', async () => {
    const text = '{\n    "predictions": [\n        {\n            "a": 0.5,\n            "n": 7\n        }\n    ]\n}';
    expect(
      await send('POST', '/v1/models/m:predict', '{"signature_name": "both", "instances": [{"a": 0.5, "n": 7}]}'),
    ).toMatchObject({ status: 200, text });
    expect(
      await send('POST', '/v1/models/m:predict', '{"instances": [{"a": 0.5, "n": 7}], "signature_name": "both"}'),
    ).toMatchObject({ status: 200, text });
    expect(provider.acquired).toBe(2);
  });

  it.each([
    ['', 400, 'JSON Parse error: The document is empty'],
    ['instances = [1, 2]', 400, 'JSON Parse error: Invalid value. at offset: 0'],
    ['{"instances": ["a"]}', 400, /JSON Value: "a" Type: String is not of expected type: float$/],
    ['{"signature_name": 100, "instances": [1]}', 400, /'signature_name' key must be a string value\.$/],
    ['{"signature_name": "no", "instances": [1]}', 400, 'Serving signature name: "no" not found in signature def'],
    ['{"signature_name": "none", "instances": [1]}', 400, 'Failed to get input map for signature: none'],
    ['{}', 400, "Missing 'inputs' or 'instances' key"],
  ])('refuses %s', async (body, status, message) => {
    const answer = await send('POST', '/v1/models/m:predict', body);
    expect(answer).toMatchObject({ status, type: 'application/json' });
    const { error } = JSON.parse(answer.text) as { error: string };
    if (typeof message === 'string') expect(error).toBe(message);
    else expect(error).toMatch(message);
  });

  it.each([
    ['/v1/models/none:predict', 404, 'Servable not found for request: Latest(none)'],
    ['/v1/models/m/versions/9:predict', 404, 'Servable not found for request: Specific(m, 9)'],
    ['/v1/models/m/labels/x:predict', 400, 'Unrecognized servable version label: x'],
  ])('finds no model at %s', async (path, status, message) => {
    expect(await send('POST', path, '{"instances": [1]}')).toMatchObject(failure(status, message));
    expect((await send('POST', path, '{"instances": [1}')).text).toContain('JSON Parse error');
  });

  it('passes the failure of a run on, with its own status and its whole message', async () => {
    const message = 'x'.repeat(5000);
    const failing = (code: 'DEADLINE_EXCEEDED' | 'UNIMPLEMENTED' | 'UNAVAILABLE') =>
      new FakeServable(servable.signatureDefs, () => Promise.reject(new ServingError(code, 'TEST', message)));
    provider.add('slow', 1n, failing('DEADLINE_EXCEEDED'));
    provider.add('odd', 1n, failing('UNIMPLEMENTED'));
    provider.add('busy', 1n, failing('UNAVAILABLE'));
    const body = '{"instances": [1]}';
    expect(await send('POST', '/v1/models/slow:predict', body)).toMatchObject(failure(504, message));
    expect(await send('POST', '/v1/models/odd:predict', body)).toMatchObject(failure(501, message));
    expect(await send('POST', '/v1/models/busy:predict', body)).toMatchObject(failure(503, message));
  });

  it('keeps values that JSON cannot carry a matter of the format', async () => {
    const half = signatureDef({ x: [DataType.DT_HALF, [-1]] }, { y: [DT_FLOAT, [-1]] });
    provider.add('half', 1n, new FakeServable(new Map([['serving_default', half]]), () => new Map()));
    const message = 'Conversion of JSON Value: 1 to type: half';
    expect(await send('POST', '/v1/models/half:predict', '{"inputs": [1]}')).toMatchObject(failure(501, message));
    expect((await send('POST', '/v1/models/half:predict', '{"instances": [1]}')).status).toBe(400);
  });

  it('hands the time limit and the signal of the caller to the run', async () => {
    await send('POST', '/v1/models/m:predict', '{"instances": [1]}', { timeoutMs: 1234 });
    expect(servable.calls[0]!.timeoutMs).toBe(1234);
    expect(servable.calls[0]!.signal?.aborted).toBe(false);
  });

  it('tells which outputs have no rows', async () => {
    const scalar = signatureDef({ x: [DT_FLOAT, [-1]] }, { y: [DT_FLOAT, []] });
    const answer = () => new Map([['y', tensor(1)]]);
    provider.add('scalar', 1n, new FakeServable(new Map([['serving_default', scalar]]), answer));
    expect(await send('POST', '/v1/models/scalar:predict', '{"instances": [1]}')).toMatchObject(
      failure(400, 'Tensor name: y has no shape information '),
    );
    expect((await send('POST', '/v1/models/scalar:predict', '{"inputs": [1]}')).text).toBe('{\n    "outputs": 1.0\n}');
  });
});

describe('classify and regress', () => {
  it('answer with labels, scores and values', async () => {
    const body = (name: string) => `{"signature_name": "${name}", "examples": [{"x": 2.0}]}`;
    expect(await send('POST', '/v1/models/m:classify', body('classify'))).toMatchObject({
      status: 200,
      text: '{\n    "results": [[["", 3.0]]\n    ]\n}',
    });
    expect(await send('POST', '/v1/models/m/versions/2:regress', body('regress'))).toMatchObject({
      status: 200,
      text: '{\n    "results": [3.0]\n}',
    });
    const examples = servable.calls[0]!.inputs.get('inputs')!;
    expect(examples).toMatchObject({ dtype: 'string', shape: [1] });
  });

  it('read the body before they look for the model', async () => {
    expect(await send('POST', '/v1/models/none:classify', '{"examples": [5]}')).toMatchObject(
      failure(400, 'Example must be JSON object but got JSON Number'),
    );
    expect((await send('POST', '/v1/models/none:regress', '{"examples": [{}]}')).status).toBe(404);
    expect(await send('POST', '/v1/models/m:regress', '{"signature_name": "no", "examples": [{}]}')).toMatchObject(
      failure(400, 'No signature was found with the name: no'),
    );
  });
});

describe('model status', () => {
  const version = (number: number, state: string, code = 'OK', message = '') =>
    [
      '  {',
      `   "version": "${number}",`,
      `   "state": "${state}",`,
      '   "status": {',
      `    "error_code": "${code}",`,
      `    "error_message": "${message}"`,
      '   }',
      '  }',
    ].join('\n');
  const status = (...versions: string[]) => `{\n "model_version_status": [\n${versions.join(',\n')}\n ]\n}\n`;

  it('lists all versions, the highest first, or the one asked for', async () => {
    provider.ended.push({
      id: { name: 'm', version: 3n },
      managerState: 'END',
      health: new ServingError('NOT_FOUND', 'TEST', 'no <file>'),
    });
    const all = status(
      version(3, 'END', 'NOT_FOUND', 'no \\u003cfile\\u003e'),
      version(2, 'AVAILABLE'),
      version(1, 'AVAILABLE'),
    );
    expect(await send('GET', '/v1/models/m')).toMatchObject({ status: 200, type: 'application/json', text: all });
    expect((await send('GET', '/v1/models/m/labels/any')).text).toBe(all);
    expect((await send('GET', '/v1/models/m/versions/1')).text).toBe(status(version(1, 'AVAILABLE')));
  });

  it.each([
    ['/v1/models/none', 404, 'Could not find any versions of model none'],
    ['/v1/models/m/versions/9', 404, 'Could not find version 9 of model m'],
    ['/v1/models/none?x=1', 404, 'Could not find any versions of model none'],
    ['/v1/models/versions/1', 400, 'Missing model name in request.'],
  ])('fails at %s', async (path, code, message) => {
    expect(await send('GET', path)).toMatchObject(failure(code, message));
  });
});

describe('model metadata', () => {
  it('shows the signatures as upstream prints them', async () => {
    const definition = signatureDef({ x: [DT_FLOAT, [-1, 2]] }, { y: [DT_STRING] });
    provider.add('meta', 5n, new FakeServable(new Map([['serving_default', definition]]), () => new Map()));
    const { status, type, text } = await send('GET', '/v1/models/meta/metadata');
    expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
    expect(text).toBe(
      `{
"model_spec":{
 "name": "meta",
 "signature_name": "",
 "version": "5"
}
,
"metadata": {"signature_def": {
 "signature_def": {
  "serving_default": {
   "inputs": {
    "x": {
     "dtype": "DT_FLOAT",
     "tensor_shape": {
      "dim": [
       {
        "size": "-1",
        "name": ""
       },
       {
        "size": "2",
        "name": ""
       }
      ],
      "unknown_rank": false
     },
     "name": "x:0"
    }
   },
   "outputs": {
    "y": {
     "dtype": "DT_STRING",
     "tensor_shape": {
      "dim": [],
      "unknown_rank": true
     },
     "name": "y:0"
    }
   },
   "method_name": "tensorflow/serving/predict",
   "defaults": {}
  }
 }
}
}
}
`,
    );
  });

  it('is there by version and label', async () => {
    for (const path of ['/v1/models/m/versions/1/metadata', '/v1/models/m/labels/stable/metadata']) {
      const { model_spec, metadata } = JSON.parse((await send('GET', path)).text) as {
        model_spec: { version: string };
        metadata: { signature_def: { signature_def: object } };
      };
      expect(model_spec.version).toBe(path.includes('versions') ? '1' : '2');
      expect(Object.keys(metadata.signature_def.signature_def)).toContain('both');
    }
    expect(await send('GET', '/v1/models/none/metadata')).toMatchObject(
      failure(404, 'Servable not found for request: Latest(none)'),
    );
    expect(await send('GET', '/v1/models/m/labels/x/metadata')).toMatchObject(
      failure(400, 'Unrecognized servable version label: x'),
    );
  });
});

describe('other requests', () => {
  it.each([
    ['GET', '/v1/models/m:predict'],
    ['POST', '/v1/models/m/'],
    ['POST', '/v1/models/m:PREDICT'],
    ['PUT', '/v1/models/m:predict'],
    ['DELETE', '/v1/models/m'],
    ['POST', '/v1/models/m?x=:predict'],
  ])('%s %s are malformed', async (method, path) => {
    expect(await send(method, path)).toMatchObject(failure(400, `Malformed request: ${method} ${path}`));
  });

  it('with a version beyond int64 get an empty answer', async () => {
    for (const [method, path] of [
      ['GET', '/v1/models/m/versions/9223372036854775808'],
      ['POST', '/v1/models/m/versions/18446744073709551615:predict'],
    ] as const) {
      expect(await send(method, path)).toMatchObject({ status: 400, type: 'application/json', text: '' });
    }
  });

  it('outside the API get a page', async () => {
    expect(await send('GET', '/statuspage')).toMatchObject({
      status: 404,
      type: 'text/html',
      text: '<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n',
    });
  });

  it('too large are refused', async () => {
    const body = `{"instances": [${'1,'.repeat(100)}1]}`;
    const answer = await send('POST', '/v1/models/m:predict', body, { limits: { maxBodyBytes: 100 } });
    expect(answer).toMatchObject(failure(413, 'Request body is too large: expected at most 100 bytes, given more'));
    expect(await send('POST', '/v1/models/m:predict', body, { limits: { maxBodyBytes: body.length } })).toMatchObject({
      status: 200,
    });
  });

  it('may be compressed with gzip', async () => {
    const body = gzipSync('{"instances": [2]}');
    const zipped = (options: Partial<RestOptions>, data: Uint8Array = body, encoding = 'gzip') =>
      send('POST', '/v1/models/m:predict', data, options, { 'content-encoding': encoding });
    expect((await zipped({})).text).toContain('[3.0');
    expect((await zipped({}, body, 'deflate, x-gzip')).text).toContain('[3.0');
    const empty = failure(400, 'JSON Parse error: The document is empty');
    expect(await zipped({}, body.subarray(0, 20))).toMatchObject(empty);
    expect(await zipped({ limits: { maxInflatedBytes: 10 } })).toMatchObject(empty);
    expect(await zipped({}, new TextEncoder().encode('{"instances": [2]}'))).toMatchObject(empty);
  });

  it('are refused while the server drains', async () => {
    const inFlight = new InFlight();
    await inFlight.drain();
    expect((await send('GET', '/v1/models/m', undefined, { inFlight })).status).toBe(503);
  });
});

describe('CORS', () => {
  it('headers stand on every answer when it is on', async () => {
    for (const path of ['/v1/models/m', '/v1/models/none']) {
      const { headers } = await send('GET', path, undefined, { enableCors: true });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-methods')).toBe('POST, GET');
      expect(headers.get('access-control-allow-headers')).toBe('Content-Type');
      expect((await send('GET', path)).headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('pre-flights need an origin', async () => {
    const origin = { origin: 'https://example.com' };
    const preflight = (headers: Record<string, string>, enableCors: boolean) =>
      send('OPTIONS', '/v1/models/m:predict', undefined, { enableCors }, headers);
    expect(await preflight(origin, true)).toMatchObject({ status: 200, text: '' });
    expect((await preflight(origin, true)).headers.get('access-control-allow-origin')).toBe('*');
    expect((await preflight(origin, false)).headers.get('access-control-allow-origin')).toBeNull();
    expect(await preflight({}, true)).toMatchObject({ status: 400, text: '' });
  });
});

describe('the surroundings', () => {
  it('see every API request with its model, method and outcome', async () => {
    const seen: RequestRecord[] = [];
    const observers = [(record: RequestRecord) => void seen.push(record)];
    await send('POST', '/v1/models/m:predict', '{"instances": [1]}', { observers });
    await send('POST', '/v1/models/no%3Ane:regress', '{"examples": [{}]}', { observers });
    await send('GET', '/v1/models/m', undefined, { observers });
    await send('GET', '/v1/x', undefined, { observers });
    await send('GET', '/elsewhere', undefined, { observers });
    expect(seen).toMatchObject([
      {
        entrypoint: 'REST',
        modelName: 'm',
        version: 2n,
        signatureName: 'serving_default',
        method: 'Predict',
        code: 'OK',
        requestBytes: 18,
        responseBytes: 33,
        runMicros: expect.any(Number) as number,
      },
      {
        modelName: 'no:ne',
        method: 'Regress',
        code: 'NOT_FOUND',
        reason: 'SERVABLE_NOT_FOUND',
        signatureName: undefined,
      },
      { modelName: 'm', method: 'GetModelStatus', code: 'OK', runMicros: undefined },
      { modelName: '', method: '', code: 'INVALID_ARGUMENT', message: 'Malformed request: GET /v1/x' },
    ]);
    for (const { latencyMicros } of seen) expect(Number.isInteger(latencyMicros)).toBe(true);
  });

  it('get the id of a request back, or one that was made for it', async () => {
    const asked = { 'x-request-id': 'abc-7' };
    const answer = await send('POST', '/v1/models/m:predict', '{"instances": [1]}', {}, asked);
    expect(answer.headers.get('x-request-id')).toBe('abc-7');
    expect((await send('GET', '/v1/models/none', undefined, {}, asked)).headers.get('x-request-id')).toBe('abc-7');
    const unfit = { 'x-request-id': 'two words' };
    const made = (await send('GET', '/v1/models/m', undefined, {}, unfit)).headers.get('x-request-id');
    expect(made).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('hold requests back by one admission controller, and say when to come again', async () => {
    const admission = new AdmissionController({ maxConcurrent: 1, maxQueued: 0 });
    const ticket = await admission.admit();
    const refused = await send('POST', '/v1/models/m:predict', '{"instances": [1]}', { admission });
    expect(refused).toMatchObject({
      status: 503,
      text: expect.stringContaining('The batch scheduling queue to which this task was submitted is full') as string,
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await send('GET', '/v1/models/m', undefined, { admission })).status).toBe(200);
    ticket.release();
    expect((await send('POST', '/v1/models/m:predict', '{"instances": [1]}', { admission })).status).toBe(200);
    expect([admission.running, admission.queued]).toEqual([0, 0]);
  });

  it('may put a metrics page on an exact path', async () => {
    const prometheus = { path: '/monitoring/metrics', render: () => 'metric 1\n' };
    expect(await send('GET', '/monitoring/metrics', undefined, { prometheus })).toMatchObject({
      status: 200,
      type: 'text/plain',
      text: 'metric 1\n',
    });
    expect(await send('GET', '/monitoring/metrics?x', undefined, { prometheus })).toMatchObject({
      status: 400,
      type: 'text/plain',
      text: 'Unexpected path: /monitoring/metrics?x. Should be /monitoring/metrics',
    });
    expect((await send('GET', '/monitoring/metrics')).status).toBe(404);
  });

  it.each([
    { timeoutMs: 0 },
    { timeoutMs: 1.5 },
    { limits: { maxBodyBytes: -1 } },
    { limits: { maxInflatedBytes: NaN } },
    { limits: { maxJsonDepth: 10 } },
    { limits: { maxHeldBodyBytes: 10 } },
  ])('cannot set %j', (options) => {
    expect(() => createRestFetchHandler({ provider, states: provider, ...options })).toThrow(/^Bad option /);
  });

  it('get strings as base64 from outputs that say so', async () => {
    const strings = signatureDef({ s: [DT_STRING, [-1]] }, { s_bytes: [DT_STRING, [-1]] });
    const answer = () => new Map([['s_bytes', stringTensor([1], [new Uint8Array([255])])]]);
    provider.add('strings', 1n, new FakeServable(new Map([['serving_default', strings]]), answer));
    const { text } = await send('POST', '/v1/models/strings:predict', '{"instances": [{"b64": "/w=="}]}');
    expect(JSON.parse(text)).toEqual({ predictions: [{ b64: '/w==' }] });
  });
});
