import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { readTfRecords } from '@servable/core';
import { PredictionLogSchema } from '@servable/protos/serving';
import { tensorFromProto } from '@servable/tensor';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServer, type Server } from './server.js';
import { grpcCaller, reloadConfig, restPredict } from './testing/calls.js';
import { halfPlusTwoPlatform } from './testing/half-plus-two-platform.js';
import { modelDirectory, type ModelDirectory } from './testing/model-directory.js';

let directory: ModelDirectory;
let server: Server | undefined;
beforeEach(async () => {
  directory = await modelDirectory('m/1/half_plus_two');
});
afterEach(async () => {
  await server?.destroy();
  await directory.remove();
});

/** The inputs and outputs of every record. */
async function records(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const file of await readdir(join(directory.path, 'logs'))) {
    for await (const record of readTfRecords(join(directory.path, 'logs', file))) {
      const { logType } = fromBinary(PredictionLogSchema, record);
      if (logType.case !== 'predictLog') continue;
      const { request, response } = logType.value;
      found.push([
        tensorFromProto(request!.inputs['x']!).toArray(),
        tensorFromProto(response!.outputs['y']!).toArray(),
      ]);
    }
  }
  return found;
}

test('RequestLoggingOn: requests over gRPC and REST are recorded, counted in the metrics, and on disk when the server has closed', async () => {
  const logging = { filenamePrefix: join(directory.path, 'logs', 'm'), samplingRate: 1 };
  server = await createServer({
    models: [{ name: 'm', basePath: join(directory.path, 'm'), logging }],
    platforms: [halfPlusTwoPlatform()],
    waitForModels: true,
    grpcPort: 0,
    restPort: 0,
    prometheus: {},
  });
  const caller = grpcCaller(server.grpcPort!);
  expect(await caller.predict('m', [2, 4])).toBe('1:3,4');
  caller.close();
  expect(await restPredict(server.restPort!, 'm', [6])).toEqual([200, { predictions: [5] }]);
  const metrics = `http://127.0.0.1:${server.restPort}/monitoring/prometheus/metrics`;
  await expect
    .poll(async () => (await fetch(metrics)).text())
    .toContain(':tensorflow:serving:request_log_count{model_name="m",status_code="OK"} 2');
  await server.close();
  expect(await records()).toEqual([
    [
      [2, 4],
      [3, 4],
    ],
    [[6], [5]],
  ]);
});

test('a configuration over the wire may only have requests recorded where the operator allows it', async () => {
  server = await createServer({
    models: [{ name: 'm', basePath: join(directory.path, 'm'), platform: halfPlusTwoPlatform().name }],
    platforms: [halfPlusTwoPlatform()],
    waitForModels: true,
    grpcPort: 0,
    requestLog: { roots: [join(directory.path, 'logs')] },
  });
  const config = (prefix: string): string => `model_config_list { config {
    name: "m" base_path: "${join(directory.path, 'm')}" model_platform: "${halfPlusTwoPlatform().name}"
    logging_config { log_collector_config { type: "tfrecord" filename_prefix: "${prefix}" }
                     sampling_config { sampling_rate: 1 } } } }`;
  const elsewhere = join(directory.path, 'elsewhere', 'm');
  expect(await reloadConfig(server.grpcPort!, config(elsewhere))).toBe(
    `PERMISSION_DENIED: Log prefix ${elsewhere} of model m is under no directory that a client may name ` +
      `(${join(directory.path, 'logs')}); requestLog.roots allows another one`,
  );
  expect(await reloadConfig(server.grpcPort!, config(join(directory.path, 'logs', 'm')))).toBe('OK');
  const caller = grpcCaller(server.grpcPort!);
  expect(await caller.predict('m', [2])).toBe('1:3');
  caller.close();
  await server.close();
  expect(await records()).toEqual([[[2], [3]]]);
});
