import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary } from '@bufbuild/protobuf';
import { type InferenceCall, type InferenceServable, readTfRecords, ServingError, silentLogger } from '@servable/core';
import { PredictionLogSchema } from '@servable/protos/serving';
import { DataType, SignatureDefSchema } from '@servable/protos/tensorflow';
import { type Tensor, tensor } from '@servable/tensor';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Platform } from '../platforms/platform.js';
import { createServer, type Server } from '../server.js';
import type { ServerOptions } from '../server-options.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { resolveTrafficWarmup } from './traffic-options.js';
import { TrafficSample } from './traffic-sample.js';
import { trafficFile } from './traffic-samples.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'traffic-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Whole at once: a server looks every few milliseconds. */
async function addVersion(version: number, kind = 'half_plus_two'): Promise<void> {
  const making = join(directory, 'm', `making-${version}`);
  await mkdir(making, { recursive: true });
  await writeFile(join(making, kind), '');
  await rename(making, join(directory, 'm', String(version)));
}

const start = async (options: Partial<ServerOptions>): Promise<Server> => {
  const server = await createServer({
    models: [{ name: 'm', basePath: join(directory, 'm') }],
    restPort: 0,
    pollIntervalMs: 5,
    maxLoadRetries: 0,
    warmupFromTraffic: true,
    ...options,
  });
  await server.waitUntilReady();
  return server;
};

async function ask(server: Server, instances: readonly unknown[]): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${server.restPort}/v1/models/m:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances }),
  });
  const body = (await answer.json()) as { predictions?: unknown };
  return body.predictions ?? answer.status;
}

const loaded = (server: Server, version: bigint, state: string): Promise<void> =>
  new Promise((resolve) => {
    const check = (): void => {
      const found = server.states.getVersionStates('m').find(({ id }) => id.version === version);
      if (found?.managerState === state) resolve();
      else setImmediate(check);
    };
    check();
  });

/** The values of every input that a platform's models were run with. */
const runsOf = (platform: ReturnType<typeof halfPlusTwoPlatform>): unknown[] => {
  const runs: unknown[] = [];
  platform.beforeRun = async ({ inputs }) => void runs.push(inputs.get('x')?.toArray());
  return runs;
};

test('live requests are replayed into a new version before it is available, failed ones are not', async () => {
  await addVersion(1);
  const platform = halfPlusTwoPlatform();
  const runs = runsOf(platform);
  const server = await start({ platforms: [platform] });
  try {
    expect(await ask(server, [1, 2])).toEqual([2.5, 3]);
    expect(await ask(server, ['no number'])).toBe(400);
    expect(await ask(server, [8])).toEqual([6]);
    expect(runs.splice(0)).toEqual([[1, 2], [8]]);
    await addVersion(2);
    await loaded(server, 2n, 'AVAILABLE');
    expect(runs).toEqual([[1, 2], [8]]);
  } finally {
    await server.destroy();
  }
});

test('a model may keep none while the server does, and the other way round', async () => {
  await addVersion(1);
  for (const [all, own, replayed] of [
    [true, false, []],
    [false, true, [[4]]],
  ] as const) {
    const platform = halfPlusTwoPlatform();
    const runs = runsOf(platform);
    const models = [{ name: 'm', basePath: join(directory, 'm'), warmupFromTraffic: own }];
    const server = await start({ platforms: [platform], warmupFromTraffic: all, models });
    try {
      expect(await ask(server, [4])).toEqual([4]);
      runs.splice(0);
      await addVersion(2);
      await loaded(server, 2n, 'AVAILABLE');
      expect(runs).toEqual(replayed);
    } finally {
      await server.destroy();
    }
    await rm(join(directory, 'm', '2'), { recursive: true });
  }
});

