import { ServingError } from '../../../servable/serving-error.js';

/** A page of a listing, or the next bytes of an object, come within this, or the connection is taken for broken. */
export const silentMs = 10_000;

/**
 * What a listing gives, for as long as something comes. The SDKs would wait for minutes, or for ever, for a store that is
 * silent, or whose connection breaks in the middle of an answer.
 *
 * @param list - is given a signal to end by; may ignore it
 * @param doing - `list s3://bucket/models`, for the message
 * @throws ServingError UNAVAILABLE `STORE_SILENT`; what the listing throws; the signal's reason
 */
export async function* unlessSilent<T>(
  list: (signal: AbortSignal) => AsyncIterable<T>,
  doing: string,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  const items = list(either)[Symbol.asyncIterator]();
  for (;;) {
    const next = await unlessAborted(items.next(), either, () =>
      silence.abort(
        new ServingError('UNAVAILABLE', 'STORE_SILENT', `Cannot ${doing}: no answer within ${silentMs / 1000} seconds`),
      ),
    );
    if (next.done) return;
    yield next.value;
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, onSilence: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(onSilence, silentMs);
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', refuse);
    };
    const refuse = (): void => {
      end();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', refuse, { once: true });
    if (signal.aborted) refuse();
    // Also where it settles long after: a rejection that nobody waits for would end the process.
    promise.finally(end).then(resolve, reject);
  });
}
