import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, makeGenericClientConstructor, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import { PredictionService } from '@servable/protos/serving';
import { decodePredictResponse, encodePredictRequest, stringTensor, Tensor, tensor } from '@servable/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer, type Server } from './server.js';
import { modelDirectory, type ModelDirectory } from './testing/model-directory.js';

const examples = fileURLToPath(new URL('../../../examples/models/', import.meta.url));
const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const MB = 1024 * 1024;

const Client = makeGenericClientConstructor(
  grpcServiceDefinition(PredictionService, { raw: true }),
  'PredictionService',
);
type Unary = (
  request: Uint8Array,
  metadata: Metadata,
  callback: (error: ServiceError | null, response: Buffer) => void,
) => unknown;

let server: Server;
let grpc: InstanceType<typeof Client>;
let directory: ModelDirectory;

/** Where a model that cannot be loaded comes from: a copy of a good one, and what is done to it. */
async function damaged(name: string, source: string, damage: (copy: string) => Promise<void>) {
  const basePath = join(directory.path, name);
  const copy = join(basePath, '1');
  await cp(source, copy, { recursive: true });
  await damage(copy);
  return { name, basePath };
}

const edit = (file: string, change: (bytes: Buffer) => Uint8Array) => async (copy: string) => {
  const path = join(copy, file);
  await writeFile(path, change(await readFile(path)));
};
const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);
const flipped = (bytes: Buffer) => {
  bytes[bytes.length >> 1]! ^= 0xff;
  return bytes;
};
const wine = join(examples, 'wine/1');

beforeAll(async () => {
  directory = await modelDirectory();
  const empty = join(directory.path, 'empty');
  await mkdir(join(empty, '1'), { recursive: true });
  const graph = 'saved_model.pb';
  const [index, data] = ['variables/variables.index', 'variables/variables.data-00000-of-00001'];
  server = await createServer({
    models: [
      { name: 'half_plus_two', basePath: join(examples, 'half_plus_two') },
      { name: 'digits', basePath: join(examples, 'digits') },
      { name: 'python_function', basePath: join(fixtures, 'python_function') },
      { name: 'only_python_function', basePath: join(fixtures, 'only_python_function') },
      { name: 'empty', basePath: empty },
      await damaged('graph_cut', wine, edit(graph, half)),
      await damaged(
        'graph_garbage',
        wine,
        edit(graph, (bytes) => bytes.fill(0xff)),
      ),
      await damaged(
        'graph_empty',
        wine,
        edit(graph, () => Buffer.alloc(0)),
      ),
      await damaged('index_cut', wine, edit(index, half)),
      await damaged('index_flipped', wine, edit(index, flipped)),
      await damaged('data_cut', wine, edit(data, half)),
      await damaged('data_flipped', wine, edit(data, flipped)),
      await damaged('variables_missing', wine, (copy) => rm(join(copy, 'variables'), { recursive: true })),
    ],
    grpcPort: 0,
    restPort: 0,
    maxLoadRetries: 0,
    pollIntervalMs: 0,
    maxReceiveMessageBytes: 50 * MB,
  });
  // Some of them cannot be loaded; all are done when this ends.
  await expect(server.waitUntilReady()).rejects.toMatchObject({ code: 'UNKNOWN' });
  grpc = new Client(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
  });
});

afterAll(async () => {
  grpc.close();
  await server.close();
  await directory.remove();
});

interface Call {
  readonly model?: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly signature?: string;
  readonly outputFilter?: readonly string[];
  readonly version?: bigint;
}

/** `y=2.5` (the first five values), or `INVALID_ARGUMENT: …`. */
function predict({
  model = 'half_plus_two',
  inputs,
  signature = '',
  outputFilter = [],
  version,
}: Call): Promise<string> {
  return predictBytes(
    encodePredictRequest({
      modelSpec: { name: model, signatureName: signature, ...(version === undefined ? {} : { version }) },
      inputs: new Map(Object.entries(inputs)),
      outputFilter: [...outputFilter],
    }),
  );
}

function predictBytes(request: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    (grpc['predict'] as Unary).call(grpc, request, new Metadata(), (error, response) => {
      if (error) return resolve(`${status[error.code]}: ${error.details}`);
      const { outputs } = decodePredictResponse(response);
      resolve([...outputs].map(([alias, value]) => `${alias}=${value.data.slice(0, 5).join(',')}`).join(' '));
    });
  });
}

/** Status and error text, or the whole answer. */
async function post(path: string, body: string): Promise<[number, unknown]> {
  const response = await fetch(`http://127.0.0.1:${server.restPort}/v1/models/${path}`, { method: 'POST', body });
  const answer = (await response.json()) as { error?: string };
  return [response.status, answer.error ?? answer];
}

/** What every test ends with: the server goes on. */
async function expectAnswers(): Promise<void> {
  expect(await predict({ inputs: { x: one } })).toBe('y=2.5');
  expect(await post('half_plus_two:predict', '{"instances": [1]}')).toEqual([200, { predictions: [2.5] }]);
}

