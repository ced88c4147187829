import { findModelPath } from '../model-path.js';
import { flag, flagSpecs } from '../parse-flags.js';
import { commaSeparated, oneArgument, type Tool } from '../tool.js';
import { formatInspection } from './format-inspection.js';
import { inspectOnnx } from './inspect-onnx.js';
import { inspectSavedModel } from './inspect-saved-model.js';

const flags = flagSpecs({
  signature: flag('string', '', 'Show this signature only.'),
  tags: flag('string', '', 'Show the MetaGraph with exactly these tags only, separated by commas.'),
  json: flag('bool', false, 'Print JSON.'),
  help: flag('bool', false, 'Print this and exit.'),
});

/** `servable inspect DIR`: what a model takes and gives, and how it would run. */
export const inspectTool: Tool<typeof flags> = {
  name: 'inspect',
  parameters: 'DIR [flags]',
  description: `Shows what is in a SavedModel or ONNX model: MetaGraphs, signatures with their tensors, whether each of them
compiles and why not, the plan that it runs by, and the memory that it takes. DIR is a model's directory, an .onnx
file, or a directory of versions, of which the greatest is shown.`,
  flags,
  async run({ io, values, given, rest }) {
    const { kind, path } = await findModelPath(io.cwd, oneArgument('inspect', 'model', rest));
    const options = {
      tags: given.has('tags') ? commaSeparated(values.tags) : undefined,
      signature: values.signature === '' ? undefined : values.signature,
    };
    const inspection = kind === 'onnx' ? await inspectOnnx(path, options) : await inspectSavedModel(path, options);
    io.stdout(values.json ? `${JSON.stringify(inspection, null, 2)}\n` : formatInspection(inspection));
    return 0;
  },
};
