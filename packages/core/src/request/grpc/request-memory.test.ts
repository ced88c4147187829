import { create, toBinary } from '@bufbuild/protobuf';
import { DataType } from '@servable/protos/tensorflow';
import { PredictRequestSchema } from '@servable/protos/serving';
import { decodePredictResponse, type Tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { ServingError } from '../../servable/serving-error.js';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { RawGrpc } from './testing/raw-grpc.js';

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
const SIZE = 20_000;

/** A request of 80 KB, all of one value. */
function request(value: number): Uint8Array {
  const tensorContent = new Uint8Array(new Float32Array(SIZE).fill(value).buffer);
  const x = { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: BigInt(SIZE) }] }, tensorContent };
  return toBinary(PredictRequestSchema, create(PredictRequestSchema, { modelSpec: { name: 'same' }, inputs: { x } }));
}

/** A model that answers with its input, and keeps what it was given; negative numbers fail. */
function keeper(returnsInputs?: () => boolean) {
  const kept: Tensor<'float32'>[] = [];
  const signature = signatureDef({ x: [DataType.DT_FLOAT, [-1]] }, { y: [DataType.DT_FLOAT, [-1]] });
  const servable = new FakeServable(
    new Map([['serving_default', signature]]),
    ({ inputs }) => {
      const x = inputs.get('x') as Tensor<'float32'>;
      kept.push(x);
      if (x.data[0]! < 0) throw new ServingError('INVALID_ARGUMENT', 'NEGATIVE', 'Expected no negative numbers');
      return new Map([['y', x]]);
    },
    returnsInputs,
  );
  const provider = new FakeProvider().add('same', 1n, servable);
  return { kept, dependencies: { provider, states: provider } };
}

async function firstOutput(server: RawGrpc, value: number): Promise<unknown> {
  const { bytes } = await server.send(PREDICT, request(value));
  const { data } = decodePredictResponse(bytes).outputs.get('y') as Tensor<'float32'>;
  expect(data).toHaveLength(SIZE);
  expect(data.every((element) => element === data[0])).toBe(true);
  return data[0];
}

test('requests to a model that returns its inputs use the same memory, one after the other', async () => {
  const { kept, dependencies } = keeper(() => true);
  await using server = await RawGrpc.serve(dependencies);
  for (const value of [1, 2, 3]) expect(await firstOutput(server, value)).toBe(value);
  expect(new Set(kept.map(({ data }) => data.buffer)).size).toBe(1);
});

test('requests at the same time do not share memory', async () => {
  const { kept, dependencies } = keeper(() => true);
  await using server = await RawGrpc.serve(dependencies);
  const values = Array.from({ length: 20 }, (_, index) => index);
  expect(await Promise.all(values.map((value) => firstOutput(server, value)))).toEqual(values);
  expect(kept).toHaveLength(20);
});

test.each([
  ['that does not say whether it keeps its inputs', undefined],
  ['that keeps its inputs', () => false],
])('a model %s keeps them as they were', async (_, returnsInputs) => {
  const { kept, dependencies } = keeper(returnsInputs);
  await using server = await RawGrpc.serve(dependencies);
  for (const value of [1, 2, 3]) await firstOutput(server, value);
  expect(kept.map(({ data }) => [data[0], data[SIZE - 1]])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test('the memory of a call that failed is not used again: something may still read it', async () => {
  const { kept, dependencies } = keeper(() => true);
  await using server = await RawGrpc.serve(dependencies);
  await expect(server.send(PREDICT, request(-1))).rejects.toMatchObject({ code: 3 });
  await firstOutput(server, 2);
  expect(kept[0]!.data[0]).toBe(-1);
  expect(kept[1]!.data.buffer).not.toBe(kept[0]!.data.buffer);
});
