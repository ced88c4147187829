import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { Client, Server, ServerCredentials, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthListResponseSchema,
} from '@servable/protos/health';
import {
  ClassificationRequestSchema,
  ClassificationResponseSchema,
  GetModelMetadataRequestSchema,
  GetModelMetadataResponseSchema,
  GetModelStatusRequestSchema,
  GetModelStatusResponseSchema,
  MultiInferenceRequestSchema,
  MultiInferenceResponseSchema,
  PredictRequestSchema,
  PredictResponseSchema,
  RegressionRequestSchema,
  RegressionResponseSchema,
  ReloadConfigRequestSchema,
  ReloadConfigResponseSchema,
  SignatureDefMapSchema,
  anyUnpack,
  type ModelServerConfig,
} from '@servable/protos/serving';
import { DataType, ExampleSchema } from '@servable/protos/tensorflow';
import { Tensor, tensor } from '@servable/tensor';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ServingError } from '../../servable/serving-error.js';
import { InFlight } from '../execution/in-flight.js';
import { FakeProvider, FakeServable, halfPlusTwo, signatureDef } from '../handlers/testing/fake-servables.js';
import { addPredictionServices } from './add-prediction-services.js';
import { ServingHealth } from './health-service.js';

const { DT_FLOAT, DT_STRING } = DataType;
const servers: Server[] = [];
const clients: Client[] = [];

async function serve(dependencies: Partial<Parameters<typeof addPredictionServices>[1]> = {}) {
  const server = new Server();
  const inFlight = new InFlight();
  addPredictionServices(server, { provider, states: provider, inFlight, ...dependencies });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  servers.push(server);
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  clients.push(client);
  return { server, client, inFlight };
}

const bytesOf = (value: Uint8Array) => Buffer.from(value);
const asIs = (value: Buffer) => value;

function callRaw(client: Client, path: string, request: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, bytesOf, asIs, request, (error: ServiceError | null, value?: Buffer) =>
      error === null ? resolve(value!) : reject(error),
    );
  });
}

async function call<In extends DescMessage, Out extends DescMessage>(
  client: Client,
  path: string,
  [input, output]: [In, Out],
  request: MessageInitShape<In>,
) {
  return fromBinary(
    output,
    await callRaw(client, `/tensorflow.serving.${path}`, toBinary(input, create(input, request))),
  );
}

const provider = new FakeProvider();
let client: Client;
let configs: ModelServerConfig[];

beforeAll(async () => {
  const scores = new Map(
    Object.entries({
      classify: signatureDef({ inputs: [DT_STRING, [-1]] }, { classes: [DT_STRING], scores: [DT_FLOAT] }),
      regress: signatureDef({ inputs: [DT_STRING, [-1]] }, { outputs: [DT_FLOAT, [-1]] }),
    }),
  );
  // Every example scores its length in bytes.
  const lengths = new FakeServable(scores, ({ inputs, outputFilter }) => {
    const examples = inputs.get('inputs') as Tensor<'string'>;
    const values = Float32Array.from(examples.data, ({ length }) => length);
    const answers: Record<string, Tensor> = {
      classes: new Tensor(
        'string',
        [examples.size, 1],
        examples.data.map(() => new TextEncoder().encode('längd')),
      ),
      scores: new Tensor('float32', [examples.size, 1], values),
      outputs: new Tensor('float32', [examples.size], values),
    };
    return new Map(outputFilter.map((alias) => [alias, answers[alias]!]));
  });
  provider.add('half', 1n, halfPlusTwo()).add('half', 7n, halfPlusTwo()).add('lengths', -2n, lengths);
  configs = [];
  ({ client } = await serve({
    reloadConfig: async (config) => {
      configs.push(config);
      if (configs.length > 1) {
        throw new ServingError('ALREADY_EXISTS', 'TWICE', 'reloaded already');
      }
    },
  }));
});

afterEach(() => {
  expect(provider.released).toBe(provider.acquired);
});

afterAll(() => {
  for (const open of clients) open.close();
  for (const server of servers) server.forceShutdown();
});

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
const predictSchemas: [typeof PredictRequestSchema, typeof PredictResponseSchema] = [
  PredictRequestSchema,
  PredictResponseSchema,
];
const x = { dtype: DT_FLOAT, tensorShape: { dim: [{ size: 2n }] }, floatVal: [1, 2] };