const one = tensor([1], 'float32');
const floats = (...shape: number[]): Tensor => {
  return new Tensor('float32', shape, new Float32Array(shape.reduce((size, n) => size * n, 1)));
};

describe('over gRPC', () => {
  test.each<[string, Call, string]>([
    [
      'another dtype',
      { inputs: { x: tensor([true]) } },
      'INVALID_ARGUMENT: Input "x" of signature "serving_default" expects its tensor to be float but bool is provided. ' +
        'Expected: float32 [-1], given: bool [1].',
    ],
    [
      'doubles for floats',
      { inputs: { x: tensor([1, 2], 'float64') } },
      'INVALID_ARGUMENT: Input "x" of signature "serving_default" expects its tensor to be float but double is ' +
        'provided. Expected: float32 [-1], given: float64 [2].',
    ],
    [
      'strings for floats',
      { inputs: { x: stringTensor([1], ['1']) } },
      'INVALID_ARGUMENT: Input "x" of signature "serving_default" expects its tensor to be float but string is ' +
        'provided. Expected: float32 [-1], given: string [1].',
    ],
    [
      'another size',
      { model: 'digits', inputs: { image: floats(1, 7, 8, 1) } },
      'INVALID_ARGUMENT: Input "image" of signature "serving_default" does not take a tensor of shape [1,7,8,1]. ' +
        'Expected: float32 [-1,8,8,1], given: float32 [1,7,8,1].',
    ],
    [
      'another rank',
      { model: 'digits', inputs: { image: floats(64) } },
      'INVALID_ARGUMENT: Input "image" of signature "serving_default" does not take a tensor of shape [64]. ' +
        'Expected: float32 [-1,8,8,1], given: float32 [64].',
    ],
    [
      'no inputs',
      { inputs: {} },
      'INVALID_ARGUMENT: input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. ' +
        'Missing but required: {x}.',
    ],
    [
      'an unknown input beside the right one',
      { inputs: { x: one, z: one } },
      'INVALID_ARGUMENT: input size does not match signature: 2!=1 len({x,z}) != len({x}). Sent extra: {z}. ' +
        'Missing but required: {}.',
    ],
    [
      'an unknown input in place of the right one',
      { inputs: { z: one } },
      'INVALID_ARGUMENT: Signature input alias: x(feed name: x:0) not found in request and no default value provided. ' +
        'Inputs expected to be in the request {z}, or default input alias set: ',
    ],
    [
      'an unknown output',
      { inputs: { x: one }, outputFilter: ['q'] },
      'INVALID_ARGUMENT: output tensor alias not found in signature: q Outputs expected to be in the set {y}.',
    ],
    [
      'an unknown signature',
      { inputs: { x: one }, signature: 'nope' },
      'FAILED_PRECONDITION: Serving signature key "nope" not found.',
    ],
    [
      'an unknown model',
      { model: 'nope', inputs: { x: one } },
      'NOT_FOUND: Servable not found for request: Latest(nope)',
    ],
    [
      'an unknown version',
      { inputs: { x: one }, version: 9n },
      'NOT_FOUND: Servable not found for request: Specific(half_plus_two, 9)',
    ],
    [
      'a message of 60 MB where 50 MB are allowed',
      { inputs: { x: floats(15 * MB) } },
      'RESOURCE_EXHAUSTED: Received message larger than max (62914606 vs 52428800)',
    ],
  ])('%s is refused', async (_, call, message) => {
    expect(await predict(call)).toBe(message);
    await expectAnswers();
  });

  test('bytes that are no message are refused', async () => {
    expect(await predictBytes(Uint8Array.of(0xff, 0xff, 0xff))).toMatch(/^INVALID_ARGUMENT: Malformed protobuf: /);
    await expectAnswers();
  });

  test('a message just below the limit is answered', async () => {
    expect(await predict({ inputs: { x: floats(12 * MB) } })).toBe('y=2,2,2,2,2');
  });
});

describe('over REST', () => {
  const wanted = 'Expected: float32 [-1,8,8,1], given: float32 [1,1].';
  test.each<[string, string, string, number, string]>([
    ['cut JSON', 'half_plus_two:predict', '{"instances": [1,', 400, 'JSON Parse error: Invalid value. at offset: 17'],
    ['no JSON', 'half_plus_two:predict', 'hello', 400, 'JSON Parse error: Invalid value. at offset: 0'],
    ['no object', 'half_plus_two:predict', '[1]', 400, 'JSON Value: [1] Is not object'],
    [
      'text for a float',
      'half_plus_two:predict',
      '{"instances": ["a"]}',
      400,
      "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: " +
        'JSON Value: "a" Type: String is not of expected type: float',
    ],
    [
      'another shape',
      'digits:predict',
      '{"instances": [[1]]}',
      400,
      `Input "image" of signature "serving_default" does not take a tensor of shape [1,1]. ${wanted}`,
    ],
    [
      'an unknown input',
      'half_plus_two:predict',
      '{"inputs": {"q": [1]}}',
      400,
      "Missing named input: x in 'inputs' object.",
    ],
    [
      'an unknown signature',
      'half_plus_two:predict',
      '{"signature_name": "nope", "instances": [1]}',
      400,
      'Serving signature name: "nope" not found in signature def',
    ],
    ['an unknown model', 'nope:predict', '{"instances": [1]}', 404, 'Servable not found for request: Latest(nope)'],
    [
      'an unknown version',
      'half_plus_two/versions/9:predict',
      '{"instances": [1]}',
      404,
      'Servable not found for request: Specific(half_plus_two, 9)',
    ],
    [
      'a body of 60 MB where 50 MB are allowed',
      'half_plus_two:predict',
      ' '.repeat(60 * MB),
      413,
      'Request body is too large: expected at most 52428800 bytes, given 62914560',
    ],
  ])('%s is refused', async (_, path, body, code, message) => {
    expect(await post(path, body)).toEqual([code, message]);
    await expectAnswers();
  });
});

