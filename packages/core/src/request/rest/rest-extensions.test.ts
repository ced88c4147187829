import { DataType } from '@servable/protos/tensorflow';
import {
  decodeNpy,
  decodeRawTensors,
  encodeNpy,
  encodeRawTensors,
  NPY_TYPE,
  RAW_TENSORS_TYPE,
  tensor,
  tensorToProto,
  type Tensor,
} from '@servable/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { createRestFetchHandler } from './fetch-handler.js';
import type { RestOptions } from './rest-options.js';

const { DT_FLOAT, DT_STRING } = DataType;
let provider: FakeProvider;

/** `serving_default` gives `y = x` and `z = -x`; `one` gives `y`; `scaled` takes a factor with a default of 10. */
beforeEach(() => {
  const x = { x: [DT_FLOAT, [-1]] } as const;
  const signatures = {
    serving_default: signatureDef(x, { y: [DT_FLOAT], z: [DT_FLOAT] }),
    one: signatureDef(x, { y: [DT_FLOAT] }),
    scaled: signatureDef(
      { ...x, factor: [DT_FLOAT, []] },
      { y: [DT_FLOAT] },
      { defaults: { factor: tensorToProto(tensor(10, 'float32')) } },
    ),
    text: signatureDef({ s: [DT_STRING, [-1]] }, { s: [DT_STRING] }),
  };
  const servable = new FakeServable(new Map(Object.entries(signatures)), ({ inputs, outputFilter, signatureName }) => {
    if (signatureName === 'text') return inputs;
    const values = [...(inputs.get('x')!.data as Float32Array)];
    const factor = (inputs.get('factor') as Tensor<'float32'> | undefined)?.data[0] ?? 1;
    const outputs: Record<string, Tensor> = {
      y: tensor(
        values.map((value) => value * factor),
        'float32',
      ),
      z: tensor(
        values.map((value) => -value),
        'float32',
      ),
    };
    const wanted = outputFilter.length > 0 ? outputFilter : signatureName === 'serving_default' ? ['y', 'z'] : ['y'];
    return new Map(wanted.map((alias) => [alias, outputs[alias]!]));
  });
  provider = new FakeProvider().add('m', 1n, servable).add('m', 3n, servable).add('a', 2n, servable);
});

async function send(
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Record<string, string> = {},
  options: Partial<RestOptions> = {},
) {
  const handle = createRestFetchHandler({ provider, states: provider, ...options });
  const init = body === undefined ? {} : { body: body as string };
  const response = await handle(new Request(`http://localhost${path}`, { method, headers, ...init }));
  expect(provider.released).toBe(provider.acquired);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return { status: response.status, type: response.headers.get('content-type'), bytes, text };
}
const json = async (...call: Parameters<typeof send>): Promise<unknown> => JSON.parse((await send(...call)).text);

describe('the list of models', () => {
  it('has all models by name, with versions, states and platforms', async () => {
    const version = (number: string) => ({
      version: number,
      state: 'AVAILABLE',
      status: { error_code: 'OK', error_message: '' },
      platform: 'fake',
    });
    expect(await json('GET', '/v1/models')).toEqual({
      models: [
        { name: 'a', versions: [version('2')] },
        { name: 'm', versions: [version('3'), version('1')] },
      ],
    });
  });

  it('has labels where they are known', async () => {
    const labels = new Map([
      ['stable', 1n],
      ['old', 1n],
    ]);
    const labelsOf = (name: string) => (name === 'm' ? labels : new Map<string, bigint>());
    expect(await json('GET', '/v1/models', undefined, {}, { labelsOf })).toMatchObject({
      models: [
        { name: 'a', versions: [{ version: '2', labels: [] }] },
        {
          name: 'm',
          versions: [
            { version: '3', labels: [] },
            { version: '1', labels: ['old', 'stable'] },
          ],
        },
      ],
    });
  });

  it('shows versions that have ended without a platform', async () => {
    provider.remove('a');
    provider.ended.push({ id: { name: 'm', version: 0n }, managerState: 'END' });
    const list = (await json('GET', '/v1/models')) as { models: { name: string; versions: object[] }[] };
    expect(list.models.map(({ name }) => name)).toEqual(['m']);
    expect(list.models[0]!.versions[2]).toEqual({
      version: '0',
      state: 'END',
      status: { error_code: 'OK', error_message: '' },
    });
  });
});

