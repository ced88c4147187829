import { describe, expect, it } from 'vitest';
import { resolveSessionOptions, type SessionOptions } from './session-options.js';

describe('session options', () => {
  it('has defaults for everything', () => {
    expect(resolveSessionOptions()).toMatchObject({
      intraOpThreads: undefined,
      interOpThreads: undefined,
      parallelExecution: false,
      graphOptimizationLevel: 99,
      memoryArena: true,
      memoryPattern: true,
      logLevel: 4,
      execution: 'auto',
    });
  });

  it('turns prepacking off by the configuration of the engine, and lets own entries win', () => {
    const { config } = resolveSessionOptions({
      prepacking: false,
      config: { 'session.intra_op.allow_spinning': '1', 'session.set_denormal_as_zero': '1' },
    });
    expect(Object.fromEntries(config)).toEqual({
      'optimization.disable_specified_optimizers': 'Pad_Fusion',
      'session.disable_prepacking': '1',
      'session.intra_op.allow_spinning': '1',
      'session.inter_op.allow_spinning': '0',
      'session.set_denormal_as_zero': '1',
    });
  });

  it('keeps optimizers that change answers off when others are turned off', () => {
    const name = 'optimization.disable_specified_optimizers';
    const { config } = resolveSessionOptions({ config: { [name]: 'GeluFusion;ConvAddFusion' } });
    expect(config.get(name)).toBe('GeluFusion;ConvAddFusion;Pad_Fusion');
  });

  it.each([
    [{ intraOpThreads: 0 }, 'intraOpThreads: expected an integer from 1 to 1024, given 0'],
    [{ interOpThreads: 1.5 }, 'interOpThreads: expected an integer from 1 to 1024, given 1.5'],
    [{ graphOptimization: 'most' }, 'graphOptimization: expected one of none, basic, extended, all, given "most"'],
    [{ logSeverity: 'toString' }, 'logSeverity: expected one of verbose, info, warning, error, fatal'],
    [{ memoryArena: 'yes' }, 'memoryArena: expected a boolean, given "yes"'],
    [{ execution: 'inline' }, 'execution: expected one of auto, async, given "inline"'],
    [{ optimizedModelPath: '' }, 'optimizedModelPath: expected a path, given ""'],
    [{ config: { 'session.x': 1 } }, 'config["session.x"]: expected a string, given 1'],
  ])('refuses %o', (options, words) => {
    expect(() => resolveSessionOptions(options as SessionOptions)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        reason: 'BAD_OPTION',
        message: expect.stringContaining(words) as string,
      }) as Error,
    );
  });
});
