import { expect, it } from 'vitest';
import { ortApi } from './ort-api.js';
import { ortEnv, prepareRuntime, type EngineOptions } from './ort-env.js';

it.each([
  [{ intraOpThreads: 0 }, 'intraOpThreads'],
  [{ interOpThreads: 2000 }, 'interOpThreads'],
  [{ allowSpinning: 1 as never }, 'allowSpinning'],
] as [EngineOptions, string][])('refuses %o before anything is loaded', (options, name) => {
  expect(() => prepareRuntime(options)).toThrow(
    expect.objectContaining({ reason: 'BAD_OPTION', message: expect.stringContaining(name) as string }) as Error,
  );
});

it('sets what all sessions share once, before the first', () => {
  prepareRuntime({ intraOpThreads: 2 });
  expect(ortApi().version).toMatch(/^1\.\d+\.\d+$/);
  const env = ortEnv();
  prepareRuntime({ intraOpThreads: 2, allowSpinning: false });
  expect(ortEnv()).toBe(env);
  expect(() => prepareRuntime({ intraOpThreads: 3 })).toThrow(
    expect.objectContaining({ code: 'FAILED_PRECONDITION', reason: 'ENGINE_STARTED' }) as Error,
  );
});
