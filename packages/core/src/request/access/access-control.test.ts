import { create, toBinary } from '@bufbuild/protobuf';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { DataType } from '@servable/protos/tensorflow';
import {
  GetModelStatusRequestSchema,
  ReloadConfigRequestSchema,
  SessionRunRequestSchema,
} from '@servable/protos/serving';
import { encodePredictRequest, tensor } from '@servable/tensor';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RequestRecord } from '../../servable/request-record.js';
import { AdmissionController } from '../execution/admission-controller.js';
import { RawGrpc } from '../grpc/testing/raw-grpc.js';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { createRestFetchHandler } from '../rest/fetch-handler.js';
import { AccessControl } from './access-control.js';
import { AccessPolicy } from './access-policy.js';

const web = 'token-of-the-web-app';
const ops = 'token-of-the-operator';
const tenant = 'token-of-one-tenant';
const { DT_FLOAT } = DataType;

let provider: FakeProvider;
let access: AccessControl;
beforeEach(() => {
  const signature = signatureDef({ x: [DT_FLOAT, [-1]] }, { y: [DT_FLOAT, [-1]] });
  const servable = new FakeServable(
    new Map([['serving_default', signature]]),
    ({ inputs }) => new Map([['y', inputs.get('x')!]]),
  );
  provider = new FakeProvider().add('open', 1n, servable).add('secret', 1n, servable);
  access = new AccessControl(
    new AccessPolicy({
      tokens: [
        { name: 'web', token: web },
        { name: 'ops', token: ops },
        { name: 'tenant', token: tenant },
      ],
      rules: [
        { callers: ['web'], methods: ['inference', 'status'], models: ['open'] },
        { callers: ['ops'], methods: ['inference', 'status', 'admin', 'metrics'] },
        { callers: ['tenant'], methods: ['admin'], models: ['secret'] },
      ],
    }),
  );
});

describe('over REST', () => {
  const ask = async (path: string, token?: string, body?: string) => {
    const prometheus = { path: '/metrics', render: () => 'up 1' };
    const handle = createRestFetchHandler({ provider, states: provider, access, prometheus });
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init = body === undefined ? { headers } : { method: 'POST', body, headers };
    const response = await handle(new Request(`http://localhost${path}`, init));
    const text = await response.text();
    return { status: response.status, challenge: response.headers.get('www-authenticate'), text };
  };
  const predict = (model: string, token?: string) => ask(`/v1/models/${model}:predict`, token, '{"instances": [1.5]}');

  test('a caller is answered on the models of its rules', async () => {
    expect(JSON.parse((await predict('open', web)).text)).toEqual({ predictions: [1.5] });
    expect((await ask('/v1/models/open', web)).status).toBe(200);
    expect((await ask('/v1/models/open/metadata', web)).status).toBe(200);
  });

  test('without credentials it is 401, a challenge, and what is needed', async () => {
    expect(await predict('open')).toEqual({
      status: 401,
      challenge: 'Bearer realm="servable"',
      text: expect.stringContaining(
        'Predict on model open needs credentials that are allowed inference, a bearer token or a client certificate: none were sent',
      ) as string,
    });
  });

  test('a wrong token is 401 and does not stand in the answer', async () => {
    const answer = await predict('open', 'guess-guess-guess-guess');
    expect([answer.status, answer.challenge]).toEqual([401, 'Bearer realm="servable", error="invalid_token"']);
    expect(answer.text).not.toContain('guess');
  });

  test.each(['secret', 'there_is_none'])('a model beyond the rules is 403, whether there is one: %s', async (model) => {
    const answer = await predict(model, web);
    expect([answer.status, answer.challenge]).toEqual([403, null]);
    expect(answer.text).toContain(
      `Caller web may not call Predict on model ${model}: no access rule gives it inference there`,
    );
    expect((await ask(`/v1/models/${model}`, web)).status).toBe(403);
    expect((await ask(`/v1/models/${model}/metadata`, web)).status).toBe(403);
    expect(provider.acquired).toBe(0);
  });

  test('the list of models has only those that the caller may see', async () => {
    const names = async (token: string) =>
      (JSON.parse((await ask('/v1/models', token)).text) as { models: { name: string }[] }).models.map(
        ({ name }) => name,
      );
    expect(await names(web)).toEqual(['open']);
    expect(await names(ops)).toEqual(['open', 'secret']);
    expect((await ask('/v1/models', tenant)).status).toBe(403);
    expect((await ask('/v1/models')).status).toBe(401);
  });

  test('the metrics page takes leave of its own', async () => {
    expect((await ask('/metrics', ops)).text).toBe('up 1');
    expect((await ask('/metrics', web)).status).toBe(403);
    expect((await ask('/metrics')).status).toBe(401);
  });

  test('another policy counts from the next request on', async () => {
    access.replace(new AccessPolicy({ rules: [{ callers: ['anyone'], methods: ['inference'], models: ['open'] }] }));
    expect((await predict('open')).status).toBe(200);
    expect((await predict('open', web)).status).toBe(401);
  });
});

