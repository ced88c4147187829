import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { grpcCaller, restPredict } from '../testing/calls.js';
import { type HalfPlusTwo, halfPlusTwoPlatform } from '../testing/half-plus-two-platform.js';
import { type ModelDirectory, modelDirectory } from '../testing/model-directory.js';
import { freePort, type TestIo, testIo } from '../testing/test-io.js';
import { version } from '../version.js';
import { dropInFlags } from './drop-in-flags.js';
import { main } from './main.js';
import type { FlagSpec } from './parse-flags.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A command that is running over a directory of models. */
interface Running {
  readonly io: TestIo;
  readonly platform: HalfPlusTwo;
  readonly directory: ModelDirectory;
  readonly exit: Promise<number>;
}

async function run(files: string[], argv: (path: string) => string[]): Promise<Running> {
  const directory = await modelDirectory(...files);
  const platform = halfPlusTwoPlatform();
  const io = testIo({ cwd: directory.path, platforms: [platform] });
  const exit = main(argv(directory.path), io);
  cleanups.push(async () => {
    io.send('SIGTERM');
    io.send('SIGTERM');
    await exit;
    await directory.remove();
  });
  return { io, platform, directory, exit };
}

async function ask(port: number, model: string): Promise<string> {
  const caller = grpcCaller(port);
  const answer = await caller.predict(model, [2]);
  caller.close();
  return answer;
}

