import { create, createRegistry } from '@bufbuild/protobuf';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { compressionGzip, createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { Health, HealthCheckResponse_ServingStatus } from '@servable/protos/health';
import { ModelService, PredictionService, PredictRequestSchema, SignatureDefMapSchema } from '@servable/protos/serving';
import { DataType, TensorProtoSchema } from '@servable/protos/tensorflow';
import { Tensor, tensor, tensorFromProto, tensorToProto } from '@servable/tensor';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AccessControl } from '../access/access-control.js';
import { AccessPolicy } from '../access/access-policy.js';
import { ServingHealth } from '../grpc/health-service.js';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { nodeHttpListener } from '../rest/node-http-listener.js';
import type { RestOptions } from '../rest/rest-options.js';

const { DT_FLOAT, DT_STRING } = DataType;
const health = new ServingHealth();

let provider: FakeProvider;
const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  const servable = new FakeServable(
    new Map([
      ['serving_default', signatureDef({ x: [DT_FLOAT, [-1]] }, { y: [DT_FLOAT, [-1]] })],
      ['regress', signatureDef({ inputs: [DT_STRING, [-1]] }, { outputs: [DT_FLOAT, [-1, 1]] })],
    ]),
    ({ signatureName, inputs }) => {
      if (signatureName === 'regress') return new Map([['outputs', tensor([[3]])]]);
      const x = inputs.get('x') as Tensor<'float32'>;
      const values = x.data.map((value) => value / 2 + 2);
      return new Map([['y', new Tensor('float32', x.shape, values)]]);
    },
  );
  provider = new FakeProvider().add('half_plus_two', 7n, servable);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: Partial<RestOptions> = {}): Promise<string> {
  const server = createServer(
    nodeHttpListener({ provider, states: provider, web: { health, tensorContent: false }, ...options }),
  );
  await new Promise<void>((bound) => server.listen(0, '127.0.0.1', bound));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const predictRequest = (x: readonly number[], name = 'half_plus_two') =>
  create(PredictRequestSchema, {
    modelSpec: { name },
    inputs: { x: create(TensorProtoSchema, tensorToProto(tensor([...x], 'float32'))) },
  });

const failureOf = (call: Promise<unknown>): Promise<ConnectError> =>
  call.then(
    () => expect.fail('the call went well'),
    (error: unknown) => ConnectError.from(error),
  );

const jsonOptions = { registry: createRegistry(SignatureDefMapSchema) };
const transports: [string, (baseUrl: string) => Transport][] = [
  [
    'Connect with protobuf',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true }),
  ],
  [
    'Connect with JSON',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false, jsonOptions }),
  ],
  ['gRPC-Web with protobuf', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
  [
    'gRPC-Web with JSON',
    (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false, jsonOptions }),
  ],
];