describe('a model that cannot be loaded', () => {
  const at = (...parts: string[]): string => join(directory.path, ...parts);
  const index = 'variables/variables.index';
  const data = 'variables/variables.data-00000-of-00001';

  test.each<[string, string, string, () => string]>([
    [
      'a version directory without a model',
      'empty',
      'NOT_FOUND',
      () =>
        'Specified file path does not appear to contain a SavedModel bundle (should have a file called ' +
        `\`saved_model.pb\`)\nSpecified file path: ${at('empty', '1')}`,
    ],
    [
      'a graph cut in half',
      'graph_cut',
      'DATA_LOSS',
      () =>
        `Can't parse ${at('graph_cut', '1', 'saved_model.pb')} as binary proto: expected a SavedModel, ` +
        'given 46642 bytes that are none: premature EOF',
    ],
    [
      'garbage for a graph',
      'graph_garbage',
      'DATA_LOSS',
      () =>
        `Can't parse ${at('graph_garbage', '1', 'saved_model.pb')} as binary proto: expected a SavedModel, ` +
        'given 93284 bytes that are none: invalid varint',
    ],
    [
      'an empty graph',
      'graph_empty',
      'NOT_FOUND',
      () =>
        'Could not find meta graph def matching supplied tags: { serve }. Available tag-sets in the SavedModel: none',
    ],
    [
      'an index of variables cut in half',
      'index_cut',
      'DATA_LOSS',
      () =>
        `${at('index_cut', '1', index)}: corrupt at byte 565: ` +
        'expected the magic number 0xdb4775248b80fb57 of a table, given 0x0212041201084555',
    ],
    [
      'a changed byte in the index of variables',
      'index_flipped',
      'DATA_LOSS',
      () =>
        `${at('index_flipped', '1', index)}: corrupt at byte 0: ` +
        'expected crc32c 0xb9536af3 for a block of 1060 bytes, given 0x8a644ff3',
    ],
    [
      'variables cut in half',
      'data_cut',
      'DATA_LOSS',
      () =>
        `${at('data_cut', '1', data)}: truncated: expected 768 bytes of ` +
        "'_all_variables/5/.ATTRIBUTES/VARIABLE_VALUE' at byte 3268, given a file of 3214 bytes",
    ],
    [
      'a changed byte in the variables',
      'data_flipped',
      'DATA_LOSS',
      () =>
        `${at('data_flipped', '1', data)}: corrupt at byte 3204: expected crc32c 0x3549dd34 for the 64 bytes of ` +
        "'_all_variables/4/.ATTRIBUTES/VARIABLE_VALUE', given 0x74161e75",
    ],
    [
      'variables that are not there',
      'variables_missing',
      'FAILED_PRECONDITION',
      () => "Variable 'dense_1/kernel_1' is read by the signature, but the checkpoint holds no value for it.",
    ],
    ['an op that nobody knows, in its only signature', 'only_python_function', 'UNIMPLEMENTED', () => pythonFunction],
  ])('%s', async (_, model, code, message) => {
    const states = server.states.getVersionStates(model).map(({ managerState, health }) => [managerState, health]);
    expect(states).toEqual([['END', expect.objectContaining({ code, message: message() })]]);
    expect(await predict({ model, inputs: { x: one } })).toBe(
      `NOT_FOUND: Servable not found for request: Latest(${model})`,
    );
    await expectAnswers();
  });
});

/** Op, node, function, and what to do. */
const pythonFunction =
  "Signature 'serving_default' uses the op EagerPyFunc at node " +
  "'StatefulPartitionedCall/StatefulPartitionedCall/EagerPyFunc' of function '__inference_in_python_6', which the " +
  'compiler does not know. Export the model without it, or call a signature that does not need it.';

test('a signature with an op that nobody knows is refused, and the others of its model are answered', async () => {
  const model = 'python_function';
  expect(await predict({ model, inputs: { x: one } })).toBe(`UNIMPLEMENTED: ${pythonFunction}`);
  expect(await post(`${model}:predict`, '{"instances": [1]}')).toEqual([501, pythonFunction]);
  expect(await predict({ model, signature: 'doubled', inputs: { x: one } })).toBe('y=2');
  await expectAnswers();
});
