import { expect, it } from 'vitest';
import type { TfApi } from './tf-api.js';
import { tfError, withStatus } from './tf-status.js';

it('every code of TensorFlow has its canonical name', () => {
  const names = Array.from({ length: 16 }, (_, index) => tfError(index + 1, '').code);
  expect(names).toEqual([
    'CANCELLED',
    'UNKNOWN',
    'INVALID_ARGUMENT',
    'DEADLINE_EXCEEDED',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'PERMISSION_DENIED',
    'RESOURCE_EXHAUSTED',
    'FAILED_PRECONDITION',
    'ABORTED',
    'OUT_OF_RANGE',
    'UNIMPLEMENTED',
    'INTERNAL',
    'UNAVAILABLE',
    'DATA_LOSS',
    'UNAUTHENTICATED',
  ]);
  expect(tfError(99, 'new')).toMatchObject({ code: 'UNKNOWN', reason: 'TENSORFLOW_UNKNOWN', message: 'new' });
});

/** Statuses of a library that fails calls with these codes. */
function statuses(code: number) {
  const live = new Set<bigint>();
  let next = 1n;
  const api = {
    TF_NewStatus: () => (live.add(next), next++),
    TF_DeleteStatus: (status: bigint) => void live.delete(status),
    TF_GetCode: () => code,
    TF_Message: () => 'In[0] mismatch In[1] shape',
  } as unknown as TfApi;
  return { api, live };
}

it('a call that failed throws what TensorFlow says, and every status is deleted', () => {
  const good = statuses(0);
  expect(withStatus(good.api, (status) => Number(status))).toBe(1);
  const bad = statuses(3);
  expect(() => withStatus(bad.api, () => undefined)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      reason: 'TENSORFLOW_INVALID_ARGUMENT',
      message: 'In[0] mismatch In[1] shape',
    }) as Error,
  );
  const broken = statuses(0);
  expect(() =>
    withStatus(broken.api, () => {
      throw new TypeError('not a pointer');
    }),
  ).toThrow(TypeError);
  expect([good.live.size, bad.live.size, broken.live.size]).toEqual([0, 0, 0]);
});
