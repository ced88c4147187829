import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, v1 } from '@servable/protos/reflection';
import { expect, test } from 'vitest';
import { FakeProvider } from '../handlers/testing/fake-servables.js';
import { ServingHealth } from './health-service.js';
import { RawGrpc } from './testing/raw-grpc.js';

const provider = new FakeProvider();
const dependencies = { provider, states: provider, health: new ServingHealth() };
type Asked = NonNullable<
  Exclude<MessageInitShape<typeof v1.ServerReflectionRequestSchema>, v1.ServerReflectionRequest>['messageRequest']
>;

/** Sends the requests on one stream, one after the other, and gives the answers. */
async function reflect(server: RawGrpc, version: 'v1' | 'v1alpha', ...asked: Asked[]) {
  const stream = server.client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (value: Uint8Array) => Buffer.from(value),
    (value) => value,
  );
  const ask = (messageRequest: Asked | undefined): void => {
    if (messageRequest === undefined) return void stream.end();
    const request = create(v1.ServerReflectionRequestSchema, { host: 'h', messageRequest });
    stream.write(toBinary(v1.ServerReflectionRequestSchema, request));
  };
  const answers: v1.ServerReflectionResponse[] = [];
  ask(asked[0]);
  for await (const bytes of stream) {
    answers.push(fromBinary(v1.ServerReflectionResponseSchema, bytes as Buffer));
    ask(asked[answers.length]);
  }
  return answers;
}

const filesIn = (answer: v1.ServerReflectionResponse | undefined) => {
  if (answer?.messageResponse.case !== 'fileDescriptorResponse') throw new Error(`got ${answer?.messageResponse.case}`);
  return answer.messageResponse.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
};

test.each(['v1', 'v1alpha'] as const)('lists the services (%s)', async (version) => {
  await using server = await RawGrpc.serve(dependencies);
  const [answer] = await reflect(server, version, { case: 'listServices', value: '' });
  expect(answer).toMatchObject({ validHost: 'h', originalRequest: { messageRequest: { case: 'listServices' } } });
  const { value } = answer!.messageResponse;
  expect((value as v1.ListServiceResponse).service.map(({ name }) => name)).toEqual([
    'grpc.health.v1.Health',
    'grpc.reflection.v1.ServerReflection',
    'grpc.reflection.v1alpha.ServerReflection',
    'inference.GRPCInferenceService',
    'tensorflow.serving.ModelService',
    'tensorflow.serving.PredictionService',
    'tensorflow.serving.SessionService',
  ]);
});

test('a symbol comes with its file and everything that imports', async () => {
  await using server = await RawGrpc.serve(dependencies);
  const symbol = 'tensorflow.serving.PredictionService';
  const [answer] = await reflect(server, 'v1', { case: 'fileContainingSymbol', value: symbol });
  const files = filesIn(answer);
  expect(files[0]!.name).toBe('tensorflow_serving/apis/prediction_service.proto');
  expect(files[0]!.service[0]!.method.map(({ name }) => name)).toContain('GetModelMetadata');
  const names = new Set(files.map(({ name }) => name));
  expect(names.size).toBe(files.length);
  expect(names).toContain('google/protobuf/any.proto');
  for (const { dependency } of files) for (const name of dependency) expect(names).toContain(name);
});

test('a stream gets each imported file once', async () => {
  await using server = await RawGrpc.serve(dependencies);
  const answers = await reflect(
    server,
    'v1',
    { case: 'fileContainingSymbol', value: 'tensorflow.serving.PredictionService.Predict' },
    { case: 'fileByFilename', value: 'tensorflow_serving/apis/model.proto' },
    { case: 'fileContainingSymbol', value: 'tensorflow.DT_FLOAT' },
  );
  expect(filesIn(answers[1]).map(({ name }) => name)).toEqual(['tensorflow_serving/apis/model.proto']);
  expect(filesIn(answers[2])[0]!.enumType[0]!.name).toBe('DataType');
});

test('what is not there is an error response, and the stream goes on', async () => {
  await using server = await RawGrpc.serve(dependencies);
  const answers = await reflect(
    server,
    'v1',
    { case: 'fileByFilename', value: 'other.proto' },
    { case: 'fileContainingSymbol', value: 'other.Service' },
    { case: 'fileContainingExtension', value: { containingType: 'tensorflow.TensorProto', extensionNumber: 7 } },
    { case: 'allExtensionNumbersOfType', value: 'other.Type' },
    { case: 'allExtensionNumbersOfType', value: 'tensorflow.TensorProto' },
  );
  expect(answers.map(({ messageResponse }) => messageResponse.value)).toMatchObject([
    { errorCode: 5, errorMessage: 'File not found: other.proto' },
    { errorCode: 5, errorMessage: 'Symbol not found: other.Service' },
    { errorCode: 5, errorMessage: 'Extension not found: 7 of tensorflow.TensorProto' },
    { errorCode: 5, errorMessage: 'Type not found: other.Type' },
    { baseTypeName: 'tensorflow.TensorProto', extensionNumber: [] },
  ]);
});

test('a request for nothing ends the stream with an error', async () => {
  await using server = await RawGrpc.serve(dependencies);
  await expect(reflect(server, 'v1', { case: undefined })).rejects.toMatchObject({ code: 3 });
});

test('without the health service it is not listed', async () => {
  await using server = await RawGrpc.serve({ ...dependencies, health: undefined });
  const [answer] = await reflect(server, 'v1', { case: 'fileContainingSymbol', value: 'grpc.health.v1.Health' });
  expect(answer!.messageResponse.value).toMatchObject({ errorCode: 5 });
});

test('an open stream does not keep a draining server open', async () => {
  await using server = await RawGrpc.serve(dependencies);
  const stream = server.client.makeBidiStreamRequest(
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    (value: Uint8Array) => Buffer.from(value),
    (value) => value,
  );
  const request = create(v1.ServerReflectionRequestSchema, { messageRequest: { case: 'listServices', value: '' } });
  stream.write(toBinary(v1.ServerReflectionRequestSchema, request));
  let answers = 0;
  for await (const _ of stream) {
    answers++;
    await server.inFlight.drain();
  }
  expect(answers).toBe(1);
  await server.server.close();
});