test('a directory keeps them over restarts, for the eyes of the owner only', async () => {
  await addVersion(1);
  const kept = join(directory, 'kept');
  const first = await start({ platforms: [halfPlusTwoPlatform()], warmupFromTraffic: { directory: kept } });
  expect(await ask(first, [10, 20])).toEqual([7, 12]);
  await first.close();
  const file = trafficFile(kept, 'm');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const logs = [];
  for await (const record of readTfRecords(file)) logs.push(fromBinary(PredictionLogSchema, record));
  expect(logs.map(({ logType }) => logType.case)).toEqual(['predictLog']);

  const platform = halfPlusTwoPlatform();
  const runs = runsOf(platform);
  const second = await start({ platforms: [platform], warmupFromTraffic: { directory: kept } });
  await second.close();
  expect(runs).toEqual([[10, 20]]);
});

test('a file that cannot be read, and a directory that cannot be written, hold nothing up', async () => {
  await addVersion(1);
  await writeFile(join(directory, 'm.tfrecord'), 'no records at all');
  const warnings: string[] = [];
  const log = () => undefined;
  const logger = { debug: log, info: log, error: log, warning: (text: string) => void warnings.push(text) };
  const server = await start({
    platforms: [halfPlusTwoPlatform()],
    warmupFromTraffic: { directory },
    logger: logger,
  });
  expect(await ask(server, [2])).toEqual([3]);
  await rm(join(directory, 'm.tfrecord'));
  await mkdir(join(directory, 'm.tfrecord/in-the-way'), { recursive: true });
  await server.close();
  expect(warnings[0]).toContain(`Could not read requests for warm-up from ${join(directory, 'm.tfrecord')}`);
  expect(warnings[1]).toContain('Could not keep requests of m for warm-up: ');
});

/** Directories with the file `kind` are models of one input `z`; `fail` is what their runs end with. */
function otherPlatform(kind: string, fail?: ServingError): Platform {
  const info = { encoding: { case: 'name' as const, value: 'z:0' }, dtype: DataType.DT_INT64 };
  const signature = create(SignatureDefSchema, { inputs: { [fail ? 'x' : 'z']: info }, outputs: { z: info } });
  if (fail) signature.inputs['x']!.dtype = DataType.DT_FLOAT;
  for (const each of [...Object.values(signature.inputs), ...Object.values(signature.outputs)]) {
    each.tensorShape = { $typeName: 'tensorflow.TensorShapeProto', dim: [], unknownRank: true };
  }
  const servable: InferenceServable = {
    platform: kind,
    signatureDefs: new Map([['serving_default', signature]]),
    run: async (call) => {
      if (fail) throw fail;
      return new Map([['z', call.inputs.get('z') as Tensor]]);
    },
  };
  return {
    name: kind,
    accepts: async (path) =>
      stat(join(path, kind)).then(
        () => true,
        () => false,
      ),
    createLoader: () => ({ load: async () => servable, unload: async () => undefined }),
  };
}

test('a version with another signature goes live all the same', async () => {
  await addVersion(1);
  const lines: string[] = [];
  const info = (line: string): void => void (line.startsWith('Replayed') && lines.push(line));
  const server = await start({
    platforms: [halfPlusTwoPlatform(), otherPlatform('other')],
    prometheus: {},
    logger: { ...silentLogger, info },
  });
  try {
    expect(await ask(server, [1])).toEqual([2.5]);
    await addVersion(2, 'other');
    await loaded(server, 2n, 'AVAILABLE');
    expect(await ask(server, [7])).toEqual([7]);
    const page = await (await fetch(`http://127.0.0.1:${server.restPort}/monitoring/prometheus/metrics`)).text();
    expect(page.match(/^:servable:warmup_live_requests_total.*$/gm)).toEqual([
      ':servable:warmup_live_requests_total{model_name="m",outcome="answered"} 0',
      ':servable:warmup_live_requests_total{model_name="m",outcome="refused"} 1',
    ]);
    expect(lines).toEqual([
      expect.stringMatching(
        /^Replayed 0 live request\(s\) into m version 2 in \d+ ms; 1 did not fit its signatures and were passed over$/,
      ),
    ]);
  } finally {
    await server.destroy();
  }
});

