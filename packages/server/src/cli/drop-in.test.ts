import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { grpcCaller, reloadConfig } from '../testing/calls.js';
import { halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { type ModelDirectory, modelDirectory } from '../testing/model-directory.js';
import { freePort, type TestIo, testIo } from '../testing/test-io.js';
import { dropIn } from './drop-in.js';

const cleanups: (() => unknown)[] = [];
let directory: ModelDirectory;
let io: TestIo;
beforeEach(async () => {
  directory = await modelDirectory('a/1/half_plus_two', 'b/2/half_plus_two');
  io = testIo({ cwd: directory.path, platforms: [halfPlusTwoPlatform()] });
  cleanups.push(() => directory.remove());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs the program; it is ended after the test. */
function run(...argv: string[]): Promise<number> {
  const exit = dropIn(argv, { io });
  cleanups.push(async () => {
    io.send('SIGTERM');
    io.send('SIGTERM');
    await exit;
  });
  return exit;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(directory.path, name);
  await writeFile(path, text);
  return path;
}

const model = (name: string, rest = ''): string =>
  `config { name: "${name}" base_path: "${join(directory.path, name)}" model_platform: "half_plus_two" ${rest} }`;

async function ask(target: number | string, name: string, label?: string): Promise<string> {
  const caller = grpcCaller(target);
  const answer = await caller.predict(name, [2], label);
  caller.close();
  return answer;
}

test('testGoodModelConfig and HandleReloadConfigRequest: models and labels of a file, and new ones', async () => {
  const label = 'version_labels { key: "stable" value: 1 }';
  const path = await file('models.config', `# models\nmodel_config_list {\n${model('a', label)}\n${model('b')}\n}\n`);
  const port = await freePort();
  const exit = run(`--port=${port}`, `--model_config_file=${path}`);
  await io.untilLogged(/Running gRPC ModelServer/);
  expect([await ask(port, 'a', 'stable'), await ask(port, 'b')]).toEqual(['1:3', '2:3']);
  expect(await reloadConfig(port, `model_config_list { ${model('b')} }`)).toBe('OK');
  await io.untilLogged(/Done unloading servable version \{name: a version: 1\}/);
  expect(
    await reloadConfig(
      port,
      'model_config_list { config { name: "c" base_path: "/c" model_platform: "half_plus_two" } }',
    ),
  ).toBe(
    `PERMISSION_DENIED: Base path /c of model c is under no directory that a client may name (${directory.path}); ` +
      '--model_root allows another one',
  );
  io.send('SIGTERM');
  expect(await exit).toBe(0);
  expect(io.err.join('')).not.toContain('Building single TensorFlow model');
});

test('testBadModelConfig: status 255, the file on stdout, the place on stderr', async () => {
  const path = await file('bad.config', 'improperly formatted file');
  expect(await run('--port=8500', `--model_config_file=${path}`)).toBe(255);
  expect(io.out).toEqual([`Failed to start server. Error: INVALID_ARGUMENT: Invalid protobuf file: '${path}'\n`]);
  expect(io.err.join('')).toContain('Error parsing text-format tensorflow.serving.ModelServerConfig: 1:1: ');
});

test('testPredictUDS: a UNIX socket alone', async () => {
  const socket = join(directory.path, 'tf-serving.sock');
  void run('--port=0', `--grpc_socket_path=${socket}`, `--model_base_path=${join(directory.path, 'a')}`);
  await io.untilLogged(/Running gRPC ModelServer at UNIX socket \S+tf-serving\.sock \.\.\./);
  expect(await ask(`unix:${socket}`, 'default')).toBe('1:3');
});

test('testGoodGrpcChannelArgs and flags that do nothing: the server answers', async () => {
  const port = await freePort();
  void run(
    `--port=${port}`,
    `--model_base_path=${join(directory.path, 'a')}`,
    '--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb,grpc.so_reuseaddr=1',
    '--enable_batching',
    '--grpc_max_threads=8',
  );
  await io.untilLogged(/Running gRPC ModelServer/);
  expect(await ask(port, 'default')).toBe('1:3');
  const log = io.err.join('');
  expect(log).toContain('--enable_batching has no effect: every request runs on its own');
  expect(log).toContain('--grpc_max_threads has no effect: ');
});

test('--log_format, --log_level and --slow_request_ms: lines of JSON, with a warning for a slow request', async () => {
  const port = await freePort();
  const flags = ['--log_format=json', '--slow_request_ms=0.001', '--enable_tracing=false'];
  void run(`--port=${port}`, `--model_base_path=${join(directory.path, 'a')}`, ...flags);
  await io.untilLogged(/"msg":"Running gRPC ModelServer at [^"]+"/);
  expect(await ask(port, 'default')).toBe('1:3');
  await io.untilLogged(/Slow request/);
  const lines = io.err.join('').trimEnd().split('\n');
  const slow = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ level }) => level === 40);
  expect(slow).toMatchObject({ msg: 'Slow request', method: 'Predict', model: 'default', version: '1', code: 'OK' });
});

test('another format of the log is refused', async () => {
  expect(await run('--log_format=xml', `--model_base_path=${directory.path}`)).toBe(255);
  expect(io.err.join('')).toContain("log.format must be one of 'text', 'json'; got 'xml'");
});

test('testPrometheusEndpoint: a MonitoringConfig opens the page on the REST port', async () => {
  const [port, restPort] = [await freePort(), await freePort()];
  const path = await file('monitoring.config', 'prometheus_config { enable: true, path: "/metrics" }');
  void run(
    `--port=${port}`,
    `--rest_api_port=${restPort}`,
    `--model_base_path=${join(directory.path, 'a')}`,
    `--monitoring_config_file=${path}`,
  );
  await io.untilLogged(/Exporting HTTP/);
  expect(await (await fetch(`http://127.0.0.1:${restPort}/metrics`)).text()).toContain('# TYPE');
});