describe('PredictionService', () => {
  it('predicts, with values in typed fields and the spec of what ran', async () => {
    const request = { modelSpec: { name: 'half' }, inputs: { x }, outputFilter: ['y'] };
    const response = await call(client, 'PredictionService/Predict', predictSchemas, request);
    expect(Object.keys(response.outputs)).toEqual(['y']);
    expect(response.outputs['y']).toMatchObject({ dtype: DT_FLOAT, floatVal: [2.5, 3] });
    expect(response.outputs['y']!.tensorContent).toHaveLength(0);
    expect(response.modelSpec).toMatchObject({
      name: 'half',
      signatureName: 'serving_default',
      versionChoice: { case: 'version', value: { value: 7n } },
    });
  });

  it('puts values into tensor_content when told to', async () => {
    const { client: other } = await serve({ tensorContent: true });
    const request = { modelSpec: { name: 'half' }, inputs: { x }, outputFilter: ['y'] };
    const { outputs } = await call(other, 'PredictionService/Predict', predictSchemas, request);
    expect(outputs['y']!.floatVal).toEqual([]);
    expect(Array.from(new Float32Array(Uint8Array.from(outputs['y']!.tensorContent).buffer))).toEqual([2.5, 3]);
  });

  it('says what is wrong with a tensor only when model and signature are right', async () => {
    const broken = { ...x, floatVal: [], tensorContent: new Uint8Array(3) };
    const request = (name: string) => ({ modelSpec: { name }, inputs: { x: broken } });
    await expect(call(client, 'PredictionService/Predict', predictSchemas, request('none'))).rejects.toMatchObject({
      code: 5,
      details: 'Servable not found for request: Latest(none)',
    });
    await expect(call(client, 'PredictionService/Predict', predictSchemas, request('half'))).rejects.toMatchObject({
      code: 3,
      details: 'tensor parsing error: x',
    });
  });

  it('refuses bytes that are no message and goes on', async () => {
    const garbage = Uint8Array.of(0x0a, 0xff, 0xff, 0x01);
    for (const method of ['Predict', 'Classify', 'Regress', 'MultiInference', 'GetModelMetadata']) {
      await expect(callRaw(client, `/tensorflow.serving.PredictionService/${method}`, garbage)).rejects.toMatchObject({
        code: 3,
      });
    }
    await expect(callRaw(client, PREDICT, new Uint8Array())).rejects.toMatchObject({
      code: 3,
      details: 'Missing ModelSpec',
    });
  });

  const example = (length: number) =>
    create(ExampleSchema, {
      features: { feature: { f: { kind: { case: 'bytesList', value: { value: [new Uint8Array(length)] } } } } },
    });
  const sizeOf = (length: number) => toBinary(ExampleSchema, example(length)).length;

  it('classifies examples, joined with their context', async () => {
    const response = await call(
      client,
      'PredictionService/Classify',
      [ClassificationRequestSchema, ClassificationResponseSchema],
      {
        modelSpec: { name: 'lengths', signatureName: 'classify' },
        input: {
          kind: {
            case: 'exampleListWithContext',
            value: { examples: [example(1), example(200)], context: example(9) },
          },
        },
      },
    );
    expect(
      response.result!.classifications.map(({ classes }) => classes.map(({ label, score }) => [label, score])),
    ).toEqual([[['längd', sizeOf(9) + sizeOf(1)]], [['längd', sizeOf(9) + sizeOf(200)]]]);
    expect(response.modelSpec).toMatchObject({ signatureName: 'classify', versionChoice: { value: { value: -2n } } });
  });

  it('regresses examples', async () => {
    const response = await call(
      client,
      'PredictionService/Regress',
      [RegressionRequestSchema, RegressionResponseSchema],
      {
        modelSpec: { name: 'lengths', signatureName: 'regress' },
        input: { kind: { case: 'exampleList', value: { examples: [example(3)] } } },
      },
    );
    expect(response.result!.regressions.map(({ value }) => value)).toEqual([sizeOf(3)]);
    expect(response.modelSpec).toMatchObject({ name: 'lengths', signatureName: 'regress' });
  });

  it('answers several tasks about the same examples', async () => {
    const task = (signatureName: string) => ({
      modelSpec: { name: 'lengths', signatureName },
      methodName: `tensorflow/serving/${signatureName}`,
    });
    const response = await call(
      client,
      'PredictionService/MultiInference',
      [MultiInferenceRequestSchema, MultiInferenceResponseSchema],
      {
        tasks: [task('regress'), task('classify')],
        input: { kind: { case: 'exampleList', value: { examples: [example(3)] } } },
      },
    );
    expect(response.results.map(({ result }) => result.case)).toEqual(['regressionResult', 'classificationResult']);
    expect(response.results[0]!.result.value).toMatchObject({ regressions: [{ value: sizeOf(3) }] });
  });

  it('tells the signatures as a map in an Any', async () => {
    const response = await call(
      client,
      'PredictionService/GetModelMetadata',
      [GetModelMetadataRequestSchema, GetModelMetadataResponseSchema],
      { modelSpec: { name: 'half' }, metadataField: ['signature_def'] },
    );
    const any = response.metadata['signature_def']!;
    expect(any.typeUrl).toBe('type.googleapis.com/tensorflow.serving.SignatureDefMap');
    const { signatureDef: signatures } = anyUnpack(any, SignatureDefMapSchema)!;
    expect(signatures['serving_default']!.inputs['x']).toMatchObject({ dtype: DT_FLOAT });
    expect(response.modelSpec).toMatchObject({
      name: 'half',
      signatureName: '',
      versionChoice: { value: { value: 7n } },
    });
  });
});

