import { DataType } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { createRestFetchHandler } from '../rest/fetch-handler.js';
import type { RestOptions } from '../rest/rest-options.js';

const { DT_FLOAT, DT_STRING, DT_INT64, DT_HALF } = DataType;

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; schema: object }[];
  readonly requestBody?: { content: Record<string, { schema: object }> };
  readonly responses: Record<string, { content: Record<string, { schema: object }> }>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, object>; securitySchemes?: object };
}

const servable = new FakeServable(
  new Map([
    ['__saved_model_init_op', signatureDef({}, { __saved_model_init_op: [DataType.DT_INVALID] })],
    ['serving_default', signatureDef({ x: [DT_FLOAT, [-1, 3]] }, { y: [DT_FLOAT, [-1]] })],
    [
      'two',
      signatureDef(
        { a: [DT_INT64, []], s: [DT_STRING, [-1]] },
        { p: [DT_STRING, [-1]], q: [DT_HALF, [-1]] },
        { methodName: 'tensorflow/serving/classify' },
      ),
    ],
  ]),
  ({ inputs }) => inputs,
);
const provider = () => new FakeProvider().add('m', 1n, servable).add('m', 3n, servable).add('a b/c', 2n, servable);

async function documentOf(options: Partial<RestOptions> = {}): Promise<Document> {
  const models = provider();
  const handle = createRestFetchHandler({ provider: models, states: models, ...options });
  const response = await handle(new Request('http://localhost/v1/openapi.json'));
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(models.released).toBe(models.acquired);
  return (await response.json()) as Document;
}

