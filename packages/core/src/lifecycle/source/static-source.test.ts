import { expect, test } from 'vitest';
import { StaticSource } from './static-source.js';

test('each stream is told its list once, on connecting', () => {
  const version = (name: string, number: bigint) => ({ id: { name, version: number }, data: `${name}/${number}` });
  const source = new StaticSource([version('a', 1n), version('b', 5n), version('a', 2n)]);
  const told: unknown[] = [];
  const target = { setAspiredVersions: (...call: unknown[]) => void told.push(call) };
  source.connect(target);
  expect(told).toEqual([
    ['a', [version('a', 1n), version('a', 2n)]],
    ['b', [version('b', 5n)]],
  ]);
  expect(() => source.connect(target)).toThrow('connected to a target already');
});