describe('ModelService', () => {
  const reloadSchemas: [typeof ReloadConfigRequestSchema, typeof ReloadConfigResponseSchema] = [
    ReloadConfigRequestSchema,
    ReloadConfigResponseSchema,
  ];

  it('reports all versions, highest first', async () => {
    const { modelVersionStatus } = await call(
      client,
      'ModelService/GetModelStatus',
      [GetModelStatusRequestSchema, GetModelStatusResponseSchema],
      { modelSpec: { name: 'half' } },
    );
    expect(modelVersionStatus).toMatchObject([
      { version: 7n, state: 30, status: { errorCode: 0, errorMessage: '' } },
      { version: 1n, state: 30, status: { errorCode: 0, errorMessage: '' } },
    ]);
  });

  it('hands a list of models over, and reports failure by the status of the call', async () => {
    const config = { config: { case: 'modelConfigList' as const, value: { config: [{ name: 'm', basePath: '/m' }] } } };
    const response = await call(client, 'ModelService/HandleReloadConfigRequest', reloadSchemas, { config });
    expect(response.status).toMatchObject({ errorCode: 0, errorMessage: '' });
    expect(configs[0]!.config).toMatchObject({ case: 'modelConfigList', value: { config: [{ name: 'm' }] } });
    await expect(
      call(client, 'ModelService/HandleReloadConfigRequest', reloadSchemas, { config }),
    ).rejects.toMatchObject({ code: 6, details: 'reloaded already' });
  });

  it('tells by how much the metrics that are asked for grew', async () => {
    let reloads = 40;
    const { client: counting } = await serve({
      reloadConfig: () => Promise.resolve(void (reloads += 2)),
      metricValue: (name) => (name === '/tensorflow/serving/request_count' ? reloads : 0),
    });
    const metricNames = ['/tensorflow/serving/request_count', '/unknown', '/unknown'];
    const { metric } = await call(counting, 'ModelService/HandleReloadConfigRequest', reloadSchemas, {
      config: { config: { case: 'modelConfigList', value: { config: [] } } },
      metricNames,
    });
    expect(metric).toMatchObject([
      { name: '/tensorflow/serving/request_count', valueIncrease: { value: 2n } },
      { name: '/unknown', valueIncrease: { value: 0n } },
    ]);
  });

  it('refuses a configuration of another kind, and any when it has no way to reload', async () => {
    await expect(call(client, 'ModelService/HandleReloadConfigRequest', reloadSchemas, {})).rejects.toMatchObject({
      code: 3,
      details:
        'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported',
    });
    const { client: fixed } = await serve();
    await expect(call(fixed, 'ModelService/HandleReloadConfigRequest', reloadSchemas, {})).rejects.toMatchObject({
      code: 12,
      details: 'This server does not take a new configuration by HandleReloadConfigRequest',
    });
  });
});

