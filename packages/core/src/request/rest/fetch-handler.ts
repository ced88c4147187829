import { bodyTooLarge, createRestApi } from './rest-handler.js';
import type { RestResponse } from './rest-message.js';
import type { RestOptions } from './rest-options.js';

/**
 * The REST API as a `fetch` handler, for tests and for runtimes that speak in `Request` and `Response`.
 *
 * A `Request` has its URL normalized by the platform (dot segments are resolved, for example); `nodeHttpListener` sees
 * the path as it was sent, and costs less.
 *
 * @example
 * ```ts
 * const handle = createRestFetchHandler({ provider: manager, states: monitor });
 * const response = await handle(new Request('http://localhost/v1/models/resnet'));
 * ```
 * @throws ServingError INVALID_ARGUMENT `BAD_OPTION`; the handler itself only rejects when the body cannot be read
 */
export function createRestFetchHandler(options: RestOptions): (request: Request) => Promise<Response> {
  const { handle, options: resolved } = createRestApi(options);
  const { maxBodyBytes } = resolved;
  return async (request) => {
    const body = await readBody(request, maxBodyBytes);
    if (body === undefined) return toResponse(bodyTooLarge(maxBodyBytes, undefined));
    const { pathname, search, hash } = new URL(request.url);
    const answer = await handle({
      method: request.method,
      target: pathname + search + hash,
      header: (name) => request.headers.get(name) ?? undefined,
      body,
      signal: request.signal,
    });
    return toResponse(answer);
  };
}

function toResponse({ status, headers, body }: RestResponse): Response {
  return new Response(body as Uint8Array<ArrayBuffer>, { status, headers });
}

/** The whole body, or `undefined` when it is longer than the limit. */
async function readBody({ body }: Request, limit: number): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
