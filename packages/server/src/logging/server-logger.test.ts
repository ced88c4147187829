import { pino } from 'pino';
import { expect, test } from 'vitest';
import { requestLog, silentLogger } from '@servable/core';
import { fromPino, serverLogger } from './server-logger.js';

const lines = (): { written: string[]; write: (line: string) => void; parsed: () => unknown[] } => {
  const written: string[] = [];
  return {
    written,
    write: (line) => void written.push(line),
    parsed: () => written.map((line) => JSON.parse(line) as unknown),
  };
};

test('JSON: one object on each line, as pino has it, with the fields beside the message', () => {
  const { write, written, parsed } = lines();
  const logger = serverLogger({ format: 'json' }, write);
  logger.info('Running gRPC ModelServer at 0.0.0.0:8500 ...');
  logger.warning('Slow request', { request_id: 'a\nb', version: 2n ** 60n, latency_ms: 812.5, reason: undefined });
  logger.error('Request failed', { level: 7, msg: 'mine' });
  logger.debug('Request');
  expect(written.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
  const common = { time: expect.any(Number) as number, pid: process.pid };
  expect(parsed()).toEqual([
    { level: 30, ...common, msg: 'Running gRPC ModelServer at 0.0.0.0:8500 ...' },
    {
      level: 40,
      ...common,
      request_id: 'a\nb',
      version: '1152921504606846976',
      latency_ms: 812.5,
      msg: 'Slow request',
    },
    { level: 50, ...common, _level: 7, _msg: 'mine', msg: 'Request failed' },
  ]);
});

test('text is the default, with upstream’s lines', () => {
  const { write, written } = lines();
  serverLogger({}, write).info('Running gRPC ModelServer at 0.0.0.0:8500 ...');
  expect(written[0]).toMatch(
    /^\d{4}-\d\d-\d\d [\d:.]+: I servable\] Running gRPC ModelServer at 0\.0\.0\.0:8500 \.\.\.\n$/,
  );
});

test('levels below the least one are not even made', () => {
  const { write, parsed } = lines();
  const logger = serverLogger({ format: 'json', level: 'warning' }, write);
  logger.info('no');
  logger.warning('yes');
  expect(parsed()).toMatchObject([{ msg: 'yes', level: 40 }]);
  expect([logger.debug, logger.info]).toEqual([silentLogger.debug, silentLogger.info]);
});

test('a program’s own pino gets the requests, as children do', () => {
  const { write, parsed } = lines();
  const logger = fromPino(pino({ level: 'debug' }, { write }).child({ service: 'models' }));
  requestLog({ logger })({
    requestId: 'r',
    entrypoint: 'GRPC',
    method: 'Predict',
    modelName: 'm',
    version: 3n,
    signatureName: 's',
    code: 'OK',
    reason: '',
    message: '',
    requestBytes: 1,
    responseBytes: 2,
    exampleCount: undefined,
    latencyMicros: 1500,
    queueMicros: 0,
    runMicros: 1000,
  });
  expect(parsed()).toMatchObject([
    {
      level: 20,
      service: 'models',
      request_id: 'r',
      model: 'm',
      version: '3',
      latency_ms: 1.5,
      run_ms: 1,
      msg: 'Request',
    },
  ]);
});

test('another format or level is refused', () => {
  expect(() => serverLogger({ format: 'xml' as never })).toThrow("log.format must be one of 'text', 'json'; got 'xml'");
  expect(() => serverLogger({ level: 'loud' as never })).toThrow("'debug', 'info', 'warning', 'error'; got 'loud'");
});
