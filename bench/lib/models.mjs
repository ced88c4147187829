// The models that the measurements use, and ONNX files of them with their weights inside.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataLocation } from '@servable/protos/onnx';
import { compileSignature, readSavedModel, readWeight } from '@servable/savedmodel';
import { dtypeInfo, Tensor } from '@servable/tensor';

const root = new URL('../../', import.meta.url);
export const cacheDirectory = fileURLToPath(new URL('bench/.cache/', root));
/** The folder with the Python that conformance installs, which has TensorFlow and tf2onnx. */
export const pythonFolder = fileURLToPath(new URL('conformance/.venv/bin', root));

/** Absolute path of a model's base path; big models are made by `npm run conformance -- --export-only`. */
export function basePath(name) {
  for (const place of ['examples/models/', 'conformance/.cache/models/']) {
    const path = fileURLToPath(new URL(`${place}${name}`, root));
    if (existsSync(`${path}/1/saved_model.pb`)) return path;
  }
  return undefined;
}

/** The first golden inputs of a model, by alias, cut to a batch. */
export function goldenInputs(name, batch) {
  const golden = JSON.parse(readFileSync(`${basePath(name)}/golden.json`, 'utf8'));
  const inputs = {};
  for (const [alias, { dtype, shape, data }] of Object.entries(golden.cases[0].inputs)) {
    const { array, bytes } = dtypeInfo(dtype);
    const buffer = Uint8Array.from(Buffer.from(data, 'base64')).buffer;
    const rest = shape.slice(1);
    const size = rest.reduce((a, b) => a * b, 1) * batch;
    const values = new array(size);
    const all = new array(buffer, 0, buffer.byteLength / bytes);
    for (let i = 0; i < size; i++) values[i] = all[i % all.length];
    inputs[alias] = new Tensor(dtype, [batch, ...rest], values);
  }
  return inputs;
}

/** Compiles `serving_default` and writes it as one ONNX file with its weights inside. */
export async function compiledOnnxFile(name, path = basePath(name)) {
  const file = `${cacheDirectory}${name}.onnx`;
  const model = await readSavedModel(`${path}/1`);
  const plan = await compileSignature(model, 'serving_default');
  const [island, ...others] = plan.steps;
  if (others.length > 0 || island.kind !== 'native') throw new Error(`${name} is more than one island`);
  const proto = fromBinary(ModelProtoSchema, island.model);
  for (const initializer of proto.graph.initializer) {
    const placed = island.weights.weights.get(initializer.name);
    if (placed === undefined) continue;
    const weights = await readWeight(placed.weight);
    initializer.dataLocation = TensorProto_DataLocation.DEFAULT;
    initializer.externalData = [];
    initializer.rawData = new Uint8Array(weights.data.buffer, weights.data.byteOffset, weights.data.byteLength);
  }
  await model.close();
  mkdirSync(cacheDirectory, { recursive: true });
  writeFileSync(file, toBinary(ModelProtoSchema, create(ModelProtoSchema, proto)));
  return { file, inputs: plan.inputs, outputs: plan.outputs, weightBytes: island.weights.byteLength };
}