describe.each(transports)('%s', (_name, transportTo) => {
  test('Predict gives the values that gRPC gives, and the version that answered', async () => {
    const client = createClient(PredictionService, transportTo(await serve()));
    const { outputs, modelSpec } = await client.predict(predictRequest([1, 2.5, -4]));
    expect(tensorFromProto(outputs['y']!).toArray()).toEqual([2.5, 3.25, 0]);
    expect([modelSpec?.name, modelSpec?.versionChoice]).toEqual([
      'half_plus_two',
      { case: 'version', value: expect.objectContaining({ value: 7n }) as unknown },
    ]);
    expect(provider.released).toBe(provider.acquired);
  });

  test('tf.Examples, metadata, status and health are answered', async () => {
    const transport = transportTo(await serve());
    const prediction = createClient(PredictionService, transport);
    const modelSpec = { name: 'half_plus_two', signatureName: 'regress' };
    const input = { kind: { case: 'exampleList' as const, value: { examples: [{}] } } };
    const { result } = await prediction.regress({ modelSpec, input });
    expect(result?.regressions.map(({ value }) => value)).toEqual([3]);
    const { metadata } = await prediction.getModelMetadata({ modelSpec, metadataField: ['signature_def'] });
    expect(Object.keys(metadata)).toEqual(['signature_def']);
    const { modelVersionStatus } = await createClient(ModelService, transport).getModelStatus({ modelSpec });
    expect(modelVersionStatus.map(({ version }) => version)).toEqual([7n]);
    const { status } = await createClient(Health, transport).check({ service: '' });
    expect(status).toBe(HealthCheckResponse_ServingStatus.NOT_SERVING);
  });

  test('errors come with their code, text, details and request id', async () => {
    const client = createClient(PredictionService, transportTo(await serve()));
    const headers = { 'x-request-id': 'a-request' };
    const error = await failureOf(client.predict(predictRequest([1], 'nobody'), { headers }));
    expect(error.code).toBe(Code.NotFound);
    expect(error.rawMessage).toContain('nobody');
    expect(error.metadata.get('x-request-id')).toBe('a-request');
    const types = error.details.map((detail) => ('type' in detail ? detail.type : ''));
    expect(types).toEqual(['google.rpc.ErrorInfo', 'google.rpc.RequestInfo']);
  });

  test('configurations and streams of health are not for pages', async () => {
    const transport = transportTo(await serve());
    expect((await failureOf(createClient(ModelService, transport).handleReloadConfigRequest({}))).code).toBe(
      Code.Unimplemented,
    );
    const watched = createClient(Health, transport).watch({})[Symbol.asyncIterator]().next();
    expect((await failureOf(watched)).code).toBe(Code.Unimplemented);
  });

  test('a deadline reaches the model', async () => {
    let aborted: Promise<unknown> | undefined;
    const slow = new FakeServable(
      new Map([['serving_default', signatureDef({ x: [DT_FLOAT, [-1]] }, { y: [DT_FLOAT, [-1]] })]]),
      ({ signal }) => {
        const end = new Promise<never>((_, reject) => {
          signal!.addEventListener('abort', () => reject(signal!.reason as Error), { once: true });
        });
        aborted = end.catch(() => 'aborted');
        return end;
      },
    );
    provider.add('slow', 1n, slow);
    const client = createClient(PredictionService, transportTo(await serve()));
    const error = await failureOf(client.predict(predictRequest([1], 'slow'), { timeoutMs: 100 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(await aborted).toBe('aborted');
    await vi.waitFor(() => expect([provider.acquired, provider.released]).toEqual([1, 1]));
  });

  test('access control holds', async () => {
    const token = 'token-of-a-web-page';
    const access = new AccessControl(
      new AccessPolicy({
        tokens: [{ name: 'page', token }],
        rules: [{ callers: ['page'], methods: ['inference'], models: ['half_plus_two'] }],
      }),
    );
    const client = createClient(PredictionService, transportTo(await serve({ access })));
    const headers = { authorization: `Bearer ${token}` };
    const { outputs } = await client.predict(predictRequest([2]), { headers });
    expect(tensorFromProto(outputs['y']!).toArray()).toEqual([3]);
    const missing = await failureOf(client.predict(predictRequest([2])));
    expect([missing.code, missing.metadata.get('www-authenticate')]).toEqual([
      Code.Unauthenticated,
      'Bearer realm="servable"',
    ]);
    expect((await failureOf(client.predict(predictRequest([2], 'other'), { headers }))).code).toBe(
      Code.PermissionDenied,
    );
  });

  test('a message over the limit is refused, and the next call is answered', async () => {
    const limits = { maxBodyBytes: 4096, maxHeldBodyBytes: 8192 };
    const client = createClient(PredictionService, transportTo(await serve({ limits })));
    const big = predictRequest(Array.from({ length: 20_000 }, (_, index) => index + 0.5));
    expect((await failureOf(client.predict(big))).code).toBe(Code.ResourceExhausted);
    const { outputs } = await client.predict(predictRequest([2]));
    expect(tensorFromProto(outputs['y']!).toArray()).toEqual([3]);
  });
});

test('a message that gzip makes too large is refused', async () => {
  const baseUrl = await serve({ limits: { maxInflatedBytes: 10_000 } });
  const transport = createGrpcWebTransport({
    baseUrl,
    httpVersion: '1.1',
    acceptCompression: [compressionGzip],
    sendCompression: compressionGzip,
  });
  const client = createClient(PredictionService, transport);
  const zeros = (count: number) => predictRequest(Array.from({ length: count }, () => 0));
  expect((await failureOf(client.predict(zeros(5000)))).code).toBe(Code.ResourceExhausted);
  const { outputs } = await client.predict(zeros(2000));
  expect(tensorFromProto(outputs['y']!).data).toEqual(new Float32Array(2000).fill(2));
});

/** Plain HTTP, as a browser's preflight is. */
async function http(
  base: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<[number, IncomingHttpHeaders]> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(base + path, { method, headers }, resolve)
      .on('error', reject)
      .end();
  });
  response.resume();
  return [response.statusCode!, response.headers];
}

describe('CORS', () => {
  const path = '/tensorflow.serving.PredictionService/Predict';
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,x-grpc-web',
  };

  test('pages of the listed origins may call and read the status; others get nothing to go by', async () => {
    const base = await serve({ enableCors: ['https://app.example.com'] });
    const [status, allowed] = await http(base, 'OPTIONS', path, { origin: 'https://app.example.com', ...preflight });
    expect([status, allowed['access-control-allow-origin'], allowed.vary]).toEqual([
      204,
      'https://app.example.com',
      'Origin',
    ]);
    expect(allowed['access-control-allow-methods']).toContain('POST');
    for (const name of ['Content-Type', 'X-Grpc-Web', 'Connect-Protocol-Version', 'Authorization', 'Grpc-Timeout']) {
      expect(allowed['access-control-allow-headers']?.toLowerCase()).toContain(name.toLowerCase());
    }
    const [, other] = await http(base, 'OPTIONS', path, { origin: 'https://evil.example.com', ...preflight });
    expect([other['access-control-allow-origin'], other['access-control-allow-headers']]).toEqual([
      undefined,
      undefined,
    ]);
    const [, answered] = await http(base, 'POST', path, { origin: 'https://app.example.com' });
    for (const name of ['grpc-status', 'grpc-message', 'grpc-status-details-bin', 'x-request-id']) {
      expect(answered['access-control-expose-headers']?.toLowerCase()).toContain(name);
    }
  });

  test('without the option there are no such headers, with it for all they name no origin', async () => {
    const [, off] = await http(await serve(), 'OPTIONS', path, { origin: 'https://a.b', ...preflight });
    expect(off['access-control-allow-origin']).toBeUndefined();
    const [, on] = await http(await serve({ enableCors: true }), 'OPTIONS', path, { origin: 'https://a.b' });
    expect([on['access-control-allow-origin'], on.vary]).toEqual(['*', undefined]);
  });

  test('the list counts for REST too', async () => {
    const base = await serve({ enableCors: ['https://app.example.com'] });
    const [, mine] = await http(base, 'GET', '/v1/models', { origin: 'https://app.example.com' });
    expect([mine['access-control-allow-origin'], mine.vary]).toEqual(['https://app.example.com', 'Origin']);
    const [, other] = await http(base, 'GET', '/v1/models', { origin: 'https://evil.example.com' });
    expect([other['access-control-allow-origin'], other.vary]).toEqual([undefined, 'Origin']);
  });
});

test.each([
  ['POST', '/tensorflow.serving.PredictionService/Nothing', {}, 404],
  ['GET', '/tensorflow.serving.PredictionService/Predict', {}, 405],
  ['POST', '/tensorflow.serving.PredictionService/Predict', { 'content-type': 'text/plain' }, 415],
  ['POST', '/tensorflow.serving.PredictionService/Predict', { host: 'no host' }, 400],
])('%s %s with %j is %d', async (method, path, headers, status) => {
  expect((await http(await serve(), method, path, headers))[0]).toBe(status);
});

test('REST is answered as ever beside it, and nothing else is where there is no web', async () => {
  expect((await http(await serve(), 'GET', '/v1/models/half_plus_two'))[0]).toBe(200);
  const plain = await serve({ web: undefined });
  expect((await http(plain, 'POST', '/tensorflow.serving.PredictionService/Predict'))[0]).toBe(404);
});