describe('the query', () => {
  const body = '{"instances": [1, 2]}';

  it('chooses the outputs', async () => {
    expect(await json('POST', '/v1/models/m:predict?output_filter=z', body)).toEqual({ predictions: [-1, -2] });
    expect(await json('POST', '/v1/models/m:predict?output_filter=z,y', '{"inputs": [1]}')).toEqual({
      outputs: { y: [1], z: [-1] },
    });
    expect(await json('POST', '/v1/models/m:predict?output_filter=w', body)).toEqual({
      error: 'output tensor alias not found in signature: w Outputs expected to be in the set {y,z}.',
    });
  });

  it('chooses the signature, unless the body names another', async () => {
    const path = '/v1/models/m:predict?signature_name=one';
    expect(await json('POST', path, body)).toEqual({ predictions: [1, 2] });
    expect(await json('POST', path, '{"signature_name": "one", "instances": [1]}')).toEqual({ predictions: [1] });
    expect(await json('POST', path, '{"signature_name": "scaled", "instances": [1]}')).toEqual({
      error: 'The query names signature "one" and the body "scaled"',
    });
  });
});

describe('raw tensors', () => {
  const x = tensor([1, -2.5], 'float32');
  const headers = { 'content-type': RAW_TENSORS_TYPE };

  it('are answered in kind', async () => {
    const answer = await send('POST', '/v1/models/m:predict', encodeRawTensors(new Map([['x', x]])), headers);
    expect([answer.status, answer.type]).toEqual([200, RAW_TENSORS_TYPE]);
    const { header, tensors } = decodeRawTensors(answer.bytes);
    expect(header).toEqual({ model_spec: { name: 'm', version: '3', signature_name: 'serving_default' } });
    expect([...tensors].map(([name, value]) => [name, value.toArray()])).toEqual([
      ['y', [1, -2.5]],
      ['z', [-1, 2.5]],
    ]);
  });

  it('name signature and outputs in their header', async () => {
    const body = encodeRawTensors(new Map([['x', x]]), { signature_name: 'serving_default', output_filter: ['z'] });
    const { bytes } = await send('POST', '/v1/models/m/versions/1:predict', body, headers);
    const { header, tensors } = decodeRawTensors(bytes);
    expect(header).toMatchObject({ model_spec: { version: '1' } });
    expect([...tensors.keys()]).toEqual(['z']);
  });

  it('may be asked for by a JSON request, and answered in JSON', async () => {
    const accept = { accept: `text/html, ${RAW_TENSORS_TYPE};q=0.9` };
    const { bytes } = await send('POST', '/v1/models/m:predict?output_filter=y', '{"instances": [7]}', accept);
    expect(decodeRawTensors(bytes).tensors.get('y')!.toArray()).toEqual([7]);
    const both = { ...headers, accept: 'application/json' };
    const body = encodeRawTensors(new Map([['x', x]]), { output_filter: ['y'] });
    expect(await json('POST', '/v1/models/m:predict', body, both)).toEqual({ outputs: [1, -2.5] });
  });

  it('carry strings of any bytes', async () => {
    const strings = tensor(['a', 'é\0'], 'string');
    const body = encodeRawTensors(new Map([['s', strings]]), { signature_name: 'text' });
    const { bytes } = await send('POST', '/v1/models/m:predict', body, headers);
    expect(decodeRawTensors(bytes).tensors.get('s')!.data).toEqual(strings.data);
  });

  it.each([
    [new Uint8Array(2), /Malformed application\/vnd.servable.tensors: expected 4 bytes/],
    [encodeRawTensors(new Map(), { signature_name: 7 }), /"signature_name" to be a string, given 7/],
    [encodeRawTensors(new Map(), { output_filter: 'y' }), /"output_filter" to be an array of strings, given "y"/],
    [encodeRawTensors(new Map(), { signature_name: 'none' }), /Serving signature name: "none" not found/],
    [encodeRawTensors(new Map([['x', tensor([1n], 'int64')]])), /expects its tensor to be float but int64 is provided/],
  ])('are refused with a JSON error (%#)', async (body, message) => {
    const { status, type, text } = await send('POST', '/v1/models/m:predict', body, headers);
    expect([status, type]).toEqual([400, 'application/json']);
    expect((JSON.parse(text) as { error: string }).error).toMatch(message);
  });
});

describe('NumPy files', () => {
  const headers = { 'content-type': NPY_TYPE };
  const body = encodeNpy(tensor([1, 2], 'float32'));

  it('are the one input and the one output of a signature', async () => {
    const answer = await send('POST', '/v1/models/m:predict?signature_name=one', body, headers);
    expect([answer.status, answer.type]).toEqual([200, NPY_TYPE]);
    expect(decodeNpy(answer.bytes).toArray()).toEqual([1, 2]);
  });

  it('are the one input without a default', async () => {
    const { bytes } = await send('POST', '/v1/models/m:predict?signature_name=scaled', body, headers);
    expect(decodeNpy(bytes).toArray()).toEqual([10, 20]);
  });

  it('hold one output: the query chooses', async () => {
    expect(await json('POST', '/v1/models/m:predict', body, headers)).toEqual({
      error: 'A .npy answer is one output; the signature gives {y,z}. Choose one with output_filter in the query',
    });
    const { bytes } = await send('POST', '/v1/models/m:predict?output_filter=z', body, headers);
    expect(decodeNpy(bytes).toArray()).toEqual([-1, -2]);
  });
});
