import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { PredictRequestSchema } from '@servable/protos/serving';
import { DataType } from '@servable/protos/tensorflow';
import { expect, test } from 'vitest';
import type { RequestRecord } from '../../servable/request-record.js';
import { AdmissionController } from '../execution/admission-controller.js';
import { FakeProvider, halfPlusTwo } from '../handlers/testing/fake-servables.js';
import { RawGrpc } from './testing/raw-grpc.js';

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
const provider = new FakeProvider().add('half', 7n, halfPlusTwo());
const dependencies = { provider, states: provider };
const x = { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: 2n }] }, floatVal: [1, 2] };
type PredictFields = Partial<Exclude<MessageInitShape<typeof PredictRequestSchema>, { $typeName: string }>>;
const request = (fields: PredictFields = {}) =>
  toBinary(
    PredictRequestSchema,
    create(PredictRequestSchema, { modelSpec: { name: 'half' }, inputs: { x }, ...fields }),
  );
const metadata = (id: string) => {
  const sent = new Metadata();
  sent.set('x-request-id', id);
  return sent;
};

/** Length-delimited fields of a message as bytes, others as numbers, by field number. */
function fields(bytes: Uint8Array): Record<number, (Uint8Array | number)[]> {
  const found: Record<number, (Uint8Array | number)[]> = {};
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    (found[number] ??= []).push(wireType === WireType.LengthDelimited ? reader.bytes() : Number(reader.int64()));
  }
  return found;
}
const text = (value: Uint8Array | number | undefined) => Buffer.from(value as Uint8Array).toString();

