// Reads one body of an image again and again, as a REST predict call does or with JSON.parse: parse-json.mjs ours|bare 9|17
import { createInterface } from 'node:readline';
import { parsePredictRequestJson } from '@servable/tensor';

const [which, digits] = process.argv.slice(2);
let state = 1;
const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
// 9 digits tell every float32 apart, 17 every double.
const number = digits === '9' ? () => Number(Math.fround(next()).toPrecision(9)) : () => next();
const image = Array.from({ length: 224 }, () => Array.from({ length: 224 }, () => Array.from({ length: 3 }, number)));
const text = JSON.stringify({ instances: [image] });
const body = Buffer.from(text);
const signature = { image: { dtype: 1 } };

const read =
  which === 'bare'
    ? () => JSON.parse(text).instances[0][223][223][2]
    : () =>
        parsePredictRequestJson(body, () => signature)
          .inputs.get('image')
          .data.at(-1);
const expected = image[223][223][2];
if (Math.fround(read()) !== Math.fround(expected)) throw new Error(`expected ${expected}, given ${read()}`);
console.log(JSON.stringify({ bytes: body.length }));
for await (const line of createInterface({ input: process.stdin })) {
  const { milliseconds } = JSON.parse(line);
  const begin = performance.now();
  let runs = 0;
  while (performance.now() - begin < milliseconds) {
    read();
    runs++;
  }
  console.log(JSON.stringify({ rate: (runs * 1000) / (performance.now() - begin) }));
}