describe('Health', () => {
  const request = (service: string) =>
    toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }));
  const statusIn = (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes).status;
  const names = ['', 'ModelService', 'PredictionService', 'tensorflow.serving.PredictionService'];

  it('is not there unless asked for', async () => {
    await expect(callRaw(client, '/grpc.health.v1.Health/Check', request(''))).rejects.toMatchObject({ code: 12 });
  });

  it('tells for every service whether the server is serving', async () => {
    const health = new ServingHealth();
    const { client: watched } = await serve({ health });
    const check = async (name: string) =>
      statusIn(await callRaw(watched, '/grpc.health.v1.Health/Check', request(name)));
    for (const name of names) expect(await check(name)).toBe(ServingStatus.NOT_SERVING);
    health.setServing(true);
    for (const name of names) expect(await check(name)).toBe(ServingStatus.SERVING);
    await expect(check('Other')).rejects.toMatchObject({ code: 5, details: 'Unknown service: Other' });
    const list = fromBinary(
      HealthListResponseSchema,
      await callRaw(watched, '/grpc.health.v1.Health/List', request('')),
    );
    expect(list.statuses['ModelService']).toMatchObject({ status: ServingStatus.SERVING });
  });

  it('tells watchers each change until they go', async () => {
    const health = new ServingHealth();
    const { client: watched } = await serve({ health });
    const watch = (service: string) =>
      watched.makeServerStreamRequest('/grpc.health.v1.Health/Watch', bytesOf, asIs, request(service));
    const stream = watch('');
    stream.on('error', () => {});
    const seen: ServingStatus[] = [];
    for await (const bytes of stream) {
      seen.push(statusIn(bytes as Buffer));
      if (seen.length === 1) health.setServing(true);
      if (seen.length === 2) {
        health.setServing(true);
        health.setServing(false);
      }
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([ServingStatus.NOT_SERVING, ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    const unknown = watch('Other');
    unknown.on('error', () => {});
    for await (const bytes of unknown) {
      expect(statusIn(bytes as Buffer)).toBe(ServingStatus.SERVICE_UNKNOWN);
      break;
    }
  });
});

describe('draining', () => {
  it('ends health watches, so that the server can shut down', async () => {
    const health = new ServingHealth();
    health.setServing(true);
    const { client: watched, server } = await serve({ health });
    const request = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema));
    const stream = watched.makeServerStreamRequest('/grpc.health.v1.Health/Watch', bytesOf, asIs, request);
    const seen: ServingStatus[] = [];
    const ended = new Promise((resolve) => stream.on('error', resolve));
    stream.on('data', (bytes: Buffer) => {
      seen.push(fromBinary(HealthCheckResponseSchema, bytes).status);
      if (seen.length === 1) health.close();
    });
    expect(await ended).toMatchObject({ code: 14, details: 'The server is shutting down' });
    expect(seen).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    await new Promise<void>((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve())));
    health.setServing(true);
    expect(health.serving).toBe(false);
  });

  it('lets calls in flight end, and refuses new ones', async () => {
    let finish: () => void = () => {};
    const started = new Promise<void>((entered) => {
      const answer = new Map<string, Tensor>([
        ['y', tensor([1])],
        ['z', tensor([1])],
      ]);
      const gate = new FakeServable(halfPlusTwo().signatureDefs, () => {
        entered();
        return new Promise((resolve) => (finish = () => resolve(answer)));
      });
      provider.add('gate', 1n, gate);
    });
    const { client: draining, inFlight } = await serve();
    const request = { modelSpec: { name: 'gate' }, inputs: { x } };
    const pending = call(draining, 'PredictionService/Predict', predictSchemas, request);
    await started;
    expect(inFlight.count).toBe(1);
    const drained = inFlight.drain();
    await expect(call(draining, 'PredictionService/Predict', predictSchemas, request)).rejects.toMatchObject({
      code: 14,
      details: 'The server is shutting down and takes no new requests',
    });
    finish();
    expect((await pending).outputs['y']!.floatVal).toEqual([1]);
    await drained;
    expect(inFlight.count).toBe(0);
  });
});
