import { expect, test } from 'vitest';
import { ServingError } from './serving-error.js';

const brief = (error: unknown) => {
  const { code, reason, message } = ServingError.from(error);
  return { code, reason, message };
};

test('errors of other packages keep their code, reason and text', () => {
  const foreign = Object.assign(new Error('no space'), { code: 'RESOURCE_EXHAUSTED', reason: 'DISK' });
  expect(brief(foreign)).toEqual({ code: 'RESOURCE_EXHAUSTED', reason: 'DISK', message: 'no space' });
  expect(ServingError.from(foreign).cause).toBe(foreign);
  const own = new ServingError('NOT_FOUND', 'X', 'gone');
  expect(ServingError.from(own)).toBe(own);
});

test("an abort signal's own errors are a cancellation and a deadline", () => {
  expect(brief(AbortSignal.abort().reason)).toMatchObject({ code: 'CANCELLED', reason: 'CANCELLED' });
  expect(brief(new DOMException('late', 'TimeoutError'))).toEqual({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DEADLINE_EXCEEDED',
    message: 'late',
  });
});

test('anything else is internal', () => {
  expect(brief(new TypeError('bug'))).toEqual({ code: 'INTERNAL', reason: 'UNEXPECTED', message: 'bug' });
  expect(brief(Object.assign(new Error('no file'), { code: 'ENOENT' }))).toMatchObject({ code: 'INTERNAL' });
  expect(brief('text')).toEqual({ code: 'INTERNAL', reason: 'UNEXPECTED', message: 'text' });
});
