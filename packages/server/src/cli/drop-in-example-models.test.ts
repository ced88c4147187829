import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { encodeTfRecord } from '@servable/core';
import { PredictionLogSchema } from '@servable/protos/serving';
import { DataType } from '@servable/protos/tensorflow';
import { expect, test } from 'vitest';
import { dropIn } from './drop-in.js';
import { grpcCaller } from '../testing/calls.js';
import { modelDirectory } from '../testing/model-directory.js';
import { freePort, testIo } from '../testing/test-io.js';

const models = fileURLToPath(new URL('../../../../examples/models', import.meta.url));

/** A warm-up record for half_plus_two: x of this dtype. */
function record(dtype: DataType): Uint8Array {
  const x = { dtype, tensorShape: { dim: [{ size: 2n }] }, floatVal: [1, 2] };
  const log = create(PredictionLogSchema, {
    logType: { case: 'predictLog', value: { request: { modelSpec: { name: 'any' }, inputs: { x } } } },
  });
  return encodeTfRecord(toBinary(PredictionLogSchema, log));
}

test('the program serves a SavedModel with tags, threads of the engine and warm-up; a version that fails it does not come', async () => {
  const directory = await modelDirectory();
  const base = join(directory.path, 'half_plus_two');
  for (const [version, dtype] of [
    ['1', DataType.DT_FLOAT],
    ['2', DataType.DT_BOOL],
  ] as const) {
    await cp(`${models}/half_plus_two/1`, join(base, version), { recursive: true });
    await mkdir(join(base, version, 'assets.extra'), { recursive: true });
    await writeFile(join(base, version, 'assets.extra/tf_serving_warmup_requests'), record(dtype));
  }
  const config = join(directory.path, 'models.config');
  await writeFile(
    config,
    `model_config_list { config { name: "m" base_path: "${base}" model_platform: "tensorflow"
       model_version_policy { all {} } version_labels { key: "good" value: 1 } } }`,
  );
  const port = await freePort();
  const io = testIo({ cwd: directory.path });
  const argv = [
    `--port=${port}`,
    `--model_config_file=${config}`,
    '--tensorflow_session_parallelism=2',
    '--saved_model_tags=serve',
    '--max_num_load_retries=0',
  ];
  const exit = dropIn(argv, { io });
  await Promise.race([io.untilLogged(/Running gRPC ModelServer/), exit]);
  await io.untilLogged(/Encountered an error for servable version \{name: m version: 2\}: INVALID_ARGUMENT/);
  await io.untilLogged(/Warm-up of m version 1 ended after 1 record\(s\)/);
  const caller = grpcCaller(port);
  try {
    expect(await caller.predict('m', [1, 2, 5])).toBe('1:2.5,3,4.5');
    expect(await caller.predict('m', [1, 2, 5], 'good')).toBe('1:2.5,3,4.5');
  } finally {
    caller.close();
    io.send('SIGTERM');
    expect(await exit).toBe(0);
    await directory.remove();
  }
});
