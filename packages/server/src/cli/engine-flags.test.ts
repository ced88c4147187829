import { expect, test } from 'vitest';
import { engineFlags } from './engine-flags.js';

const names = { executionProviders: '--execution_providers', instances: '--instances' };
const read = (providers: string, instances = '') => engineFlags(providers, instances, names);

test('execution providers are names, or a JSON list', () => {
  expect(read('')).toEqual({});
  expect(read('cuda, cpu')).toEqual({ executionProviders: ['cuda', 'cpu'] });
  expect(read('[{"name": "cuda", "deviceId": 1}, "cpu"]')).toEqual({
    executionProviders: [{ name: 'cuda', deviceId: 1 }, 'cpu'],
  });
  expect(() => read('[cuda]')).toThrow('--execution_providers begins as a JSON list, but is none: ');
});

test('instances are a number or per-device', () => {
  expect([read('', '4'), read('', 'per-device')]).toEqual([{ instances: 4 }, { instances: 'per-device' }]);
  expect(() => read('', 'all')).toThrow("--instances must be a number or per-device; got 'all'");
});
