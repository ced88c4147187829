import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ServingError } from '@servable/core';
import { compileSignature, readSavedModel, type Plan } from '@servable/savedmodel';
import { formatBytes } from '../inspect/format-inspection.js';
import { flag, FlagError, flagSpecs } from '../parse-flags.js';
import { commaSeparated, oneArgument, type Tool } from '../tool.js';
import { parseFrozenGraph } from './frozen-graph.js';
import { findTensor, suggest } from './graph-tensors.js';
import { nativeOutputs } from './native-outputs.js';
import { encodeSavedModel, type ImportedSignature } from './encode-saved-model.js';

const flags = flagSpecs({
  inputs: flag('string', '', 'Tensors to feed, separated by commas: NODE:0, or ALIAS=NODE:0 for another name.'),
  outputs: flag('string', '', 'Tensors to give back, in the same way; NODE:0:DTYPE where the graph does not say it.'),
  output: flag('string', '', 'The directory to make; -o for short.'),
  signature: flag('string', 'serving_default', 'Name of the signature.'),
  tags: flag('string', 'serve', 'Tags of the MetaGraph, separated by commas.'),
  help: flag('bool', false, 'Print this and exit.'),
});

/** `servable import frozen.pb`: a frozen graph becomes a SavedModel. */
export const importTool: Tool<typeof flags> = {
  name: 'import',
  parameters: 'FROZEN.pb --inputs NODE:0 --outputs NODE:0 -o DIR [flags]',
  description: `Makes a SavedModel of a frozen GraphDef, as TensorFlow 1 made them with freeze_graph. A frozen graph does not say
what its inputs and outputs are; without the flags the command names what they could be. Serve the result from a
version directory: -o models/NAME/1.`,
  flags,
  short: { o: 'output' },
  async run({ io, values, rest }) {
    const file = resolve(io.cwd, oneArgument('import', 'frozen graph', rest));
    const [inputs, outputs] = [commaSeparated(values.inputs), commaSeparated(values.outputs)];
    const bytes = await readGraphFile(file);
    const graph = parseFrozenGraph(bytes, file);
    if (inputs.length === 0 || outputs.length === 0) {
      throw new FlagError(`Flags --inputs and --outputs are needed. ${suggest(graph)}`);
    }
    if (values.output === '') throw new FlagError('Flag --output is needed: -o DIR');
    const directory = resolve(io.cwd, values.output);
    const target = join(directory, 'saved_model.pb');
    if (await exists(target)) {
      throw new ServingError(
        'ALREADY_EXISTS',
        'SAVED_MODEL_EXISTS',
        `${target} exists already; choose another directory with -o`,
      );
    }
    let signature: ImportedSignature = {
      name: values.signature,
      inputs: inputs.map((word) => findTensor(graph, word, '--inputs')),
      outputs: outputs.map((word) => findTensor(graph, word, '--outputs')),
    };
    const tags = commaSeparated(values.tags);
    const write = () => replace(target, encodeSavedModel(bytes, signature, tags));
    await mkdir(directory, { recursive: true });
    await write();
    const compiled = await compile(directory, tags, values.signature);
    if (!(compiled instanceof Error)) {
      // The compiler knows dtypes and shapes of what the engine gives, which the graph itself may not say.
      const known = nativeOutputs(compiled);
      signature = {
        ...signature,
        outputs: signature.outputs.map((output) => ({ ...output, ...known.get(output.alias) })),
      };
      await write();
    }
    io.stdout(`Wrote ${target} (${formatBytes(bytes.length)}) with the signature ${values.signature}\n`);
    if (compiled instanceof Error) io.stderr(`It does not compile for the embedded engine: ${compiled.message}\n`);
    return 0;
  },
};

async function compile(directory: string, tags: readonly string[], signature: string): Promise<Plan | Error> {
  try {
    await using model = await readSavedModel(directory, { tags });
    return await compileSignature(model, signature);
  } catch (error) {
    return ServingError.from(error);
  }
}

async function readGraphFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ServingError(
      missing ? 'NOT_FOUND' : 'FAILED_PRECONDITION',
      'GRAPH_NOT_READABLE',
      `Cannot read ${file}: ${missing ? 'it does not exist' : (cause as Error).message}`,
      { cause },
    );
  }
}

async function replace(target: string, parts: readonly Uint8Array[]): Promise<void> {
  const unfinished = `${target}.${process.pid}.part`;
  try {
    await writeFile(unfinished, parts);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
