import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import * as inference from '@servable/protos/inference';
import { DataType } from '@servable/protos/tensorflow';
import { oipDatatype, rawDataSize, tensor, writeRawData, type DType, type Tensor } from '@servable/tensor';
import { expect, onTestFinished, test } from 'vitest';
import { RawGrpc } from '../grpc/testing/raw-grpc.js';
import { FakeProvider, FakeServable, halfPlusTwo, signatureDef } from '../handlers/testing/fake-servables.js';
import type { OipDependencies } from './oip-model.js';

/** `m` halves and adds two; `e` gives its inputs back, whatever they are. */
async function serve(options: Partial<OipDependencies> = {}) {
  const anything = signatureDef({ x: [DataType.DT_INVALID] }, { x: [DataType.DT_INVALID] });
  const echo = new FakeServable(new Map([['any', anything]]), ({ inputs }) => inputs);
  const provider = new FakeProvider()
    .add('m', 1n, halfPlusTwo(), 'stable')
    .add('m', 3n, halfPlusTwo())
    .add('e', 2n, echo);
  const grpc = await RawGrpc.serve({ provider, states: provider, ...options });
  onTestFinished(() => grpc[Symbol.asyncDispose]());
  return <
    Name extends
      | 'ServerLive'
      | 'ServerReady'
      | 'ServerMetadata'
      | 'ModelReady'
      | 'ModelMetadata'
      | 'ModelInfer'
      | 'RepositoryIndex',
  >(
    name: Name,
    request: object = {},
  ) => call(grpc, name, inference[`${name}RequestSchema`], inference[`${name}ResponseSchema`], request);
}

async function call<In extends DescMessage, Out extends DescMessage>(
  grpc: RawGrpc,
  name: string,
  input: In,
  output: Out,
  request: object,
) {
  const message = create(input, request as MessageInitShape<In>);
  const { bytes } = await grpc.send(`/inference.GRPCInferenceService/${name}`, toBinary(input, message));
  return fromBinary(output, bytes) as unknown as Record<string, unknown>;
}

function raw(value: Tensor): Uint8Array {
  const bytes = new Uint8Array(rawDataSize(value));
  writeRawData(bytes, 0, value);
  return bytes;
}

const x = { name: 'x', datatype: 'FP32', shape: [2n] };

test('a server tells that it lives, whether it is ready, and what it is', async () => {
  const send = await serve({ serverInfo: { name: 'servable', version: '9.9.9' }, isReady: () => false });
  expect(await send('ServerLive')).toMatchObject({ live: true });
  expect(await send('ServerReady')).toMatchObject({ ready: false });
  expect(await send('ServerMetadata')).toMatchObject({
    name: 'servable',
    version: '9.9.9',
    extensions: ['binary_tensor_data', 'model_repository'],
  });
});

test('a model is ready or not', async () => {
  const send = await serve();
  const ready = async (name: string, version = '') => (await send('ModelReady', { name, version }))['ready'];
  expect([await ready('m'), await ready('m', '1'), await ready('m', 'stable')]).toEqual([true, true, true]);
  expect([await ready('m', '2'), await ready('nope')]).toEqual([false, false]);
  await expect(ready('m', 'new')).rejects.toMatchObject({
    code: 3,
    details: 'Unrecognized servable version label: new',
  });
});

test('a model tells its inputs and outputs', async () => {
  const send = await serve();
  expect(await send('ModelMetadata', { name: 'm' })).toMatchObject({
    name: 'm',
    versions: ['1', '3'],
    platform: 'fake',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n] }],
    outputs: [
      { name: 'y', datatype: 'FP32', shape: [-1n] },
      { name: 'z', datatype: 'FP32', shape: [] },
    ],
    properties: { signature_name: 'serving_default', signatures: 'serving_default' },
  });
  await expect(send('ModelMetadata', { name: 'nope' })).rejects.toMatchObject({ code: 5 });
});

test('the index has all versions, or those that can be called', async () => {
  const send = await serve();
  const entry = (name: string, version: string) =>
    expect.objectContaining({ name, version, state: 'READY', reason: '' }) as unknown;
  const { models } = await send('RepositoryIndex', { ready: true });
  expect(models).toEqual([entry('e', '2'), entry('m', '3'), entry('m', '1')]);
});

test('raw values are answered with raw values', async () => {
  const send = await serve();
  const answer = await send('ModelInfer', {
    modelName: 'm',
    modelVersion: '1',
    id: 'a7',
    inputs: [x],
    outputs: [{ name: 'z' }, { name: 'y' }],
    rawInputContents: [raw(tensor([1, -8], 'float32'))],
  });
  expect(answer).toMatchObject({
    modelName: 'm',
    modelVersion: '1',
    id: 'a7',
    outputs: [
      { name: 'z', datatype: 'FP32', shape: [2n] },
      { name: 'y', datatype: 'FP32', shape: [2n] },
    ],
  });
  const contents = answer['rawOutputContents'] as Uint8Array[];
  expect(contents.map((bytes) => [...new Float32Array(Uint8Array.from(bytes).buffer)])).toEqual([
    [1, -8],
    [2.5, -2],
  ]);
  expect((answer['outputs'] as { contents?: unknown }[]).map((output) => output.contents)).toEqual([
    undefined,
    undefined,
  ]);
});