describe('over gRPC', () => {
  const serve = (observed: RequestRecord[] = [], admission?: AdmissionController) =>
    RawGrpc.serve({ provider, states: provider, access, admission, observers: [(record) => observed.push(record)] });
  const outcome = async (raw: RawGrpc, path: string, request: Uint8Array, token?: string) => {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    return raw.send(`/tensorflow.serving.${path}`, request, { metadata }).then(
      () => 'OK',
      ({ code, details }: ServiceError) => `${status[code]}: ${details}`,
    );
  };
  const x = new Map([['x', tensor([1.5])]]);
  const predictOf = (name: string) =>
    encodePredictRequest({ modelSpec: { name, signatureName: '' }, inputs: x, outputFilter: [] });

  test('calls are answered, refused or asked for credentials, model by model', async () => {
    const observed: RequestRecord[] = [];
    await using raw = await serve(observed);
    const predict = (name: string, token?: string) => outcome(raw, 'PredictionService/Predict', predictOf(name), token);
    expect(await predict('open', web)).toBe('OK');
    expect(await predict('secret', web)).toBe(
      'PERMISSION_DENIED: Caller web may not call Predict on model secret: no access rule gives it inference there',
    );
    expect(await predict('open')).toMatch(/^UNAUTHENTICATED: Predict needs credentials that are allowed inference/);
    expect(await predict('open', 'guess-guess-guess-guess')).toBe(
      'UNAUTHENTICATED: The bearer token is not one that this server knows',
    );
    expect(observed.map(({ caller, code }) => [caller, code])).toEqual([
      ['web', 'OK'],
      ['web', 'PERMISSION_DENIED'],
      [undefined, 'UNAUTHENTICATED'],
      [undefined, 'UNAUTHENTICATED'],
    ]);
  });

  test('every service asks', async () => {
    await using raw = await serve();
    const spec = { modelSpec: { name: 'secret' } };
    const statusRequest = toBinary(GetModelStatusRequestSchema, create(GetModelStatusRequestSchema, spec));
    const sessionRequest = toBinary(
      SessionRunRequestSchema,
      create(SessionRunRequestSchema, { ...spec, fetch: ['y:0'] }),
    );
    expect(await outcome(raw, 'ModelService/GetModelStatus', statusRequest, ops)).toBe('OK');
    for (const [method, request] of [
      ['ModelService/GetModelStatus', statusRequest],
      ['SessionService/SessionRun', sessionRequest],
    ] as const) {
      expect(await outcome(raw, method, request, web)).toMatch(/^PERMISSION_DENIED: /);
      expect(await outcome(raw, method, request)).toMatch(/^UNAUTHENTICATED: /);
    }
  });

  test('a configuration is taken from those that may administer all models', async () => {
    await using raw = await serve();
    const request = toBinary(ReloadConfigRequestSchema, create(ReloadConfigRequestSchema, {}));
    const reload = (token?: string) => outcome(raw, 'ModelService/HandleReloadConfigRequest', request, token);
    expect(await reload(ops)).toMatch(/^UNIMPLEMENTED: /);
    expect(await reload(tenant)).toBe(
      'PERMISSION_DENIED: Caller tenant may not call HandleReloadConfigRequest on all models: ' +
        'no access rule gives it admin there',
    );
    expect(await reload(web)).toMatch(/^PERMISSION_DENIED: Caller web may not call HandleReloadConfigRequest: /);
    expect(await reload()).toMatch(/^UNAUTHENTICATED: /);
  });

  test('the limit per caller counts names, not addresses', async () => {
    const admission = new AdmissionController({ maxPerCaller: 1 });
    const ticket = await admission.admit({ caller: 'web' });
    await using raw = await serve([], admission);
    const predict = (token: string) => outcome(raw, 'PredictionService/Predict', predictOf('open'), token);
    expect(await predict(web)).toMatch(/^RESOURCE_EXHAUSTED: /);
    expect(await predict(ops)).toBe('OK');
    ticket.release();
  });
});