test('a version whose own process ends by a live request has failed', async () => {
  const died = new ServingError('UNAVAILABLE', 'ISOLATED_PROCESS_DIED', 'The process of the model ended by SIGSEGV');
  await addVersion(1);
  const server = await start({ platforms: [halfPlusTwoPlatform(), otherPlatform('crashing', died)] });
  try {
    expect(await ask(server, [1])).toEqual([2.5]);
    await addVersion(2, 'crashing');
    await loaded(server, 2n, 'END');
    expect(await ask(server, [1])).toEqual([2.5]);
  } finally {
    await server.destroy();
  }
});

test('a version that fails by a fault of its own does not replace the one that answered', async () => {
  await addVersion(1);
  const broken = otherPlatform('broken', new ServingError('INTERNAL', 'BROKEN', 'no kernel'));
  const server = await start({ platforms: [halfPlusTwoPlatform(), broken] });
  try {
    expect(await ask(server, [1])).toEqual([2.5]);
    await addVersion(2, 'broken');
    await loaded(server, 2n, 'END');
    const [newer] = server.states.getVersionStates('m');
    expect(newer?.health?.message).toBe('A request that an earlier version answered fails on the new one: no kernel');
    expect(await ask(server, [1])).toEqual([2.5]);
  } finally {
    await server.destroy();
  }
});

const call = (values: readonly number[], signatureName = 's'): InferenceCall => ({
  signatureName,
  inputs: new Map([['x', tensor([...values])]]),
  outputFilter: [],
});

test('the sample has bounds in requests of each signature and in bytes, and each call the same chance', () => {
  // Numbers that are not random: a linear congruential generator.
  let seed = 1;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const kept = new Map<number, number>();
  for (let round = 0; round < 400; round += 1) {
    const sample = new TrafficSample('m', { maxRequests: 4, maxBytes: 10_000 }, random);
    for (let index = 0; index < 20; index += 1) {
      const candidate = sample.consider(call([index]));
      if (candidate) sample.take(candidate);
      if (index === 2) expect(sample.records).toHaveLength(3);
    }
    const other = sample.consider(call([0], 'other'))!;
    sample.take(other);
    expect(sample.records).toHaveLength(5);
    expect(sample.bytes).toBe(sample.records.reduce((sum, { length }) => sum + length, 0));
    for (const record of sample.records.slice(0, 4)) {
      const log = fromBinary(PredictionLogSchema, record).logType.value as {
        request: { inputs: Record<string, { tensorContent: Uint8Array }> };
      };
      const [value] = new Float32Array(Uint8Array.from(log.request.inputs['x']!.tensorContent).buffer);
      kept.set(value!, (kept.get(value!) ?? 0) + 1);
    }
  }
  // 400 rounds of 4 in 20: 80 for each, give or take five standard deviations of 8.
  expect(kept.size).toBe(20);
  for (const count of kept.values()) expect(Math.abs(count - 80)).toBeLessThan(40);
});

test('a call that does not fit is left out, and the others stay', () => {
  const sample = new TrafficSample('m', { maxRequests: 10, maxBytes: 300 });
  expect(sample.consider(call(Array.from({ length: 100 }, () => 0)))).toBeUndefined();
  for (let index = 0; index < 10; index += 1) sample.take(sample.consider(call([index]))!);
  expect(sample.bytes).toBeLessThanOrEqual(300);
  expect(sample.records.length).toBeGreaterThan(2);
});

test.each([
  [{ maxRequests: 0 }, 'warmupFromTraffic.maxRequests must be a whole number from 1 to 1000; got 0'],
  [{ maxBytes: 1.5 }, 'warmupFromTraffic.maxBytes must be a whole number from 1 to 2147483647; got 1.5'],
  [{ directory: 'here' }, "warmupFromTraffic.directory must be an absolute path; got 'here'"],
  [{ size: 1 }, 'warmupFromTraffic has no size; it takes maxRequests, maxBytes, directory'],
  ['yes', 'warmupFromTraffic must be true, false or a map of maxRequests, maxBytes, directory; got yes'],
])('%o is refused', (given, message) => {
  expect(() => resolveTrafficWarmup('warmupFromTraffic', given as never)).toThrow(message);
});

test('files are named after their models, whatever these are called', () => {
  expect(trafficFile('/d', '../a b')).toBe('/d/..%2Fa%20b.tfrecord');
});
