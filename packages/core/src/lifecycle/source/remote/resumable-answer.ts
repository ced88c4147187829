import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { ServingError } from '../../../servable/serving-error.js';
import { storeError } from '../store/store-error.js';

/** What a web server answered, and what it takes to ask for the rest of it. */
export interface ResumableAnswer {
  readonly bytes: number;
  /** The bytes from `start` to the end; the first time, from the start, those of the answer itself. */
  read(start: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * Makes an answer one that can be gone on with, where the server said its length and something that tells whether it is
 * still the same: an ETag that is not weak, or a date. Whether the server knows ranges is seen when one is asked for: from
 * one that sends everything again, what is there already is skipped.
 *
 * @param what - the address, without secrets
 * @returns `undefined` where it cannot be gone on with
 */
export function resumableAnswer(url: string, answer: Response, what: string): ResumableAnswer | undefined {
  const bytes = Number(answer.headers.get('content-length') ?? Number.NaN);
  const validator = validatorOf(answer);
  // What was encoded on the way has another length than what is read.
  if (validator === undefined || !Number.isSafeInteger(bytes) || answer.headers.has('content-encoding'))
    return undefined;
  let first: Response | undefined = answer;
  return {
    bytes,
    async read(start, signal) {
      const given = first;
      first = undefined;
      if (given && start === 0) return chunks(given, signal);
      await given?.body?.cancel();
      const headers = start > 0 ? { ...plain, range: `bytes=${start}-`, 'if-range': validator } : plain;
      const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
        throw storeError((error as Error).cause ?? error, `read ${what}`);
      });
      const { status, statusText } = response;
      if (status !== 200 && status !== 206) {
        await response.body?.cancel();
        throw storeError(Object.assign(new Error(statusText), { statusCode: status }), `read ${what}`);
      }
      const from = status === 206 ? Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]) : 0;
      if (validatorOf(response) !== validator || !(from <= start)) {
        await response.body?.cancel();
        throw new ServingError('ABORTED', 'OBJECT_CHANGED', `${what} changed while it was downloaded`);
      }
      return from === start ? chunks(response, signal) : skip(chunks(response, signal), start - from);
    },
  };
}

/** Headers of all requests: an encoding on the way would make ranges those of something else. */
export const plain: Readonly<Record<string, string>> = { 'accept-encoding': 'identity' };

function validatorOf({ headers }: Response): string | undefined {
  const etag = headers.get('etag');
  return (etag?.startsWith('W/') ? undefined : etag) ?? headers.get('last-modified') ?? undefined;
}

function chunks({ body }: Response, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return Readable.fromWeb(body as ReadableStream<Uint8Array>, { signal });
}

async function* skip(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of body) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
