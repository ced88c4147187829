import { encodeNpy, encodeRawTensors, NPY_TYPE, RAW_TENSORS_TYPE, tensor } from '@servable/tensor';
import { expect, test } from 'vitest';
import { createRestHandler } from '../rest/rest-handler.js';
import type { RestRequest } from '../rest/rest-message.js';
import { fuzzProvider } from './fuzz-model.js';
import { fuzzSettings, memorySlack, settledMemory } from './fuzz-settings.js';
import { Mutator, randomSource } from './mutate.js';

const text = (value: string) => new TextEncoder().encode(value);
const { cases, seed, timeoutMs } = fuzzSettings;

/** What bad requests may be answered with; 500 would be a failure of ours. */
const expected = new Set([200, 400, 404, 413, 429, 501]);

const predictBodies = [
  '{"instances": [{"x": 1.5, "n": 7, "s": "a\\u00e9\\ud83d\\ude00", "b": true}, {"x": -2e3, "n": -9, "s": {"b64": "/w=="}, "b": false}]}',
  '{"inputs": {"x": [1.0, NaN, -Infinity], "n": [1, 2, 3], "s": ["a", "b", "c"], "b": [true, false, true]}}',
  '{"signature_name": "any", "instances": [[[1, 2], [3, 4]], [[5, 6], [7, 8.25]]]}',
  '{"signature_name": "any", "inputs": [[0.1, 1e-7], [3.4028235e38, 123456789.123456789]]}',
].map(text);
const exampleBodies = [
  '{"signature_name": "classify", "context": {"c": 1}, "examples": [{"a": 1.5, "b": ["x", {"b64": "AA=="}]}, {"a": 2}]}',
  '{"signature_name": "regress", "examples": [{"a": [1, 2, 3]}, {}]}',
].map(text);
const jsonTokens = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u',
  '\\ud800',
  'null',
  'true',
  'NaN',
  'Inf',
  '-',
  '1e999',
  '1e-400',
  '.5',
  '18446744073709551616',
  '"b64"',
  '{"b64": "',
  '"instances"',
  '"inputs"',
  '"signature_name"',
  '\ufeff',
  '\0',
  '[[[[[[[[',
].map(text);
const all = new Map([
  ['x', tensor([1, 2], 'float32')],
  ['n', tensor([1n, 2n], 'int64')],
  ['s', tensor(['a', ''], 'string')],
  ['b', tensor([true, false])],
]);
const rawTokens = ['"bytes":', '"shape":[', '[-1]', '99999999', '"dtype":"bool"', '"dtype":"string"'].map(text);

const kinds: [string, readonly Uint8Array[], readonly Uint8Array[], string, string | undefined][] = [
  ['predict in JSON', predictBodies, jsonTokens, '/v1/models/m:predict', undefined],
  ['classify in JSON', exampleBodies, jsonTokens, '/v1/models/m:classify', undefined],
  ['regress in JSON', exampleBodies, jsonTokens, '/v1/models/m:regress', undefined],
  ['raw tensors', [encodeRawTensors(all)], rawTokens, '/v1/models/m:predict', RAW_TENSORS_TYPE],
  [
    'NumPy files',
    [
      encodeNpy(
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          'float32',
        ),
      ),
    ],
    ['True', '<f8', '|S2', "'shape': (", '(9999999999, 2)'].map(text),
    '/v1/models/m:predict?signature_name=any',
    NPY_TYPE,
  ],
];

test.each(kinds)('mutated bodies: %s', { timeout: timeoutMs }, async (_, seeds, tokens, target, type) => {
  const provider = fuzzProvider();
  const handle = createRestHandler({ provider, states: provider });
  const mutator = new Mutator(randomSource(seed), seeds, tokens);
  const header: RestRequest['header'] = (name) => (name === 'content-type' ? type : undefined);
  const statuses = new Map<number, number>();
  const send = async (body: Uint8Array): Promise<void> => {
    const answer = await handle({ method: 'POST', target, header, body });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (!expected.has(answer.status)) {
      const input = Buffer.from(body).toString('base64');
      throw new Error(`status ${answer.status}: ${Buffer.from(answer.body).toString()} for ${input}`);
    }
  };
  for (const body of seeds) await send(body);
  const before = settledMemory();
  for (let round = 0; round < cases; round++) await send(mutator.next());
  expect(settledMemory() - before).toBeLessThan(memorySlack);
  expect(provider.released).toBe(provider.acquired);
  // Some mutations do no harm, most do.
  expect(statuses.get(400)).toBeGreaterThan(cases / 4);
});

test('mutated targets, methods and headers', { timeout: timeoutMs }, async () => {
  const provider = fuzzProvider();
  const handle = createRestHandler({ provider, states: provider, enableCors: true });
  const random = randomSource(seed);
  const targets = new Mutator(
    random,
    [
      '/v1/models/m:predict',
      '/v1/models/m/versions/1',
      '/v1/models/m/labels/l/metadata',
      '/v1/models?output_filter=a',
    ].map(text),
    ['/', ':', '%', '%2F', '%ff', '?', '#', '..', 'versions/', '9'.repeat(30), '&signature_name='].map(text),
  );
  const headers = new Mutator(random, ['gzip', 'application/json', 'application/x-npy', 'http://a'].map(text));
  const methods = ['GET', 'POST', 'OPTIONS', 'PUT', 'TRACE'];
  for (let round = 0; round < cases; round++) {
    const value = Buffer.from(headers.next()).toString('latin1');
    const answer = await handle({
      method: methods[Math.floor(random() * methods.length)]!,
      target: Buffer.from(targets.next()).toString('latin1'),
      header: () => value,
      body: predictBodies[0]!,
    });
    // A digit more makes /v2 of /v1, where another method than the path's is 405.
    expect([...expected, 405]).toContain(answer.status);
  }
  expect(provider.released).toBe(provider.acquired);
});
