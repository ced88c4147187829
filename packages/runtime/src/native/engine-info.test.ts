import { isAbsolute } from 'node:path';
import { expect, test } from 'vitest';
import { engineInfo } from './engine-info.js';

test('the engine says where it is, how new it is, and what it can run on', () => {
  const { path, version, providers } = engineInfo();
  expect([isAbsolute(path), version]).toEqual([true, expect.stringMatching(/^1\.\d+\.\d+$/)]);
  expect(providers).toContain('CPUExecutionProvider');
  expect(providers.filter((name) => !/^[A-Za-z]+ExecutionProvider$/.test(name))).toEqual([]);
});
