// ONNX Runtime called in a loop through its own JavaScript binding: bare-loop.mjs MODEL.onnx INPUTS.json [OPTIONS as JSON]
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import ort from 'onnxruntime-node';

const [file, inputsFile, options = '{}'] = process.argv.slice(2);
const start = performance.now();
const session = await ort.InferenceSession.create(file, JSON.parse(options));
const created = performance.now() - start;
const feeds = {};
const inputs = JSON.parse(readFileSync(inputsFile, 'utf8'));
for (const [i, name] of session.inputNames.entries()) {
  const { dtype, shape, data } = inputs[i];
  const array = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array }[dtype];
  feeds[name] = new ort.Tensor(dtype, new array(Uint8Array.from(Buffer.from(data, 'base64')).buffer), shape);
}
console.log(JSON.stringify({ created }));
for await (const line of createInterface({ input: process.stdin })) {
  const { milliseconds } = JSON.parse(line);
  const begin = performance.now();
  let runs = 0;
  while (performance.now() - begin < milliseconds) {
    await session.run(feeds);
    runs++;
  }
  console.log(JSON.stringify({ rate: (runs * 1000) / (performance.now() - begin) }));
}