describe('as tensorflow_model_server', () => {
  test('serves --model_base_path as --model_name and says so in the words of upstream', async () => {
    const [port, restPort] = [await freePort(), await freePort()];
    const { io, exit, directory } = await run(['half_plus_two/00000123/half_plus_two'], (path) => [
      `--port=${port}`,
      '--rest_api_port',
      String(restPort),
      '--model_name=half_plus_two',
      `--model_base_path=${join(path, 'half_plus_two')}`,
    ]);
    await io.untilLogged(/Exporting HTTP/);
    expect(await ask(port, 'half_plus_two')).toBe('123:3');
    expect(await restPredict(restPort, 'half_plus_two', [2, 3, 4])).toEqual([200, { predictions: [3, 3.5, 4] }]);
    io.send('SIGTERM');
    expect(await exit).toBe(0);
    const messages = io.err.map((line) => line.replace(/^.*? servable\] /, '').trimEnd());
    const base = join(directory.path, 'half_plus_two');
    expect(messages).toEqual([
      `Building single TensorFlow model file config:  model_name: half_plus_two model_base_path: ${base}`,
      'Adding/updating models.',
      ' (Re-)adding model: half_plus_two',
      'Successfully reserved resources to load servable {name: half_plus_two version: 123}',
      'Approving load for servable version {name: half_plus_two version: 123}',
      'Loading servable version {name: half_plus_two version: 123}',
      'Successfully loaded servable version {name: half_plus_two version: 123}',
      'Finished adding/updating models',
      'Using InsecureServerCredentials',
      `Running gRPC ModelServer at 0.0.0.0:${port} ...`,
      `Exporting HTTP/REST API at:localhost:${restPort} ...`,
      'Received SIGTERM: draining; a second signal cuts what is still running',
      'Unload all remaining servables in the manager.',
      'Quiescing servable version {name: half_plus_two version: 123}',
      'Done quiescing servable version {name: half_plus_two version: 123}',
      'Done unloading servable version {name: half_plus_two version: 123}',
    ]);
    expect(io.out).toEqual([]);
  });

  test('keeps its ports closed until a version appears, warning at each look', async () => {
    const port = await freePort();
    const { io, directory } = await run(['m/not-a-version/half_plus_two'], (path) => [
      `--port=${port}`,
      `--model_base_path=${join(path, 'm')}`,
    ]);
    await io.untilLogged(/No versions of servable default found under base path/);
    expect(await ask(port, 'default')).toContain('UNAVAILABLE');
    await directory.add('m/1/half_plus_two');
    await io.untilLogged(/Running gRPC ModelServer/);
    expect(await ask(port, 'default')).toBe('1:3');
  });

  test('a signal ends the wait for a version', async () => {
    const { io, exit } = await run([], (path) => ['--port=8500', `--model_base_path=${path}`]);
    await io.untilLogged(/No versions of servable default/);
    io.send('SIGINT');
    expect(await exit).toBe(0);
  });

  test('a model that cannot be loaded is a failed start', async () => {
    const { io, exit } = await run(['m/1/no_model'], (path) => [
      '--port=8500',
      `--model_base_path=${join(path, 'm')}`,
      '--max_num_load_retries=0',
    ]);
    expect(await exit).toBe(255);
    expect(io.out.join('')).toMatch(
      /^Failed to start server\. Error: UNKNOWN: 1 servable\(s\) did not become available: \{\{\{name: default version: 1\} due to error: NOT_FOUND: Specified file path/,
    );
  });

  test('a taken port is a failed start that names the port and the flag', async () => {
    const taken = createNetServer();
    await new Promise<void>((resolve) => taken.listen(0, '0.0.0.0', resolve));
    cleanups.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const { io, exit } = await run(['m/1/half_plus_two'], (path) => [
      `--port=${port}`,
      `--model_base_path=${join(path, 'm')}`,
    ]);
    expect(await exit).toBe(255);
    expect(io.out.join('')).toBe(
      `Failed to start server. Error: UNAVAILABLE: gRPC port ${port} is already in use ` +
        `(EADDRINUSE at 0.0.0.0:${port}); choose another one with --port\n`,
    );
  });

  test('REST on the port of gRPC is left out, with an error in the log', async () => {
    const port = await freePort();
    const { io } = await run(['m/1/half_plus_two'], (path) => [
      `--port=${port}`,
      `--rest_api_port=${port}`,
      `--model_base_path=${join(path, 'm')}`,
    ]);
    await io.untilLogged(/Running gRPC ModelServer/);
    expect(await ask(port, 'default')).toBe('1:3');
    expect(io.err.join('')).toContain('E servable] server_options.http_port cannot be same as grpc_port.');
  });

  test.each([
    [
      ['--port=0', '--model_base_path=/m'],
      'INVALID_ARGUMENT: At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.',
    ],
    [
      ['--port=8500'],
      'INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config_file are empty!',
    ],
    [
      ['--model_base_path=models/m'],
      'INVALID_ARGUMENT: Expected model default to have an absolute path or URI; got base_path()=models/m',
    ],
  ])('%j is a failed start', async (argv, message) => {
    const io = testIo();
    expect(await main(argv, io)).toBe(255);
    expect(io.out).toEqual([`Failed to start server. Error: ${message}\n`]);
  });

  test.each([
    ['--model_nme=m', 'unknown argument: --model_nme=m; did you mean --model_name?'],
    ['--port=eight', "Couldn't interpret value eight for flag port. Expected int32."],
  ])('%s is refused on stderr, with the usage on stdout', async (argument, message) => {
    const io = testIo();
    expect(await main(['--port=8500', argument], io)).toBe(255);
    expect(io.err).toEqual([`${message}\n`]);
    expect(io.out.join('')).toMatch(/^usage: tensorflow_model_server\nFlags:/);
  });

  test('every flag of upstream is accepted, and one that does nothing says so in one line', async () => {
    const argument = (name: string, { type, default: value }: FlagSpec): string =>
      type === 'string' ? `--${name}=text` : `--${name}=${value}`;
    const ignored = Object.entries<FlagSpec>(dropInFlags).filter(([, spec]) => spec.ignored !== undefined);
    const io = testIo();
    expect(await main([...ignored.map(([name, spec]) => argument(name, spec)), '--port=0'], io)).toBe(255);
    expect(io.err.map((line) => line.replace(/^.*? servable\] /, ''))).toEqual(
      ignored.map(([name, spec]) => `--${name} has no effect: ${spec.ignored}\n`),
    );
    expect(ignored.length).toBeGreaterThan(10);
  });

  test('--version prints two lines and ends with 0, whatever else is missing', async () => {
    const io = testIo();
    expect(await main(['--version'], io)).toBe(0);
    expect(io.out.join('')).toBe(
      `TensorFlow ModelServer: ${version}+servable\nTensorFlow Library: none (Servable ${version})\n`,
    );
  });

  test('--help prints the flags and ends with 255, as upstream', async () => {
    const io = testIo();
    expect(await main(['--help'], io)).toBe(255);
    expect(io.out.join('')).toContain('\n  --model_name="default"  (string)\n');
  });
});

