import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fromBinary, create, toBinary } from '@bufbuild/protobuf';
import { credentials, makeGenericClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from '@servable/protos/health';
import { afterEach, expect, test } from 'vitest';
import { grpcCaller, restPredict } from '../testing/calls.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { modelDirectory } from '../testing/model-directory.js';
import { testIo } from '../testing/test-io.js';
import { main } from './main.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const HealthClient = makeGenericClientConstructor(grpcServiceDefinition(Health, { raw: true }), 'Health');

/** `SERVING`, `NOT_SERVING`, or the code of the error. */
function grpcHealth(port: number): Promise<string> {
  const client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise((resolve) => {
    const request = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema));
    type Check = (request: Uint8Array, callback: (error: ServiceError | null, response: Buffer) => void) => void;
    (client['check'] as Check).call(client, request, (error, response) => {
      client.close();
      if (error) resolve(status[error.code]);
      else resolve(HealthCheckResponse_ServingStatus[fromBinary(HealthCheckResponseSchema, response).status]);
    });
  });
}

/** The status of a page, or `refused` for a port that takes no connection. */
async function restHealth(port: number, page: string): Promise<number | 'refused'> {
  try {
    return (await fetch(`http://127.0.0.1:${port}${page}`)).status;
  } catch {
    return 'refused';
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });

test('health tells not-ready, ready and draining on every port, and a drain refuses what is new and ends what runs', async () => {
  const directory = await modelDirectory('m/1/half_plus_two');
  const platform = halfPlusTwoPlatform();
  let endLoad!: () => void;
  platform.beforeLoad = () => new Promise((resolve) => (endLoad = resolve));
  await writeFile(
    join(directory.path, 'c.yaml'),
    'models: [{ name: m, basePath: m }]\ngrpcPort: 0\nrestPort: 0\nadminPort: 0\n',
  );
  const io = testIo({ cwd: directory.path, platforms: [platform] });
  const exit = main(['serve', '--config', 'c.yaml'], io);
  cleanups.push(async () => {
    io.send('SIGTERM');
    io.send('SIGTERM');
    await exit;
    await directory.remove();
  });
  const portOf = async (pattern: RegExp): Promise<number> => Number((await io.untilLogged(pattern))[1]);
  const admin = await portOf(/Running the admin services at [^ ]*:(\d+)/);
  const grpc = await portOf(/Running gRPC ModelServer at [^ ]*:(\d+)/);
  const rest = await portOf(/HTTP\/REST API at:localhost:(\d+)/);
  const health = () =>
    Promise.all([
      grpcHealth(grpc),
      grpcHealth(admin),
      restHealth(rest, '/v2/health/live'),
      restHealth(rest, '/v2/health/ready'),
    ]);

  expect(await health()).toEqual(['NOT_SERVING', 'NOT_SERVING', 200, 503]);
  expect((await restPredict(rest, 'm', [2]))[0]).toBe(503);
  endLoad();
  await io.untilLogged(/Successfully loaded servable version/);
  expect(await health()).toEqual(['SERVING', 'SERVING', 200, 200]);

  // One call on each of the connections that were open before the drain goes on through it.
  let endRuns!: () => void;
  const held = new Promise<void>((resolve) => (endRuns = resolve));
  let entered = 0;
  const bothRun = new Promise<void>((resolve) => {
    platform.beforeRun = () => {
      entered += 1;
      if (entered === 2) resolve();
      return held;
    };
  });
  const caller = grpcCaller(grpc);
  cleanups.push(() => caller.close());
  const running = [caller.predict('m', [2]), restPredict(rest, 'm', [4])];
  await bothRun;
  io.send('SIGTERM');
  await io.untilLogged(/Received SIGTERM: draining/);
  // The listeners are closed by the event loop, not at once.
  for (const port of [grpc, admin, rest]) while (await accepts(port)) await new Promise(setImmediate);
  expect(await health()).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'refused', 'refused']);
  expect(await caller.predict('m', [2])).toMatch(/^UNAVAILABLE: /);
  expect([platform.unloaded, entered]).toEqual([[], 2]);
  endRuns();
  expect(await Promise.all(running)).toEqual(['1:3', [200, { predictions: [4] }]]);
  expect(await exit).toBe(0);
  expect(platform.unloaded).toEqual([join(directory.path, 'm/1')]);
});
