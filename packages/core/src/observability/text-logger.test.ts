import { expect, test } from 'vitest';
import { createTextLogger } from './text-logger.js';

function logged(level?: 'debug' | 'info' | 'warning' | 'error'): string[] {
  const lines: string[] = [];
  const now = (): Date => new Date(Date.UTC(2026, 0, 31, 9, 15, 2, 123));
  const logger = createTextLogger({ level, now, write: (line) => lines.push(line) });
  logger.debug('one');
  logger.info('two');
  logger.warning('three');
  logger.error('four');
  return lines;
}

test('a line has the time, a letter for the level and the message', () => {
  expect(logged()).toEqual([
    '2026-01-31 09:15:02.123000: I servable] two\n',
    '2026-01-31 09:15:02.123000: W servable] three\n',
    '2026-01-31 09:15:02.123000: E servable] four\n',
  ]);
});

test('lower levels than the one chosen are not written', () => {
  expect(logged('error')).toEqual(['2026-01-31 09:15:02.123000: E servable] four\n']);
  expect(logged('debug')).toHaveLength(4);
});

test('fields stand at the end of the line', () => {
  const lines: string[] = [];
  const logger = createTextLogger({ write: (line) => void lines.push(line), now: () => new Date(0) });
  logger.info('Slow request', { id: 'a-1', version: 3n, none: undefined, text: 'two words\n', empty: '' });
  expect(lines).toEqual([
    '1970-01-01 00:00:00.000000: I servable] Slow request id=a-1 version=3 text="two words\\n" empty=""\n',
  ]);
});
