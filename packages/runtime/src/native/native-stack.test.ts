import koffi from 'koffi';
import { expect, it } from 'vitest';
import { prepareRuntime } from './ort-env.js';

it('is refused when other code has fixed stacks that are too small for the engine', () => {
  koffi.load(process.platform === 'win32' ? 'msvcrt.dll' : null);
  expect(() => prepareRuntime()).toThrow(
    expect.objectContaining({
      code: 'FAILED_PRECONDITION',
      reason: 'NATIVE_STACK_TOO_SMALL',
      message: expect.stringContaining('call prepareRuntime() before') as string,
    }) as Error,
  );
});
