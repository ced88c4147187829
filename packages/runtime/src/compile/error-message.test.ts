import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { SavedModelError } from '@servable/savedmodel';
import { TensorError } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../runtime-error.js';
import { errorFromMessage, errorToMessage, type ErrorMessage } from './error-message.js';

/** What arrives at the other end of a channel. */
function sent(thrown: unknown): Error & Record<string, unknown> {
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(errorToMessage(thrown));
    const { message } = receiveMessageOnPort(port2) as { message: ErrorMessage };
    return errorFromMessage(message) as Error & Record<string, unknown>;
  } finally {
    port1.close();
  }
}

describe('an error that crosses threads', () => {
  it('keeps all that a SavedModelError says', () => {
    const error = new SavedModelError('UNIMPLEMENTED', 'UNKNOWN_OP', 'Op X is not supported', {
      file: '/m/variables',
      offset: 2 ** 40,
      op: 'X',
      node: 'a/b',
      cause: new RangeError('inner'),
    });
    const given = sent(error);
    expect(given).toBeInstanceOf(SavedModelError);
    expect({ ...given }).toEqual({ ...error });
    expect([given.message, given.name, given.stack]).toEqual([error.message, error.name, error.stack]);
    expect(given.cause).toMatchObject({ name: 'RangeError', message: 'inner' });
  });

  it.each([
    new RuntimeError('RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY', 'no memory', { input: 'x' }),
    new TensorError('OUT_OF_RANGE', 'SHAPE_MISMATCH', 'shapes differ', { input: 'x', cause: 'a word' }),
  ])('keeps class, code, reason and input of a $name', (error) => {
    const given = sent(error);
    expect(given.constructor).toBe(error.constructor);
    expect({ ...given }).toEqual({ ...error });
    expect(given.message).toBe(error.message);
    expect((given.cause as Error | undefined)?.message).toBe(error.cause);
  });

  it('keeps name and code of other errors, and what is thrown as a word', () => {
    const error = Object.assign(new TypeError('bad'), { code: 'ENOSPC' });
    expect(sent(error)).toMatchObject({ name: 'TypeError', message: 'bad', code: 'ENOSPC' });
    expect(sent('a word')).toMatchObject({ name: 'Error', message: 'a word' });
  });

  it('ends a chain of causes that goes in circles', () => {
    const error = new Error('round');
    error.cause = error;
    let depth = 0;
    for (let at: unknown = sent(error); at instanceof Error; at = at.cause) depth++;
    expect(depth).toBe(9);
  });
});
