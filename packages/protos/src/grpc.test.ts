import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { grpcServiceDefinition } from './grpc.js';
import * as health from './health.js';
import { v1, v1alpha } from './reflection.js';
import {
  GetModelStatusRequestSchema,
  GetModelStatusResponseSchema,
  ModelService,
  ModelVersionStatus_State,
  PredictionService,
  SessionService,
} from './serving.js';

type UnaryHandler = (call: { request: unknown }, callback: (error: Error | null, response: unknown) => void) => void;
type UnaryCall = (request: unknown, callback: (error: Error | null, response: unknown) => void) => void;

/** A server that answers with `handlers`, and a call of one method through a client of `clientDefinition`. */
async function connect(definition: ServiceDefinition, handlers: UntypedServiceImplementation) {
  const server = new Server();
  onTestFinished(() => server.forceShutdown());
  server.addService(definition, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return (clientDefinition: ServiceDefinition, method: string, request: unknown) => {
    const Client = makeGenericClientConstructor(clientDefinition, 'Service');
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    onTestFinished(() => client.close());
    return new Promise((resolve, reject) =>
      (client[method] as UnaryCall).call(client, request, (error, response) =>
        error === null ? resolve(response) : reject(error),
      ),
    );
  };
}

test('every method has the path, the kind and the names that grpc-js looks for', () => {
  const shape = (definition: object) =>
    Object.entries(definition as ServiceDefinition).map(([name, method]) => [
      name,
      method.originalName,
      method.path,
      method.requestStream,
      method.responseStream,
    ]);
  expect(shape(grpcServiceDefinition(PredictionService))).toEqual([
    ['classify', 'Classify', '/tensorflow.serving.PredictionService/Classify', false, false],
    ['regress', 'Regress', '/tensorflow.serving.PredictionService/Regress', false, false],
    ['predict', 'Predict', '/tensorflow.serving.PredictionService/Predict', false, false],
    ['multiInference', 'MultiInference', '/tensorflow.serving.PredictionService/MultiInference', false, false],
    ['getModelMetadata', 'GetModelMetadata', '/tensorflow.serving.PredictionService/GetModelMetadata', false, false],
  ]);
  expect(shape(grpcServiceDefinition(ModelService, { raw: true }))).toEqual([
    ['getModelStatus', 'GetModelStatus', '/tensorflow.serving.ModelService/GetModelStatus', false, false],
    [
      'handleReloadConfigRequest',
      'HandleReloadConfigRequest',
      '/tensorflow.serving.ModelService/HandleReloadConfigRequest',
      false,
      false,
    ],
  ]);
  expect(grpcServiceDefinition(SessionService).sessionRun.path).toBe('/tensorflow.serving.SessionService/SessionRun');
  expect(shape(grpcServiceDefinition(health.Health))).toEqual([
    ['check', 'Check', '/grpc.health.v1.Health/Check', false, false],
    ['list', 'List', '/grpc.health.v1.Health/List', false, false],
    ['watch', 'Watch', '/grpc.health.v1.Health/Watch', false, true],
  ]);
  for (const [version, definition] of [
    ['v1', grpcServiceDefinition(v1.ServerReflection)],
    ['v1alpha', grpcServiceDefinition(v1alpha.ServerReflection)],
  ] as const) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    expect(shape(definition)).toEqual([['serverReflectionInfo', 'ServerReflectionInfo', path, true, true]]);
  }
});

test('serializers take messages and plain objects, and give Buffers', () => {
  const { requestSerialize, requestDeserialize } = grpcServiceDefinition(ModelService).getModelStatus;
  const init = { modelSpec: { name: 'm', versionChoice: { case: 'version', value: { value: 7n } } } } as const;
  const fromInit = requestSerialize(init);
  expect(Buffer.isBuffer(fromInit)).toBe(true);
  expect(fromInit.toString('hex')).toBe('0a070a016d12020807');
  expect(requestSerialize(create(GetModelStatusRequestSchema, init))).toEqual(fromInit);
  expect(requestDeserialize(fromInit)).toEqual(create(GetModelStatusRequestSchema, init));
  expect(() => requestDeserialize(Buffer.from([0x0a, 0x05]))).toThrow(/premature EOF/);
});

test('raw serializers copy nothing', () => {
  const { requestSerialize, requestDeserialize, responseSerialize } = grpcServiceDefinition(PredictionService, {
    raw: true,
  }).predict;
  const buffer = Buffer.from([1, 2, 3]);
  expect(requestSerialize(buffer)).toBe(buffer);
  expect(requestDeserialize(buffer)).toBe(buffer);
  const window = new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4);
  const serialized = responseSerialize(window);
  expect([...serialized]).toEqual([1, 2, 3]);
  window[0] = 9;
  expect([...serialized]).toEqual([9, 2, 3]);
});

test('a grpc-js server and client talk through the definitions, decoded on one side and raw on the other', async () => {
  const decoded = grpcServiceDefinition(ModelService);
  const raw = grpcServiceDefinition(ModelService, { raw: true });
  const status = {
    modelVersionStatus: [{ version: 2n ** 60n, state: ModelVersionStatus_State.AVAILABLE }],
  };
  const handler: UnaryHandler = ({ request }, callback) => {
    const { modelSpec } = fromBinary(GetModelStatusRequestSchema, request as Buffer);
    if (modelSpec?.name !== 'half_plus_two') callback(new Error(`unexpected model ${modelSpec?.name}`), null);
    else callback(null, toBinary(GetModelStatusResponseSchema, create(GetModelStatusResponseSchema, status)));
  };
  const call = await connect(raw, { getModelStatus: handler });
  const request = { modelSpec: { name: 'half_plus_two' } };
  const expected = create(GetModelStatusResponseSchema, status);
  expect(await call(decoded, 'getModelStatus', request)).toEqual(expected);
  expect(await call(decoded, 'GetModelStatus', request)).toEqual(expected);
  await expect(call(decoded, 'getModelStatus', {})).rejects.toThrow('unexpected model undefined');
});

test('handlers may use the names of the proto file', async () => {
  const decoded = grpcServiceDefinition(health.Health);
  const handler: UnaryHandler = ({ request }, callback) => {
    const serving = (request as health.HealthCheckRequest).service === 'known';
    callback(null, {
      status: serving
        ? health.HealthCheckResponse_ServingStatus.SERVING
        : health.HealthCheckResponse_ServingStatus.UNKNOWN,
    });
  };
  const call = await connect(decoded, { Check: handler });
  expect(await call(decoded, 'check', { service: 'known' })).toEqual(
    create(health.HealthCheckResponseSchema, { status: health.HealthCheckResponse_ServingStatus.SERVING }),
  );
  expect(await call(decoded, 'check', {})).toEqual(create(health.HealthCheckResponseSchema));
});
