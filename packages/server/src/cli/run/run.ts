import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ServingError } from '@servable/core';
import type { Tensor } from '@servable/tensor';
import { findModelPath } from '../model-path.js';
import { flag, FlagError, flagSpecs } from '../parse-flags.js';
import { commaSeparated, oneArgument, type Tool } from '../tool.js';
import { formatOutputs, outputsToJson } from './format-outputs.js';
import { encodeArray, encodeNpz } from './npz.js';
import { readInputs } from './read-inputs.js';

const flags = flagSpecs({
  inputs: flag('string', '', 'NAME=VALUE, for every input; VALUE is described above.'),
  signature: flag('string', '', 'The signature to run; without it serving_default, or the only one.'),
  tags: flag('string', 'serve', 'Tags of the MetaGraph, separated by commas.'),
  'output-filter': flag('string', '', 'Outputs to compute, separated by commas; without it all of them.'),
  out: flag('string', '', 'Write the outputs to this file: .npz, .npy (of one output) or .json.'),
  json: flag('bool', false, 'Print the outputs as JSON.'),
  help: flag('bool', false, 'Print this and exit.'),
});

/** `servable run DIR`: one prediction, without a server. */
export const runModelTool: Tool<typeof flags> = {
  name: 'run',
  parameters: 'DIR --inputs NAME=VALUE [NAME=VALUE ...] [flags]',
  description: `Runs one signature of a SavedModel or ONNX model on the embedded engine and prints its outputs. A value is
  x=FILE.npy             an array that NumPy saved
  x=FILE.npz[NAME]       one of several; without a name the one called like the input, or the only one
  x=@FILE.json           JSON in a file
  x='[[1, 2], [3, 4]]'   JSON, as in REST requests: {"b64": "..."} are bytes
  image=photo.jpg        for strings: the bytes of any other file; given several times they are a batch`,
  flags,
  assignments: 'inputs',
  async run({ io, values, rest, assignments }) {
    const { kind, path } = await findModelPath(io.cwd, oneArgument('run', 'model', rest));
    const out = values.out === '' ? undefined : resolve(io.cwd, values.out);
    if (out !== undefined && !/\.(npz|npy|json)$/.test(out)) {
      throw new FlagError(`Flag --out needs a file that ends in .npz, .npy or .json; got ${values.out}`);
    }
    const { loadOnnxModel, loadSavedModel } = await import('@servable/runtime');
    await using model =
      kind === 'onnx'
        ? await loadOnnxModel(path)
        : // Compiled when it is run, so that an unknown signature and bad inputs are told first.
          await loadSavedModel(path, { tags: commaSeparated(values.tags), eager: [] });
    const names = [...model.signatureDefs.keys()].filter((name) => !name.startsWith('__saved_model_'));
    const name =
      values.signature || (names.includes('serving_default') ? 'serving_default' : names.length === 1 ? names[0]! : '');
    const signature = model.signatureDefs.get(name);
    if (signature === undefined) {
      throw new ServingError(
        'NOT_FOUND',
        'SIGNATURE_NOT_FOUND',
        `${name === '' ? 'Choose a signature with --signature' : `No signature ${name}`}: expected one of ${names.join(', ') || 'none'}`,
      );
    }
    const { outputs } = await model.predict(await readInputs(assignments, signature, io.cwd), {
      signature: name,
      outputFilter: commaSeparated(values['output-filter']),
    });
    if (out !== undefined) await writeOutputs(out, outputs);
    if (values.json) io.stdout(`${outputsToJson(outputs)}\n`);
    else if (out === undefined) io.stdout(formatOutputs(outputs));
    return 0;
  },
};

async function writeOutputs(file: string, outputs: Readonly<Record<string, Tensor>>): Promise<void> {
  if (file.endsWith('.json')) return writeFile(file, `${outputsToJson(outputs)}\n`);
  const entries = Object.entries(outputs);
  if (file.endsWith('.npz')) return writeFile(file, encodeNpz(entries));
  const [only, ...others] = entries;
  if (only === undefined || others.length > 0) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'NPY_OUTPUTS',
      `A .npy file holds one output, and there are ${entries.length}: choose one with --output-filter, or write a .npz file`,
    );
  }
  return writeFile(file, encodeArray(...only));
}
