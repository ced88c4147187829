import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readTfRecords, ServingError } from '@servable/core';
import { readWarmupLog, type WarmupCall } from '../../warmup/read-warmup-log.js';
import { maxWarmupRecords, warmupFile } from '../../warmup/replay-warmup.js';
import { warmupRunner } from '../../warmup/warmup-runner.js';
import { flag, FlagError, flagSpecs } from '../parse-flags.js';
import { oneArgument, type Tool } from '../tool.js';
import { openModel } from './open-model.js';

const flags = flagSpecs({
  file: flag('string', '', 'The file; without it assets.extra/tf_serving_warmup_requests of the version.'),
  iterations: flag('int32', 2, 'How often each request is run: the first time is cold.'),
  tags: flag('string', 'serve', 'Tags of the MetaGraph, separated by commas.'),
  json: flag('bool', false, 'Print JSON.'),
  help: flag('bool', false, 'Print this and exit.'),
});

interface Checked {
  readonly position: number;
  readonly kind: string;
  readonly signature: string;
  /** Of each run. */
  readonly millis: readonly number[];
  readonly error?: string;
}

/** `servable warmup check DIR`: whether a model takes its warm-up file, and how long each request runs. */
export const checkWarmupTool: Tool<typeof flags> = {
  name: 'warmup check',
  parameters: 'DIR [flags]',
  description: `Reads the warm-up file of a model, checks every request against the signatures and runs it, as a server does before
the version becomes available, but goes on after a request that fails. Exit status: 0 when a server would take the
version, 1 when it would not or there is no file, 2 for wrong usage.`,
  flags,
  async run({ io, values, rest }) {
    if (values.iterations < 1) {
      throw new FlagError(`Flag --iterations needs a whole number from 1; got ${values.iterations}`);
    }
    await using opened = await openModel(io.cwd, oneArgument('warmup check', 'model', rest), values.tags, true);
    const file = values.file === '' ? warmupFile(opened.directory) : resolve(io.cwd, values.file);
    await stat(file).catch((cause: unknown) => {
      throw new ServingError('NOT_FOUND', 'FILE_NOT_FOUND', `${file} does not exist`, { cause });
    });
    const run = warmupRunner({ name: 'model', version: 1n }, opened.servable, undefined);
    const results: Checked[] = [];
    let problem: string | undefined;
    try {
      for await (const record of readTfRecords(file)) {
        results.push(await check(record, results.length + 1, file, values.iterations, run));
      }
    } catch (error) {
      problem = `${ServingError.from(error).message}. Please verify your warmup data is in TFRecord format.`;
    }
    if (results.length > maxWarmupRecords) {
      problem = `Number of warmup records exceeds the maximum (${maxWarmupRecords}) at ${file}`;
    }
    const failed = results.filter(({ error }) => error !== undefined).length;
    if (values.json) io.stdout(`${JSON.stringify({ file, requests: results, problem })}\n`);
    else {
      for (const result of results) io.stdout(line(result));
      if (problem !== undefined) io.stdout(`${problem}\n`);
      io.stdout(`${file}: ${results.length} request(s), ${failed} failed\n`);
    }
    return failed > 0 || problem !== undefined ? 1 : 0;
  },
};

async function check(
  record: Uint8Array,
  position: number,
  file: string,
  iterations: number,
  run: (call: WarmupCall) => Promise<unknown>,
): Promise<Checked> {
  const millis: number[] = [];
  let about = { kind: 'unreadable', signature: '' };
  try {
    const call = readWarmupLog(record, file);
    if (call === undefined) return { position, kind: 'empty', signature: '', millis };
    about = { kind: call.kind, signature: signatureOf(call) };
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      const from = performance.now();
      await run(call);
      millis.push(performance.now() - from);
    }
    return { position, ...about, millis };
  } catch (error) {
    return { position, ...about, millis, error: ServingError.from(error).message };
  }
}

function signatureOf(call: WarmupCall): string {
  if (call.kind === 'multiInference')
    return call.call.tasks.map((task) => task.modelSpec?.signatureName ?? '').join(',');
  return call.call.modelSpec?.signatureName || 'serving_default';
}

function line({ position, kind, signature, millis, error }: Checked): string {
  const times = millis.map((each) => each.toFixed(2)).join(', ');
  const how = error === undefined ? (kind === 'empty' ? 'passed over' : `${times} ms`) : `failed: ${error}`;
  return `${position}. ${kind}${signature === '' ? '' : ` ${signature}`}: ${how}\n`;
}
