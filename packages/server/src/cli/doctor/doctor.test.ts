import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { freePort, testIo } from '../../testing/test-io.js';
import { version } from '../../version.js';
import { main } from '../main.js';
import type { Check } from './check.js';
import { checkThreads } from './check-devices.js';
import { checkNode } from './check-machine.js';

interface Report {
  readonly version: string;
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

afterEach(() => vi.unstubAllEnvs());

async function doctor(...argv: string[]): Promise<{ status: number; report: Report }> {
  const io = testIo();
  const status = await main(['doctor', '--json', ...argv], io);
  return { status, report: JSON.parse(io.out.join('')) as Report };
}
const check = ({ checks }: Report, name: string) => checks.find((each) => each.name === name);

// First, as a library that was loaded once stays loaded.
test('a missing engine is an error that says what to do', async () => {
  vi.stubEnv('SERVABLE_ONNXRUNTIME_PATH', '/nowhere/libonnxruntime.so');
  const { status, report } = await doctor();
  expect([status, report.ok]).toEqual([1, false]);
  expect(check(report, 'engine')).toMatchObject({
    status: 'error',
    advice: expect.stringContaining('given /nowhere/libonnxruntime.so, which does not exist') as string,
    details: { reason: 'ONNXRUNTIME_PATH_INVALID' },
  });
});

test('finds the engine with its execution providers, and says how many cores and how much memory there is', async () => {
  const [port, restPort] = [await freePort(), await freePort()];
  vi.stubEnv('LIBTENSORFLOW_PATH', '/nowhere');
  const { status, report } = await doctor(`--port=${port}`, `--rest-port=${restPort}`);
  expect([status, report.ok, report.version]).toEqual([0, true, version]);
  expect(report.checks.map(({ name }) => name)).toEqual([
    'node',
    'platform',
    'cpu',
    'memory',
    'engine',
    'devices',
    'threads',
    'tensorflow',
    'grpc_port',
    'rest_port',
  ]);
  expect(check(report, 'engine')?.details?.['providers']).toContain('CPUExecutionProvider');
  expect(check(report, 'devices')?.details?.['devices']).toContainEqual(
    expect.objectContaining({ provider: 'CPUExecutionProvider', type: 'cpu' }),
  );
  expect(check(report, 'cpu')?.details?.['cores']).toBeGreaterThan(0);
  expect(check(report, 'memory')?.details?.['totalBytes']).toBeGreaterThan(1e8);
  expect(check(report, 'grpc_port')?.details).toEqual({ port, free: true });
  // Not needed, but it was asked for.
  expect(check(report, 'tensorflow')).toMatchObject({
    status: 'warning',
    details: { reason: 'TENSORFLOW_PATH_INVALID' },
  });
});

test('a port that is taken is a warning that names the flag', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { status, report } = await doctor(`--rest-port=${port}`);
  expect([status, check(report, 'rest_port')]).toEqual([
    0,
    expect.objectContaining({
      status: 'warning',
      found: `${port} cannot be used (EADDRINUSE)`,
      advice: expect.stringContaining('--rest-port') as string,
    }),
  ]);
  await new Promise((resolve) => server.close(resolve));
});

test('tries the execution providers that it is given, and says what to install', async () => {
  const { status, report } = await doctor('--execution-providers=cuda,cpu', `--port=${await freePort()}`);
  expect([status, report.ok]).toEqual([1, false]);
  expect(check(report, 'provider_cuda')).toMatchObject({
    status: 'error',
    advice: expect.stringContaining('pip install onnxruntime-gpu==') as string,
    details: { provider: 'cuda', reason: 'EXECUTION_PROVIDER_MISSING' },
  });
  expect(check(report, 'provider_cpu')).toMatchObject({ status: 'ok', found: 'usable' });
});

test('threads: one of the pool is not for calls of models', () => {
  expect(checkThreads('9').details).toMatchObject({ poolThreads: 9, concurrentCalls: 8 });
  expect(checkThreads(undefined).details).toMatchObject({ poolThreads: 4, concurrentCalls: 3 });
  expect(checkThreads('1').details).toMatchObject({ poolThreads: 1, concurrentCalls: 1 });
});

test('prints one line for each check', async () => {
  const io = testIo();
  expect(await main(['doctor', `--port=${await freePort()}`, `--rest-port=${await freePort()}`], io)).toBe(0);
  const lines = io.out.join('').trimEnd().split('\n');
  expect(lines[0]).toBe(`Servable ${version}`);
  expect(lines).toContain(`ok      Node        ${process.versions.node}`);
  expect(lines.find((line) => line.includes('Engine'))).toMatch(/ONNX Runtime 1\.\d+\.\d+ with .*CPUExecutionProvider/);
  expect(lines.at(-1)).toBe('Models can be served here.');
});

test('a Node that is too old is an error', () => {
  expect([checkNode('20.18.3').status, checkNode('18.20.0').status]).toEqual(['error', 'error']);
  expect([checkNode('20.19.0').status, checkNode('24.0.0').status]).toEqual(['ok', 'ok']);
});

test.each([
  [['extra'], 'servable doctor takes no arguments; got extra'],
  [['--execution-providers=gpu'], 'Bad option --execution-providers[0].name: expected one of cpu, cuda'],
  [['--execution-providers=[gpu'], '--execution-providers begins as a JSON list, but is none'],
  [['--port=70000'], 'Flag --port needs a port from 0 to 65535; got 70000'],
])('%j is refused', async (argv, message) => {
  const io = testIo();
  expect(await main(['doctor', ...argv], io)).toBe(2);
  expect(io.err.join('')).toContain(message);
});
