import { expect, test } from 'vitest';
import type { LogFields, Logger, LogLevel } from '../servable/logger.js';
import type { RequestRecord } from '../servable/request-record.js';
import { ManualClock } from '../servable/testing/manual-clock.js';
import { requestLog } from './request-log.js';

function memoryLogger() {
  const lines: [LogLevel, string, LogFields | undefined][] = [];
  const to = (level: LogLevel) => (message: string, fields?: LogFields) => void lines.push([level, message, fields]);
  const logger: Logger = { debug: to('debug'), info: to('info'), warning: to('warning'), error: to('error') };
  return { lines, logger };
}

const record = (fields: Partial<RequestRecord>): RequestRecord => ({
  requestId: 'abc',
  entrypoint: 'GRPC',
  method: 'Predict',
  modelName: 'm',
  version: 3n,
  signatureName: 'serving_default',
  code: 'OK',
  reason: '',
  message: '',
  requestBytes: 100,
  responseBytes: 10,
  exampleCount: undefined,
  latencyMicros: 1500,
  queueMicros: 0,
  runMicros: 1200,
  ...fields,
});

test('slow requests are warnings with their id, times and sizes', () => {
  const { lines, logger } = memoryLogger();
  const observe = requestLog({ logger, slowRequestMs: 2 });
  observe(record({}));
  observe(record({ latencyMicros: 2000, queueMicros: 300 }));
  expect(lines.map(([level, message]) => [level, message])).toEqual([
    ['debug', 'Request'],
    ['warning', 'Slow request'],
  ]);
  expect(lines[1]![2]).toEqual({
    request_id: 'abc',
    entrypoint: 'GRPC',
    method: 'Predict',
    model: 'm',
    version: 3n,
    signature: 'serving_default',
    code: 'OK',
    latency_ms: 2,
    queue_ms: 0.3,
    run_ms: 1.2,
    request_bytes: 100,
    response_bytes: 10,
  });
});

test('failures of the server are errors, those of callers are not worth a line', () => {
  const { lines, logger } = memoryLogger();
  const observe = requestLog({ logger });
  observe(record({ code: 'INTERNAL', reason: 'ENGINE', message: 'x'.repeat(10_000) }));
  observe(record({ code: 'INVALID_ARGUMENT', reason: 'INPUT', message: 'bad' }));
  expect(lines.map(([level]) => level)).toEqual(['error', 'debug']);
  expect(lines[0]![2]).toMatchObject({ code: 'INTERNAL', reason: 'ENGINE', error: 'x'.repeat(512) });
});

test('a flood of lines is cut, and counted', () => {
  const { lines, logger } = memoryLogger();
  const clock = new ManualClock();
  const observe = requestLog({ logger, slowRequestMs: 1, maxLinesPerSecond: 3, clock });
  for (let request = 0; request < 10; request++) observe(record({}));
  expect(lines).toHaveLength(3);
  clock.advance(1000);
  observe(record({}));
  observe(record({}));
  expect(lines.map(([, , fields]) => fields?.['suppressed_lines'])).toEqual([
    undefined,
    undefined,
    undefined,
    7,
    undefined,
  ]);
});

test('a limit that is no limit is refused', () => {
  const { logger } = memoryLogger();
  expect(() => requestLog({ logger, slowRequestMs: 0 })).toThrow(
    'Bad option slowRequestMs: expected more than 0, given 0',
  );
  expect(() => requestLog({ logger, maxLinesPerSecond: NaN })).toThrow(/^Bad option maxLinesPerSecond/);
});