const typed: [DType, string, unknown[]][] = [
  ['bool', 'boolContents', [true, false]],
  ['int8', 'intContents', [-128, 127]],
  ['int16', 'intContents', [-32768, 32767]],
  ['int32', 'intContents', [-(2 ** 31), 2 ** 31 - 1]],
  ['int64', 'int64Contents', [-(2n ** 63n), 2n ** 63n - 1n]],
  ['uint8', 'uintContents', [0, 255]],
  ['uint16', 'uintContents', [0, 65535]],
  ['uint32', 'uintContents', [0, 2 ** 32 - 1]],
  ['uint64', 'uint64Contents', [0n, 2n ** 64n - 1n]],
  ['float32', 'fp32Contents', [0.5, -3]],
  ['float64', 'fp64Contents', [0.1, 1e300]],
  ['string', 'bytesContents', [Uint8Array.of(0xff), Uint8Array.of()]],
];

test.each(typed)('contents of %s come back as contents', async (dtype, field, values) => {
  const send = await serve();
  const input = { name: 'x', datatype: oipDatatype(dtype), shape: [2n], contents: { [field]: values } };
  const { outputs, rawOutputContents } = await send('ModelInfer', { modelName: 'e', inputs: [input] });
  expect(rawOutputContents).toEqual([]);
  const [output] = outputs as { datatype: string; contents: Record<string, unknown[]> }[];
  expect(output!.datatype).toBe(oipDatatype(dtype));
  // Bytes arrive as Buffers.
  const given = output!.contents[field]!.map((value) => (value instanceof Uint8Array ? Uint8Array.from(value) : value));
  expect(given).toEqual(values);
});

test.each(['float16', 'bfloat16', 'complex64'] as const)('%s travels as raw bytes', async (dtype) => {
  const send = await serve();
  const bytes = Uint8Array.from({ length: dtype === 'complex64' ? 16 : 4 }, (_, k) => k);
  const input = { name: 'x', datatype: oipDatatype(dtype), shape: [2n] };
  const answer = await send('ModelInfer', { modelName: 'e', inputs: [input], rawInputContents: [bytes] });
  expect([...(answer['rawOutputContents'] as Uint8Array[])[0]!]).toEqual([...bytes]);
});

test.each([
  ['contents for FP16', { inputs: [{ ...x, datatype: 'FP16' }] }, 3, 'Bad input "x": contents have no field for FP16'],
  [
    'too few contents',
    { inputs: [{ ...x, contents: { fp32Contents: [1] } }] },
    3,
    'expected 2 values in contents for FP32 [2], given 1',
  ],
  [
    'contents of another type',
    { inputs: [{ ...x, contents: { intContents: [1, 2] } }] },
    3,
    'expected 2 values in contents',
  ],
  [
    'too few raw bytes',
    { inputs: [x], rawInputContents: [new Uint8Array(7)] },
    3,
    'expected 8 bytes for float32 [2], given 7',
  ],
  [
    'raw bytes for some',
    { inputs: [x, { ...x, name: 'w' }], rawInputContents: [new Uint8Array(8)] },
    3,
    'for all 2 inputs or for none, given 1',
  ],
  ['both', { inputs: [{ ...x, contents: {} }], rawInputContents: [new Uint8Array(8)] }, 3, 'given both'],
  [
    'a value out of range',
    { inputs: [{ ...x, datatype: 'UINT8', contents: { uintContents: [1, 256] } }] },
    3,
    'expected 0 to 255 for UINT8, given 256',
  ],
  ['an unknown datatype', { inputs: [{ ...x, datatype: 'FLOAT' }] }, 3, 'Unknown datatype'],
  ['a shape below zero', { inputs: [{ ...x, shape: [-1n] }] }, 3, 'Invalid shape'],
  [
    'an input twice',
    {
      inputs: [
        { ...x, shape: [0n] },
        { ...x, shape: [0n] },
      ],
    },
    3,
    'The request has input "x" twice',
  ],
  [
    'shared memory',
    {
      inputs: [
        { ...x, parameters: { shared_memory_region: { parameterChoice: { case: 'stringParam', value: 'r' } } } },
      ],
    },
    12,
    'Shared memory',
  ],
])('%s: refused', async (_, request, code, message) => {
  const send = await serve();
  await expect(send('ModelInfer', { modelName: 'e', ...request })).rejects.toMatchObject({
    code,
    details: expect.stringContaining(message) as string,
  });
});

test('the signature is chosen by a parameter', async () => {
  const send = await serve();
  const parameters = { signature_name: { parameterChoice: { case: 'stringParam', value: 'nope' } } };
  await expect(send('ModelInfer', { modelName: 'e', parameters })).rejects.toMatchObject({
    code: 3,
    details: 'Signature "nope" not found; the model has {any}. Choose one with the parameter signature_name',
  });
});
