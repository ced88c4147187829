import { expect, test } from 'vitest';
import { inlineExecutor, LimitedExecutor } from './executor.js';
import { settled } from './testing/puppet-loader.js';

test('a limited executor starts tasks in order, so many at a time, and a failed task frees its place', async () => {
  const executor = new LimitedExecutor(2);
  const log: string[] = [];
  const tasks = ['a', 'b', 'c', 'd'].map((name) => {
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    const end = new Promise<void>((...settle) => ([resolve, reject] = settle));
    const result = executor.run(() => {
      log.push(name);
      return end;
    });
    return { resolve, reject, result };
  });
  await settled();
  expect(log).toEqual(['a', 'b']);
  tasks[1]!.reject(new Error('broken'));
  await expect(tasks[1]!.result).rejects.toThrow('broken');
  await settled();
  expect(log).toEqual(['a', 'b', 'c']);
  tasks[0]!.resolve();
  tasks[2]!.resolve();
  await settled();
  expect(log).toEqual(['a', 'b', 'c', 'd']);
  tasks[3]!.resolve();
  expect(await executor.run(async () => 'again')).toBe('again');
});

test('the inline executor starts at once', () => {
  let started = false;
  void inlineExecutor.run(async () => (started = true));
  expect(started).toBe(true);
});

test.each([0, -1, 1.5, Number.NaN])('a limit of %s is refused', (limit) => {
  expect(() => new LimitedExecutor(limit)).toThrow(`at least 1; got ${limit}`);
});

test('SetNumLoadThreads: a new limit counts for the tasks that wait, and running ones go on', async () => {
  const executor = new LimitedExecutor(1);
  const log: string[] = [];
  const ends: (() => void)[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    void executor.run(() => {
      log.push(name);
      return new Promise<void>((end) => ends.push(end));
    });
  }
  executor.setLimit(3);
  await settled();
  expect(log).toEqual(['a', 'b', 'c']);
  executor.setLimit(1);
  ends[0]!();
  ends[1]!();
  await settled();
  expect(log).toEqual(['a', 'b', 'c']);
  ends[2]!();
  await settled();
  expect(log).toEqual(['a', 'b', 'c', 'd']);
  ends[3]!();
  await settled();
  expect(log).toEqual(['a', 'b', 'c', 'd', 'e']);
});
