import { resolve } from 'node:path';
import { ServingError } from '@servable/core';
import { warmupFile } from '../../warmup/replay-warmup.js';
import { warmupRunner } from '../../warmup/warmup-runner.js';
import { readWarmupLog } from '../../warmup/read-warmup-log.js';
import { flag, FlagError, flagSpecs } from '../parse-flags.js';
import { commaSeparated, oneArgument, type Tool } from '../tool.js';
import { openModel } from './open-model.js';
import { readRequests } from './read-requests.js';
import { syntheticInputs } from './synthetic-inputs.js';
import { predictRecord, writeWarmup } from './write-warmup.js';

const flags = flagSpecs({
  requests: flag('string', '', 'JSON file with bodies of Predict calls over REST; without it inputs are made up.'),
  signatures: flag('string', '', 'Signatures, separated by commas; without it all of them.'),
  'batch-sizes': flag('string', '1', 'Sizes of unknown first dimensions, separated by commas: a request for each.'),
  'dimension-size': flag('int32', 1, 'Size of all other unknown dimensions.'),
  tags: flag('string', 'serve', 'Tags of the MetaGraph, separated by commas.'),
  output: flag('string', '', 'File to write; without it assets.extra/tf_serving_warmup_requests of the version.'),
  overwrite: flag('bool', false, 'Replace a file that is there.'),
  help: flag('bool', false, 'Print this and exit.'),
});

/** `servable warmup make DIR`: a warm-up file from the signatures, or from requests in JSON. */
export const makeWarmupTool: Tool<typeof flags> = {
  name: 'warmup make',
  parameters: 'DIR [--requests FILE.json] [flags]',
  description: `Writes a warm-up file for a model. Each request is run first. Inputs that are made up are zeros, empty texts and empty
tf.Examples, and signatures that refuse them are left out; with a file of requests nothing is written if one fails. It has
one body, a list of bodies or a body on each line:
{"signature_name": "serving_default", "instances": [[1, 2], [3, 4]]}`,
  flags,
  async run({ io, values, rest }) {
    const batchSizes = commaSeparated(values['batch-sizes']).map(Number);
    if (batchSizes.length === 0 || batchSizes.some((size) => !Number.isSafeInteger(size) || size < 1)) {
      throw new FlagError(
        `Flag --batch-sizes needs whole numbers from 1, separated by commas; got ${values['batch-sizes']}`,
      );
    }
    if (values['dimension-size'] < 1) {
      throw new FlagError(`Flag --dimension-size needs a whole number from 1; got ${values['dimension-size']}`);
    }
    const argument = oneArgument('warmup make', 'model', rest);
    await using opened = await openModel(io.cwd, argument, values.tags, false);
    const { model, servable, directory } = opened;
    const named = [...model.signatureDefs.keys()].filter((name) => !name.startsWith('__saved_model_'));
    const wanted = values.signatures === '' ? named : commaSeparated(values.signatures);
    const unknown = wanted.find((name) => !model.signatureDefs.has(name));
    if (unknown !== undefined) {
      throw new ServingError(
        'NOT_FOUND',
        'SIGNATURE_NOT_FOUND',
        `No signature ${unknown}: expected one of ${named.join(', ')}`,
      );
    }
    const records: Uint8Array[] = [];
    if (values.requests !== '') {
      const first = wanted.includes('serving_default') ? 'serving_default' : wanted[0]!;
      const requests = await readRequests(resolve(io.cwd, values.requests), model.signatureDefs, first);
      for (const { signatureName, inputs } of requests) records.push(predictRecord(signatureName, inputs));
    } else {
      for (const name of wanted) {
        const seen = new Set<string>();
        for (const size of batchSizes) {
          const record = predictRecord(
            name,
            syntheticInputs(model.signatureDefs.get(name)!, size, values['dimension-size']),
          );
          // A signature without unknown dimensions is the same for every size.
          const key = Buffer.from(record).toString('latin1');
          if (!seen.has(key)) records.push(record);
          seen.add(key);
        }
      }
    }
    const run = warmupRunner({ name: argument, version: 1n }, servable, undefined);
    const isMadeUp = values.requests === '';
    const good: Uint8Array[] = [];
    for (const [index, record] of records.entries()) {
      const call = readWarmupLog(record, 'a request')!;
      try {
        await run(call);
        good.push(record);
      } catch (thrown) {
        const { code, reason, message } = ServingError.from(thrown);
        const name = call.kind === 'predict' ? (call.call.modelSpec?.signatureName ?? '') : '';
        // What was made up is a guess; what was written down, or asked for by name, is meant.
        if (!isMadeUp || values.signatures !== '') {
          throw new ServingError(code, reason, `Request ${index + 1} of ${name} fails: ${message}`, { cause: thrown });
        }
        io.stderr(`Left out a request of ${name}, which refuses inputs that are made up: ${message}\n`);
      }
    }
    const file = values.output === '' ? warmupFile(directory) : resolve(io.cwd, values.output);
    await writeWarmup(file, good, values.overwrite);
    io.stdout(`${file}: ${good.length} request(s)\n`);
    return 0;
  },
};
