import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { readTfRecords, ServingError } from '@servable/core';
import { PredictionLogSchema } from '@servable/protos/serving';
import { maxWarmupRecords, warmupFile } from '../../warmup/replay-warmup.js';
import { trafficFile } from '../../warmup/traffic-samples.js';
import { findModelPath } from '../model-path.js';
import { flag, FlagError, flagSpecs } from '../parse-flags.js';
import { oneArgument, type Tool } from '../tool.js';
import { writeWarmup } from './write-warmup.js';

const flags = flagSpecs({
  from: flag(
    'string',
    '',
    'TFRecord file of PredictionLogs (a request log, another warm-up file), or the directory that a running server keeps ' +
      'live requests in (--warmup_from_traffic_dir).',
  ),
  'model-name': flag('string', '', 'Requests of this model only; needed for a directory with several.'),
  limit: flag('int32', 100, 'Most requests; of more a sample is taken, as even as it can be.'),
  output: flag('string', '', 'File to write; without it assets.extra/tf_serving_warmup_requests of the version.'),
  overwrite: flag('bool', false, 'Replace a file that is there.'),
  help: flag('bool', false, 'Print this and exit.'),
});

/** `servable warmup record DIR --from LOG`: a warm-up file from requests that were really sent. */
export const recordWarmupTool: Tool<typeof flags> = {
  name: 'warmup record',
  parameters: 'DIR --from FILE_OR_DIRECTORY [flags]',
  description: `Writes a warm-up file for a model from requests that were recorded. A running server records them with
--warmup_from_traffic --warmup_from_traffic_dir=DIRECTORY, and writes what it has every ten seconds. Only requests are
kept, no answers. servable warmup check tells whether the model takes them.`,
  flags,
  async run({ io, values, rest }) {
    const argument = oneArgument('warmup record', 'model', rest);
    if (values.from === '') throw new FlagError('servable warmup record needs --from');
    if (values.limit < 1 || values.limit > maxWarmupRecords) {
      throw new FlagError(`Flag --limit needs a whole number from 1 to ${maxWarmupRecords}; got ${values.limit}`);
    }
    const { kind, path } = await findModelPath(io.cwd, argument);
    const directory = kind === 'onnx' ? resolve(path, '..') : path;
    const source = await sourceFile(resolve(io.cwd, values.from), values['model-name']);
    const records: Uint8Array[] = [];
    let seen = 0;
    for await (const record of readTfRecords(source)) {
      const request = requestOnly(record, source, values['model-name']);
      if (request === undefined) continue;
      seen += 1;
      // A reservoir: every request has the same chance to be in the file.
      const slot = records.length < values.limit ? records.length : Math.floor(Math.random() * seen);
      if (slot < values.limit) records[slot] = request;
    }
    if (seen === 0) {
      const of = values['model-name'] === '' ? '' : ` of model ${values['model-name']}`;
      throw new ServingError('NOT_FOUND', 'NO_REQUESTS', `${source} has no request${of} that can be replayed`);
    }
    const file = values.output === '' ? warmupFile(directory) : resolve(io.cwd, values.output);
    await writeWarmup(file, records, values.overwrite);
    io.stdout(`${file}: ${records.length} of ${seen} request(s)\n`);
    return 0;
  },
};

/** The file itself, or that of a model in a directory of live requests. */
async function sourceFile(path: string, modelName: string): Promise<string> {
  const status = await stat(path).catch((cause: unknown) => {
    throw new ServingError('NOT_FOUND', 'FILE_NOT_FOUND', `${path} does not exist`, { cause });
  });
  if (!status.isDirectory()) return path;
  if (modelName !== '') return trafficFile(path, modelName);
  const files = (await readdir(path)).filter((name) => name.endsWith('.tfrecord'));
  if (files.length === 1) return join(path, files[0]!);
  const models = files.map((name) => decodeURIComponent(name.replace(/\.tfrecord$/, '')));
  throw new ServingError(
    'INVALID_ARGUMENT',
    'MODEL_AMBIGUOUS',
    files.length === 0
      ? `${path} has no .tfrecord file in it`
      : `Choose a model of ${path} with --model-name: ${models.join(', ')}`,
  );
}

/** A record without its answer; `undefined` for what warm-up cannot replay and for another model's. */
function requestOnly(record: Uint8Array, source: string, modelName: string): Uint8Array | undefined {
  let log;
  try {
    log = fromBinary(PredictionLogSchema, record);
  } catch (cause) {
    const message = `${source} has a record that is no tensorflow.serving.PredictionLog`;
    throw new ServingError('DATA_LOSS', 'WARMUP_RECORD_INVALID', message, { cause });
  }
  const { logType } = log;
  switch (logType.case) {
    case 'predictLog':
    case 'classifyLog':
    case 'regressLog':
    case 'multiInferenceLog': {
      const { request } = logType.value;
      if (request === undefined) return undefined;
      const spec = 'tasks' in request ? request.tasks[0]?.modelSpec : request.modelSpec;
      const name = spec?.name || log.logMetadata?.modelSpec?.name;
      if (modelName !== '' && name !== modelName) return undefined;
      logType.value.response = undefined;
      log.logMetadata = undefined;
      return toBinary(PredictionLogSchema, log);
    }
    default:
      return undefined;
  }
}
