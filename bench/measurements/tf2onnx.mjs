import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { compareModels } from '../lib/compare-models.mjs';
import { cacheDirectory, pythonFolder } from '../lib/models.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title = 'every exported SavedModel that tf2onnx converts against what it makes of it, in the same runtime';

const folder = `${cacheDirectory}tf2onnx/`;

export async function* measure() {
  mkdirSync(folder, { recursive: true });
  const threads = availableParallelism();
  const ours = await startProgram('model-loop.mjs', ['servable', String(threads)]);
  const theirs = await startProgram('model-loop.mjs', ['onnx', String(threads)]);
  const converter = new Converter();
  const rival = { name: 'tf2onnx', callOf: (name, call) => converter.convert(name, call), lineOf: () => 0.95 };
  try {
    yield* compareModels({ ours, theirs }, rival, {
      name: 'tf2onnx',
      title: 'Against tf2onnx',
      about: [
        'Every exported SavedModel compiled by Servable, against the ONNX model that tf2onnx makes of it (opset 18), called ' +
          "through the same binding of ONNX Runtime on the same threads. Whether tf2onnx's model answers rightly is not " +
          'looked at. To reach: 0.95.',
      ],
      machine: `${threads} processors, ${cpus()[0]?.model.trim()}`,
    });
  } finally {
    await ours.stop();
    await theirs.stop();
    await converter.stop();
  }
}

/** Converts what has not been converted; a refusal is kept as well. */
class Converter {
  #program;

  async convert(name, { load, signature, inputs }) {
    const output = `${folder}${name}.onnx`;
    const refusal = `${output}.refused`;
    if (!existsSync(output) && !existsSync(refusal)) {
      this.#program ??= await startProgram(
        'convert.py',
        [],
        { CUDA_VISIBLE_DEVICES: '-1', TF_CPP_MIN_LOG_LEVEL: '3' },
        `${pythonFolder}/python`,
      );
      await this.#program.ask({ model: load, signature, output });
    }
    return existsSync(output)
      ? { load: output, signature: 'serving_default', inputs }
      : { refused: `not converted: ${existsSync(refusal) ? readFileSync(refusal, 'utf8') : 'it crashes'}` };
  }

  async stop() {
    await this.#program?.stop();
  }
}