describe('as servable serve', () => {
  const grpcPortOf = async (io: TestIo): Promise<number> =>
    Number((await io.untilLogged(/Running gRPC ModelServer at 127\.0\.0\.1:(\d+) /))[1]);

  test('serves every model below a relative directory', async () => {
    const { io } = await run(['models/a/1/half_plus_two', 'models/b/half_plus_two'], () => [
      'serve',
      'models',
      '--port=0',
      '--rest-port',
      '0',
    ]);
    const port = await grpcPortOf(io);
    await io.untilLogged(/Successfully loaded servable version \{name: a version: 1\}/);
    await io.untilLogged(/Successfully loaded servable version \{name: b version: 1\}/);
    expect([await ask(port, 'a'), await ask(port, 'b')]).toEqual(['1:3', '1:3']);
  });

  test('opens its ports at once and answers UNAVAILABLE until the model is loaded', async () => {
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const directory = await modelDirectory('m/1/half_plus_two');
    const platform = halfPlusTwoPlatform();
    platform.beforeLoad = () => opened;
    const io = testIo({ cwd: directory.path, platforms: [platform] });
    const exit = main(['serve', 'm', '--port=0', '--rest-port=0'], io);
    const port = await grpcPortOf(io);
    expect(await ask(port, 'm')).toBe('UNAVAILABLE: Model m is not ready: no version of it has been loaded yet');
    open();
    await io.untilLogged(/Successfully loaded servable version/);
    expect(await ask(port, 'm')).toBe('1:3');
    io.send('SIGINT');
    expect(await exit).toBe(0);
    await directory.remove();
  });

  test('the first signal lets a running request end, the second cuts it', async () => {
    const { io, platform, exit } = await run(['m/1/half_plus_two'], () => ['serve', 'm', '--port=0', '--rest-port=0']);
    const port = await grpcPortOf(io);
    await io.untilLogged(/Successfully loaded servable version/);
    let entered!: () => void;
    const running = new Promise<void>((resolve) => (entered = resolve));
    platform.beforeRun = () => {
      entered();
      return new Promise(() => undefined);
    };
    const answer = ask(port, 'm');
    await running;
    io.send('SIGTERM');
    await io.untilLogged(/Received SIGTERM: draining/);
    expect(platform.unloaded).toEqual([]);
    io.send('SIGTERM');
    expect(await exit).toBe(128 + 15);
    expect(await answer).toMatch(/^(UNAVAILABLE|CANCELLED|INTERNAL): /);
  });

  test('a directory without a model ends with an error that names the path', async () => {
    const { io, exit, directory } = await run(['empty/notes'], () => ['serve', 'empty']);
    expect(await exit).toBe(1);
    expect(io.err.join('')).toContain(`servable serve: No model found in ${join(directory.path, 'empty')}: expected`);
  });

  test.each([
    [['serve'], 'servable serve takes one directory; got 0'],
    [['serve', 'a', 'b'], 'servable serve takes one directory; got 2'],
    [['serve', 'a', '--prot=1'], 'unknown argument: --prot=1; did you mean --port?'],
    [['serve', 'a', '--port=70000'], 'No model found'],
  ])('%j is refused', async (argv, message) => {
    const directory = await modelDirectory('a/notes');
    const io = testIo({ cwd: directory.path, platforms: [halfPlusTwoPlatform()] });
    expect(await main(argv, io)).toBeGreaterThan(0);
    expect(io.err.join('')).toContain(message);
    await directory.remove();
  });
});

test('servable version and help', async () => {
  const io = testIo();
  expect([await main(['version'], io), await main(['help'], io), await main(['serve', '--help'], io)]).toEqual([
    0, 0, 0,
  ]);
  expect(io.out[0]).toBe(`servable ${version}\n`);
  expect(io.out[1]).toMatch(/^usage: servable serve DIR/);
  expect(io.out[2]).toContain('usage: servable serve DIR');
});

test.each([
  [['sevre', 'dir'], 'Unknown command: sevre; did you mean serve?'],
  [[], 'usage: servable serve DIR'],
])('%j is refused with the usage', async (argv, message) => {
  const io = testIo();
  expect(await main(argv, io)).toBe(2);
  expect(io.err.join('')).toContain(message);
});
