import { SessionRunRequestSchema, SessionRunResponseSchema } from '@servable/protos/serving';
import { DataType } from '@servable/protos/tensorflow';
import { Tensor } from '@servable/tensor';
import { afterEach, expect, test } from 'vitest';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';
import { RawGrpc } from './testing/raw-grpc.js';

const { DT_FLOAT } = DataType;
const schemas = [SessionRunRequestSchema, SessionRunResponseSchema] as const;

/** `serving_default` gives sum and difference of `a:0` and `b:0`; `double` doubles `a:0`. Aliases are upper case. */
function servable(): FakeServable {
  const rename = (definition: ReturnType<typeof signatureDef>) => {
    for (const infos of [definition.inputs, definition.outputs]) {
      for (const [alias, info] of Object.entries(infos)) {
        delete infos[alias];
        infos[alias.toUpperCase()] = info;
      }
    }
    return definition;
  };
  const signatures = {
    double: rename(signatureDef({ a: [DT_FLOAT, []] }, { twice: [DT_FLOAT, []] })),
    serving_default: rename(
      signatureDef({ a: [DT_FLOAT, []], b: [DT_FLOAT, []] }, { sum: [DT_FLOAT, []], difference: [DT_FLOAT, []] }),
    ),
  };
  return new FakeServable(new Map(Object.entries(signatures)), ({ inputs, outputFilter }) => {
    const [a, b] = ['A', 'B'].map((alias) => (inputs.get(alias) as Tensor<'float32'> | undefined)?.data[0] ?? 0);
    const values: Record<string, number> = { SUM: a! + b!, DIFFERENCE: a! - b!, TWICE: 2 * a! };
    return new Map(outputFilter.map((alias) => [alias, new Tensor('float32', [], Float32Array.of(values[alias]!))]));
  });
}

const provider = new FakeProvider().add('m', 3n, servable());
const feed = (name: string, value: number) => ({
  name,
  tensor: { dtype: DT_FLOAT, tensorShape: {}, floatVal: [value] },
});
const modelSpec = { name: 'm' };
const servers: RawGrpc[] = [];
afterEach(async () => {
  expect(provider.released).toBe(provider.acquired);
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

type Request = Parameters<RawGrpc['call']>[2];
async function run(request: Request) {
  const server = await RawGrpc.serve({ provider, states: provider });
  servers.push(server);
  const { tensor, modelSpec: answered } = await server.call('SessionService/SessionRun', schemas, request);
  return {
    values: tensor.map(({ name, tensor: value }) => `${name}=${value!.floatVal.join()}`),
    signatureName: answered!.signatureName,
    version: answered!.versionChoice.value,
  };
}

test('feeds and fetches are aliases of the signature when the request says so', async () => {
  const request = {
    modelSpec,
    feed: [feed('A', 5), feed('B', 3)],
    fetch: ['DIFFERENCE', 'SUM'],
    tensorNameIsAlias: true,
  };
  expect(await run(request)).toMatchObject({
    values: ['DIFFERENCE=2', 'SUM=8'],
    signatureName: 'serving_default',
    version: { value: 3n },
  });
  const named = {
    ...request,
    modelSpec: { name: 'm', signatureName: 'double' },
    feed: [feed('A', 5)],
    fetch: ['TWICE'],
  };
  expect(await run(named)).toMatchObject({ values: ['TWICE=10'], signatureName: 'double' });
});

test('tensor names of the graph find the signature that they belong to', async () => {
  const both = [feed('a:0', 5), feed('b', 3)];
  expect(await run({ modelSpec, feed: both, fetch: ['sum', 'difference:0', 'sum'] })).toMatchObject({
    values: ['sum=8', 'difference:0=2', 'sum=8'],
    signatureName: '',
  });
  expect(await run({ modelSpec, feed: [feed('a', 5)], fetch: ['twice'] })).toMatchObject({ values: ['twice=10'] });
});

test.each([
  [{ modelSpec, feed: [feed('a', 1)] }, 3, 'Must specify at least one target to fetch or execute.'],
  [{ modelSpec, feed: [feed('a', 1), feed('a:0', 1)], fetch: ['sum'] }, 3, 'The tensor a:0 is fed twice'],
  [
    { modelSpec, fetch: ['sum'], target: ['init'] },
    12,
    'SessionRun cannot run targets: signatures are compiled as a whole. Given: {init}',
  ],
  [
    { modelSpec, feed: [feed('a', 1)], fetch: ['hidden'] },
    3,
    'No signature takes exactly the feeds {a:0} and gives the fetches {hidden:0}; only what signatures expose can be fed ' +
      'and fetched. Signatures: serving_default: {a:0,b:0} -> {difference:0,sum:0}; double: {a:0} -> {twice:0}',
  ],
  [{ modelSpec, feed: [{ name: 'a' }], fetch: ['twice'] }, 3, 'tensor parsing error: a'],
  [{ fetch: ['sum'] }, 3, 'Missing ModelSpec'],
  [{ modelSpec: { name: 'none' }, fetch: ['sum'] }, 5, 'Servable not found for request: Latest(none)'],
])('%j is refused', async (request, code, details) => {
  await expect(run(request as Request)).rejects.toMatchObject({ code, details });
});
