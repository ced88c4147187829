import { expect, it } from 'vitest';
import { parseExactPredictRequest } from './exact-predict-request.js';
import { readPlainPredictRequest } from './plain-predict-request.js';

const seeds: [body: string, inputs: Record<string, { dtype: number }>][] = [
  ['{"instances": [[1.5, -2], [3e2, 0.25]]}', { x: { dtype: 1 } }],
  ['{"signature_name": "s", "instances": [[[1,2],[3,4]],[[5,6],[7,8]]]}', { x: { dtype: 3 } }],
  ['{"instances": [{"a": [1], "b": "x"}, {"b": "y", "a": [2]}]}', { a: { dtype: 9 }, b: { dtype: 7 } }],
  [
    '{"inputs": {"a": [[true], [false]], "b": {"b64": "aGk="}}, "signature_name": "s"}',
    { a: { dtype: 10 }, b: { dtype: 7 } },
  ],
  ['{"inputs": [[[1],[2]],[[3],[4]]]}', { x: { dtype: 2 } }],
  ['{"instances": [{"b64": "aGk="}, "text"]}', { x: { dtype: 7 } }],
];
const snippets = [
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '"',
  ' ',
  '1',
  '-',
  '.',
  'e5',
  '0',
  '\\',
  '], [',
  '[]',
  '"a": 1',
  'NaN',
  'null',
  '\0',
];

it('the quick way agrees with the strict one on whatever it accepts', () => {
  let state = 20240501;
  const next = (bound: number) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % 65536) % bound;
  let accepted = 0;
  for (let round = 0; round < 12_000; round++) {
    const [seed, inputs] = seeds[round % seeds.length]!;
    let body = seed;
    for (let edits = next(3); edits >= 0; edits--) {
      const at = next(body.length + 1);
      const kind = next(3);
      if (kind === 0) body = body.slice(0, at) + snippets[next(snippets.length)] + body.slice(at);
      else if (kind === 1) body = body.slice(0, at) + body.slice(at + 1 + next(4));
      else body = body.slice(0, at) + body.slice(next(body.length), next(body.length)) + body.slice(at);
    }
    const bytes = new TextEncoder().encode(body);
    const plain = readPlainPredictRequest(bytes, () => inputs);
    if (plain === undefined) {
      // Whatever it is, the strict way ends with a result or an error of its own.
      try {
        parseExactPredictRequest(bytes, () => inputs);
      } catch (error) {
        expect(error, body).toMatchObject({ name: 'TensorError' });
      }
      continue;
    }
    accepted++;
    expect(
      parseExactPredictRequest(bytes, () => inputs),
      body,
    ).toEqual(plain);
  }
  expect(accepted).toBeGreaterThan(500);
});
