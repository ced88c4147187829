import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import {
  ModelInferRequestSchema,
  RepositoryIndexRequestSchema,
  RepositoryIndexResponseSchema,
} from '@servable/protos/inference';
import { expect, onTestFinished, test } from 'vitest';
import { RawGrpc } from '../grpc/testing/raw-grpc.js';
import { FakeProvider, halfPlusTwo } from '../handlers/testing/fake-servables.js';
import { createRestFetchHandler } from '../rest/fetch-handler.js';
import { AccessControl } from './access-control.js';
import { AccessPolicy } from './access-policy.js';

const web = 'token-of-the-web-app';
const ops = 'token-of-the-operator';
const provider = new FakeProvider().add('open', 1n, halfPlusTwo()).add('secret', 1n, halfPlusTwo());
const access = new AccessControl(
  new AccessPolicy({
    tokens: [
      { name: 'web', token: web },
      { name: 'ops', token: ops },
    ],
    rules: [
      { callers: ['web'], methods: ['inference', 'status'], models: ['open'] },
      { callers: ['ops'], methods: ['inference', 'status', 'admin'] },
    ],
  }),
);

async function ask(path: string, token?: string, body?: object) {
  const handle = createRestFetchHandler({
    provider,
    states: provider,
    access,
    config: () => ({ secret: 'of the operator' }),
  });
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const init = body === undefined ? { headers } : { method: 'POST', body: JSON.stringify(body), headers };
  const response = await handle(new Request(`http://localhost${path}`, init));
  return [response.status, await response.json()] as [number, Record<string, unknown>];
}
const statusOf = async (...call: Parameters<typeof ask>): Promise<number> => (await ask(...call))[0];

test('the Open Inference Protocol is held to the rules over REST', async () => {
  const body = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] };
  expect(await statusOf('/v2/models/open/infer', web, body)).toBe(200);
  expect(await statusOf('/v2/models/secret/infer', web, body)).toBe(403);
  expect(await statusOf('/v2/models/secret/infer', ops, body)).toBe(200);
  expect(await statusOf('/v2/models/open/infer', undefined, body)).toBe(401);
  // Refused before the body is looked at.
  expect(await statusOf('/v2/models/secret/infer', web, {})).toBe(403);
  for (const path of ['/v2/models/secret', '/v2/models/secret/ready']) expect(await statusOf(path, web)).toBe(403);
  const [code, index] = await ask('/v2/repository/index', web, {});
  expect([code, (index as unknown as { name: string }[]).map(({ name }) => name)]).toEqual([200, ['open']]);
});

test('the Open Inference Protocol is held to the rules over gRPC', async () => {
  const grpc = await RawGrpc.serve({ provider, states: provider, access });
  onTestFinished(() => grpc[Symbol.asyncDispose]());
  const send = (method: string, message: Uint8Array, token: string) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    return grpc.send(`/inference.GRPCInferenceService/${method}`, message, { metadata });
  };
  const infer = toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, { modelName: 'secret' }));
  await expect(send('ModelInfer', infer, web)).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  await expect(send('ModelInfer', infer, ops)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  const ask = toBinary(RepositoryIndexRequestSchema, create(RepositoryIndexRequestSchema));
  const { bytes } = await send('RepositoryIndex', ask, web);
  expect(fromBinary(RepositoryIndexResponseSchema, bytes).models.map(({ name }) => name)).toEqual(['open']);
});

test('the configuration is for administrators', async () => {
  expect(await ask('/v1/config', ops)).toEqual([200, { secret: 'of the operator' }]);
  expect(await statusOf('/v1/config', web)).toBe(403);
  expect(await statusOf('/v1/config')).toBe(401);
});

test('the OpenAPI document has the models that the caller may see, and says how to come with a token', async () => {
  const [, seen] = await ask('/v1/openapi.json', web);
  const paths = Object.keys(seen['paths'] as object);
  expect(paths).toContain('/v2/models/open/infer');
  expect(paths.filter((path) => path.includes('secret'))).toEqual([]);
  expect(seen['security']).toEqual([{ bearer: [] }]);
  expect(JSON.stringify((await ask('/v1/openapi.json', ops))[1])).toContain('/v2/models/secret/infer');
});