describe('the OpenAPI document', () => {
  it('has the URLs of the server and of each version that can be called', async () => {
    const { openapi, paths } = await documentOf();
    expect(openapi).toBe('3.1.0');
    const server = [
      '/v1/models',
      '/v1/openapi.json',
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/repository/index',
    ];
    const model = (name: string, suffix: string) => [
      ...['', '/metadata', ':predict', ':classify'].map((end) => `/v1/models/${name}${suffix}${end}`),
      ...['', '/ready', '/infer'].map((end) => `/v2/models/${name}${suffix}${end}`),
    ];
    expect(Object.keys(paths).sort()).toEqual(
      [
        ...server,
        ...['', '/versions/1', '/versions/3'].flatMap((suffix) => model('m', suffix)),
        ...['', '/versions/2'].flatMap((suffix) => model('a%20b%2Fc', suffix)),
      ].sort(),
    );
  });

  it('has labels, the configuration and a security scheme where there are such', async () => {
    const labelsOf = () => new Map([['stable', 1n]]);
    const { paths, components } = await documentOf({ labelsOf, config: () => ({}) });
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/v1/config',
        '/v1/models/m/labels/stable:predict',
        '/v2/models/m/versions/stable/infer',
      ]),
    );
    expect(components.securitySchemes).toBeUndefined();
  });

  it('gives every operation an id of its own', async () => {
    const { paths } = await documentOf({ labelsOf: () => new Map([['stable', 1n]]) });
    const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('predict.m.versions.1');
  });

  it('refers to schemas that there are', async () => {
    const document = await documentOf();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    expect(
      references.map(([, name]) => name!).filter((name) => document.components.schemas[name] === undefined),
    ).toEqual([]);
    expect(Object.keys(document.components.schemas).filter((name) => !/^[a-zA-Z0-9._-]+$/.test(name))).toEqual([]);
  });

  it('describes Predict bodies by signature and format', async () => {
    const { paths, components } = await documentOf();
    const { post } = paths['/v1/models/m:predict']!;
    expect(post!.parameters).toMatchObject([
      { name: 'signature_name', schema: { enum: ['serving_default', 'two'] } },
      { name: 'output_filter', schema: { items: { enum: ['p', 'q', 'y'] } } },
    ]);
    expect(Object.keys(post!.requestBody!.content)).toEqual([
      'application/json',
      'application/vnd.servable.tensors',
      'application/x-npy',
    ]);
    const row = { type: 'array', items: { type: 'number', format: 'float' }, minItems: 3, maxItems: 3 };
    const value = { description: 'float32 [-1,3]', ...row };
    const named = { type: 'object', properties: { x: value }, required: ['x'], additionalProperties: false };
    expect(components.schemas['m.v3.PredictRequest']).toMatchObject({
      anyOf: [
        {
          title: 'serving_default, rows',
          properties: { instances: { type: 'array', minItems: 1, items: { anyOf: [value, named] } } },
          required: ['instances'],
        },
        { title: 'serving_default, columns', properties: { inputs: { anyOf: [{ type: 'array', items: row }, {}] } } },
        {
          title: 'two, columns',
          properties: {
            signature_name: { const: 'two' },
            inputs: {
              properties: {
                a: { type: 'integer', format: 'int64' },
                s: { type: 'array', items: { anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/Base64' }] } },
              },
              required: ['a', 's'],
            },
          },
          required: ['signature_name', 'inputs'],
        },
      ],
    });
  });

  it('describes the tensors of the Open Inference Protocol', async () => {
    const { components } = await documentOf();
    const request = components.schemas['m.v3.InferRequest'] as {
      anyOf: { properties: { inputs: { items: object } } }[];
    };
    expect(request.anyOf[0]!.properties.inputs.items).toMatchObject({
      title: 'x',
      properties: {
        name: { const: 'x' },
        datatype: { const: 'FP32' },
        shape: { description: '[-1,3]', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 },
      },
    });
    expect(request.anyOf[1]).toMatchObject({ title: 'two', required: ['inputs', 'parameters'] });
    const response = components.schemas['m.v3.InferResponse'] as {
      properties: { outputs: { items: { anyOf: object[] } } };
    };
    expect(response.properties.outputs.items.anyOf).toMatchObject([
      { title: 'y', properties: { datatype: { const: 'FP32' } } },
      { title: 'p', properties: { datatype: { const: 'BYTES' } } },
      { title: 'q', properties: { datatype: { const: 'FP16' }, data: { items: { type: 'number' } } } },
    ]);
  });

  it('leaves out what TensorFlow keeps for itself', async () => {
    const { components, paths } = await documentOf();
    expect(JSON.stringify([components, paths])).not.toContain('__saved_model_init_op');
  });

  it('tells of errors in one form', async () => {
    const { paths } = await documentOf();
    const { responses } = paths['/v2/models/m/infer']!['post']!;
    expect(responses['default']!.content).toEqual({
      'application/json': { schema: { $ref: '#/components/schemas/Error' } },
    });
    expect(paths['/v2/health/ready']!['get']!.responses).toHaveProperty('503');
  });

  it('does not stay as it was when models change', async () => {
    const models = provider();
    const handle = createRestFetchHandler({ provider: models, states: models });
    models.remove('m');
    const document = (await (await handle(new Request('http://localhost/v1/openapi.json'))).json()) as Document;
    expect(Object.keys(document.paths).filter((path) => path.startsWith('/v1/models/m'))).toEqual([]);
  });
});

describe('the configuration', () => {
  const get = async (options: Partial<RestOptions>, headers: Record<string, string> = {}) => {
    const models = provider();
    const handle = createRestFetchHandler({ provider: models, states: models, ...options });
    const response = await handle(new Request('http://localhost/v1/config', { headers }));
    return [response.status, await response.json()] as const;
  };

  it('is what the owner of the server makes of it', async () => {
    expect(await get({ config: () => ({ models: [{ name: 'm' }] }) })).toEqual([200, { models: [{ name: 'm' }] }]);
  });

  it('is not told by a server that has none', async () => {
    expect(await get({})).toEqual([501, { error: 'This server does not tell its configuration' }]);
  });
});
