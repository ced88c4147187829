import { expect, test } from 'vitest';
import { createJsonLogger } from './json-logger.js';

test('a message is a line of JSON with its fields', () => {
  const lines: string[] = [];
  const logger = createJsonLogger({ write: (line) => void lines.push(line), now: () => new Date(1234) });
  logger.debug('unheard');
  logger.warning('Slow\nrequest', { request_id: 'a"b', version: 3n, latency_ms: 1.5, signature: undefined });
  logger.error('clash', { level: 'mine', msg: 'mine' });
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 40, time: 1234, pid: process.pid, request_id: 'a"b', version: '3', latency_ms: 1.5, msg: 'Slow\nrequest' },
    { level: 50, time: 1234, pid: process.pid, msg: 'clash' },
  ]);
});
