import { ServingError } from '../../servable/serving-error.js';

/**
 * Brings whatever a request ended with into the shape that transports send. Besides `ServingError.from`, it knows the
 * two errors that `AbortSignal` makes by itself: an abort is CANCELLED, a timeout DEADLINE_EXCEEDED.
 */
export function servingErrorOf(error: unknown): ServingError {
  if (error instanceof Error) {
    if (error.name === 'AbortError') return new ServingError('CANCELLED', 'CANCELLED', error.message, { cause: error });
    if (error.name === 'TimeoutError') {
      return new ServingError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', error.message, { cause: error });
    }
  }
  return ServingError.from(error);
}
