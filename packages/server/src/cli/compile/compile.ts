import { resolve } from 'node:path';
import { ServingError } from '@servable/core';
import { compileSignature, readSavedModel } from '@servable/savedmodel';
import { formatBytes } from '../inspect/format-inspection.js';
import { findModelPath } from '../model-path.js';
import { flag, FlagError, flagSpecs } from '../parse-flags.js';
import { commaSeparated, oneArgument, type Tool } from '../tool.js';
import { usedDomains, wholeModel } from './whole-model.js';
import { writeOnnx } from './write-onnx.js';

const flags = flagSpecs({
  output: flag('string', '', 'The .onnx file to write; -o for short.'),
  signature: flag('string', 'serving_default', 'The signature to compile.'),
  tags: flag('string', 'serve', 'Tags of the MetaGraph, separated by commas.'),
  'external-data': flag('bool', false, 'Write the weights to <file>.data; over 1.9 GiB that is done anyway.'),
  help: flag('bool', false, 'Print this and exit.'),
});

/** `servable compile DIR -o model.onnx`: a signature as an ONNX model of its own. */
export const compileTool: Tool<typeof flags> = {
  name: 'compile',
  parameters: 'DIR -o FILE.onnx [flags]',
  description: `Compiles one signature of a SavedModel to an ONNX file with its weights, whose inputs and outputs are called
like the signature's. A signature with ops that ONNX has no word for is refused by their names.`,
  flags,
  short: { o: 'output' },
  async run({ io, values, rest }) {
    const argument = oneArgument('compile', 'model', rest);
    if (values.output === '') throw new FlagError('Flag --output is needed: -o FILE.onnx');
    if (!values.output.endsWith('.onnx'))
      throw new FlagError(`Flag --output needs a file that ends in .onnx; got ${values.output}`);
    const { kind, path } = await findModelPath(io.cwd, argument);
    if (kind === 'onnx') {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'ALREADY_ONNX',
        `${path} is an ONNX model already; expected a SavedModel`,
      );
    }
    await using source = await readSavedModel(path, { tags: commaSeparated(values.tags) });
    const { model, weights, renamed } = wholeModel(await compileSignature(source, values.signature));
    const written = await writeOnnx(resolve(io.cwd, values.output), model, weights, values['external-data']);
    io.stdout(`Wrote ${written.file} (${formatBytes(written.bytes)})\n`);
    if (written.weightFile !== undefined)
      io.stdout(`Wrote ${written.weightFile} (${formatBytes(written.weightBytes)})\n`);
    for (const [alias, name] of renamed) {
      io.stdout(`Output ${alias} is called ${name}: an ONNX model cannot have an input and an output of one name\n`);
    }
    const domains = [...usedDomains(model)];
    if (domains.length > 0) io.stdout(`It uses ops of ${domains.join(', ')}: run it with ONNX Runtime\n`);
    return 0;
  },
};