/** The details in the trailers of a failed call, by type. */
function detailsOf(error: { metadata: Metadata }): Record<string, Record<number, (Uint8Array | number)[]>> {
  const status = fields(error.metadata.get('grpc-status-details-bin')[0] as Buffer);
  return Object.fromEntries(
    status[3]!.map((any) => {
      const { 1: url, 2: value } = fields(any as Uint8Array);
      return [text(url![0]).replace('type.googleapis.com/google.rpc.', ''), fields(value![0] as Uint8Array)];
    }),
  );
}
/** What a call that fails rejects with. */
async function failure(promise: Promise<unknown>): Promise<ServiceError> {
  try {
    await promise;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('the call went well');
}

test('an answer has the id of its request, or one made for it', async () => {
  await using server = await RawGrpc.serve(dependencies);
  const { header } = await server.send(PREDICT, request(), { metadata: metadata('abc-7') });
  expect(header.get('x-request-id')).toEqual(['abc-7']);
  const made = (await server.send(PREDICT, request())).header.get('x-request-id')[0];
  expect(made).toMatch(/^[0-9a-f-]{36}$/);
  const error = await failure(server.send(PREDICT, new Uint8Array(), { metadata: metadata('abc-8') }));
  expect(error.metadata.get('x-request-id')).toEqual(['abc-8']);
  expect(text(detailsOf(error)['RequestInfo']![1]![0])).toBe('abc-8');
});

test('an error names its reason and the fields that are to blame', async () => {
  await using server = await RawGrpc.serve(dependencies);
  const integers = { dtype: DataType.DT_INT32, tensorShape: { dim: [{ size: 1n }] }, intVal: [1] };
  const violations = async (given: PredictFields) => {
    const details = detailsOf(await failure(server.send(PREDICT, request(given))));
    const badRequest = details['BadRequest']?.[1] ?? [];
    return [
      text(details['ErrorInfo']![1]![0]),
      ...badRequest.map((violation) => {
        const { 1: field, 2: description } = fields(violation as Uint8Array);
        return `${text(field![0])}: ${text(description![0])}`;
      }),
    ];
  };
  expect(await violations({ inputs: { x: integers } })).toEqual([
    'INPUT_DTYPE_MISMATCH',
    'inputs["x"]: Expected float32 [-1], given int32 [1]',
  ]);
  expect(await violations({ inputs: { a: x, b: x } })).toEqual([
    'INPUT_COUNT_MISMATCH',
    'inputs["x"]: Expected float32 [-1], given nothing',
    'inputs["a"]: The signature has no input of this name',
    'inputs["b"]: The signature has no input of this name',
  ]);
  expect(await violations({ outputFilter: ['y', 'w'] })).toEqual([
    'OUTPUT_UNKNOWN',
    'output_filter[1]: Expected one of {y, z}, given "w"',
  ]);
  expect(await violations({ modelSpec: { name: 'half', signatureName: 'other' } })).toEqual([
    'SIGNATURE_NOT_FOUND',
    'model_spec.signature_name: Expected one of {serving_default}, given "other"',
  ]);
  expect(await violations({ modelSpec: { name: 'none' } })).toEqual(['SERVABLE_NOT_FOUND']);
});

test('details stay small however much there is to say', async () => {
  await using server = await RawGrpc.serve(dependencies);
  const inputs = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${'n'.repeat(300)}${index}`, x]));
  const error = await failure(server.send(PREDICT, request({ inputs })));
  expect(error.details).toMatch(/\.\.\.TRUNCATED$/);
  const bytes = error.metadata.get('grpc-status-details-bin')[0] as Buffer;
  expect(bytes.length).toBeLessThan(3072);
  expect(detailsOf(error)['BadRequest']![1]!.length).toBeGreaterThan(1);
});

test('a request that is held back says when to come again', async () => {
  const admission = new AdmissionController({ maxConcurrent: 1, maxQueued: 0 });
  await using server = await RawGrpc.serve({ ...dependencies, admission });
  const ticket = await admission.admit();
  const error = await failure(server.send(PREDICT, request()));
  expect(error.code).toBe(14);
  expect(error.metadata.get('grpc-retry-pushback-ms')).toEqual(['1']);
  const delay = fields(detailsOf(error)['RetryInfo']![1]![0] as Uint8Array);
  expect(delay).toEqual({ 1: [0], 2: [1_000_000] });
  ticket.release();
  await server.send(PREDICT, request());
  expect(admission.running).toBe(0);
});

test('a deadline that passes in the queue drops the request unrun', async () => {
  const admission = new AdmissionController({ maxConcurrent: 1 });
  const servable = halfPlusTwo();
  const own = new FakeProvider().add('half', 1n, servable);
  await using server = await RawGrpc.serve({ provider: own, states: own, admission });
  const ticket = await admission.admit();
  const error = await failure(server.send(PREDICT, request(), { deadline: Date.now() + 50 }));
  expect(error.code).toBe(4);
  await server.inFlight.drain();
  expect(admission.queued).toBe(0);
  ticket.release();
  expect(servable.calls).toHaveLength(0);
});

test('observers see each call once, with its model, method, outcome and size', async () => {
  const seen: RequestRecord[] = [];
  await using server = await RawGrpc.serve({ ...dependencies, observers: [(record) => void seen.push(record)] });
  const bytes = request();
  const { bytes: answer } = await server.send(PREDICT, bytes, { metadata: metadata('abc') });
  await failure(server.send(PREDICT, request({ modelSpec: { name: 'none' } })));
  await failure(server.send('/tensorflow.serving.ModelService/GetModelStatus', new Uint8Array()));
  expect(seen).toMatchObject([
    {
      requestId: 'abc',
      entrypoint: 'GRPC',
      method: 'Predict',
      modelName: 'half',
      version: 7n,
      signatureName: 'serving_default',
      code: 'OK',
      requestBytes: bytes.length,
      responseBytes: answer.length,
    },
    {
      method: 'Predict',
      modelName: 'none',
      version: undefined,
      code: 'NOT_FOUND',
      runMicros: undefined,
      responseBytes: 0,
    },
    { method: 'GetModelStatus', code: 'INVALID_ARGUMENT', message: 'Missing ModelSpec' },
  ]);
  const [ok] = seen;
  expect(ok!.latencyMicros).toBeGreaterThanOrEqual(ok!.runMicros!);
});
