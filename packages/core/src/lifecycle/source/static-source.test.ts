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

test('replaced lists are told, and streams that are gone are emptied', () => {
  const version = (name: string) => ({ id: { name, version: 1n }, data: name });
  const source = new StaticSource([version('a'), version('b')]);
  const told: string[] = [];
  source.connect({ setAspiredVersions: (name, versions) => told.push(`${name}: ${versions.length}`) });
  told.length = 0;
  source.update([version('b'), version('c')]);
  expect(told).toEqual(['a: 0', 'b: 1', 'c: 1']);
});
