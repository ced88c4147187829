// Runs SavedModels in a loop, on our engine or on TensorFlow's C API, or ONNX models:
// model-loop.mjs servable|tensorflow|onnx THREADS
// Asked { load, signature, inputs, batch } it loads a model, asked { milliseconds } it runs it for as long and says how many
// calls it made in a second and how many microseconds of processor time each took, and with { watch: true } for how many
// milliseconds at most the event loop was blocked.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { loadOnnxModel, loadSavedModel, loadTensorFlowModel, prepareRuntime } from '@servable/runtime';
import { dtypeInfo, Tensor } from '@servable/tensor';

const [engine, threads] = [process.argv[2], Number(process.argv[3])];
const loaders = {
  servable: (directory, signature) => loadSavedModel(directory, { eager: [signature] }),
  tensorflow: (directory) =>
    loadTensorFlowModel(directory, { session: { intraOpThreads: threads, interOpThreads: threads } }),
  onnx: (file) => loadOnnxModel(file),
};

prepareRuntime({ intraOpThreads: threads });
console.log('{}');
let model;
let call;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    console.log(JSON.stringify(request.load ? await load(request) : await loop(request)));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }
}

/** What an ONNX model calls an input. */
function nameOf(alias) {
  if (engine !== 'onnx') return alias;
  const names = Object.keys(model.loaded.signatureDefs.get('serving_default').inputs);
  const plain = (name) => name.replace(/:0$/, '');
  return (
    names.find((name) => plain(name) === alias) ??
    names.find((name) => plain(name).endsWith(`_${alias}`)) ??
    (names.length === 1 ? names[0] : alias)
  );
}

async function load({ load: directory, signature, inputs, batch }) {
  if (model?.directory !== directory) {
    await model?.loaded.close();
    const loaded = await loaders[engine](directory, signature);
    model = { directory, loaded };
  }
  const entries = Object.entries(inputs).map(([alias, tensor]) => [nameOf(alias), decode(tensor, batch)]);
  call = { signatureName: signature, inputs: new Map(entries), outputFilter: [] };
  await model.loaded.run(call);
  return {};
}

async function loop({ milliseconds, watch = false }) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  if (watch) delay.enable();
  const before = process.cpuUsage();
  const start = performance.now();
  let calls = 0;
  do {
    await model.loaded.run(call);
    calls++;
  } while (performance.now() - start < milliseconds);
  const rate = (calls * 1000) / (performance.now() - start);
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  return { rate, processor: (user + system) / calls, ...(watch && { blocked: delay.max / 1e6 }) };
}

/** A tensor of a golden file, its rows repeated up to the batch; without a batch as it is. */
function decode({ dtype, shape, data }, batch) {
  const to = batch === undefined ? shape : [batch, ...shape.slice(1)];
  const size = to.reduce((a, b) => a * b, 1);
  if (dtype === 'string') {
    const strings = data.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
    return new Tensor(
      'string',
      to,
      Array.from({ length: size }, (_, i) => strings[i % strings.length]),
    );
  }
  const { array } = dtypeInfo(dtype);
  const all = new array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
  const values = new array(size);
  for (let i = 0; i < size; i++) values[i] = all[i % all.length];
  return new Tensor(dtype, to, values);
}
