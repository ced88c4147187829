import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientCertificate } from '../access/client-certificate.js';
import { webListener } from '../web/web-listener.js';
import { refuseByHead } from './refuse-by-head.js';
import { bodyTooLarge, createRestApi, errorResponse, type RestApi } from './rest-handler.js';
import type { RestHandler, RestHead, RestRequest, RestResponse } from './rest-message.js';
import type { RestOptions } from './rest-options.js';
import { bodiesOverBudget } from './with-body.js';

/** How much of a refused body is read before the connection is closed on the caller. */
const maxDroppedBytes = 2 ** 24;
/** Bodies up to this size are there about when their headers are. */
const longBodyBytes = 2 ** 16;

/**
 * The REST API as a listener of `node:http` servers.
 *
 * Bodies over `limits.maxBodyBytes` are refused with 413 as soon as that is known, and the connection is closed. Long ones
 * are not kept when the headers suffice to refuse the request, for want of leave or of room. A caller that goes away
 * aborts the run of its request.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 *
 * createServer(nodeHttpListener({ provider: manager, states: monitor })).listen(8501);
 * ```
 * @throws ServingError INVALID_ARGUMENT `BAD_OPTION`
 */
export function nodeHttpListener(options: RestOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const api = createRestApi(options);
  const web = options.web && webListener(api.options, options.web);
  return (request, response) => {
    if (web?.owns(request.url ?? '')) web.listen(request, response);
    else readBody(request, response, api);
  };
}

function readBody(request: IncomingMessage, response: ServerResponse, api: RestApi): void {
  const { maxBodyBytes: limit, bodyBudget } = api.options;
  const announced = Number(request.headers['content-length']);
  if (announced > limit) {
    refuse(request, response, bodyTooLarge(limit, announced));
    return;
  }
  const head = headOf(request);
  const refusal = isLong(request, announced) ? refuseByHead(api.options, head) : undefined;
  if (refusal !== undefined) {
    if (announced <= maxDroppedBytes) {
      // What comes is let pass, and the connection serves on.
      request.on('error', () => undefined).resume();
      send(response, refusal);
    } else {
      refuse(request, response, refusal);
    }
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  let held = 0;
  const give = (): void => {
    bodyBudget.give(held);
    held = 0;
  };
  // The body is held until its answer is out, or its connection broken.
  response.on('close', give);
  const stop = (answer: RestResponse): void => {
    chunks.length = 0;
    give();
    request.off('data', onData).off('end', onEnd);
    refuse(request, response, answer);
  };
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > limit) return stop(bodyTooLarge(limit, undefined));
    if (!bodyBudget.take(chunk.length)) return stop(errorResponse(bodiesOverBudget(api.options)));
    held += chunk.length;
    chunks.push(chunk);
  };
  const onEnd = (): void => {
    void respond(
      { ...head, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length) },
      response,
      api.handle,
    );
  };
  // A connection that breaks before the body is complete needs no answer.
  request
    .on('data', onData)
    .on('end', onEnd)
    .on('error', () => undefined);
}

/** Whether much of a body is still to come when the headers are there. */
function isLong({ headers }: IncomingMessage, announced: number): boolean {
  return announced > longBodyBytes || headers['transfer-encoding'] !== undefined;
}

function headOf({ method = '', url = '', headers, socket }: IncomingMessage): RestHead {
  return {
    method,
    target: originForm(url),
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    startedAt: performance.now(),
    caller: socket.remoteAddress,
    certificate: () => clientCertificate(socket),
  };
}

async function respond(request: RestRequest, response: ServerResponse, handle: RestHandler): Promise<void> {
  const controller = new AbortController();
  const onClose = (): void => {
    if (!response.writableEnded) controller.abort();
  };
  response.on('close', onClose);
  const answer = await handle({ ...request, signal: controller.signal });
  response.off('close', onClose);
  if (!response.destroyed) send(response, answer);
}

/** Path and query of a request target; proxies may send a whole URL (RFC 9112, 3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  return target.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
}

/**
 * Answers at once, then reads on for a while without keeping anything: a connection that is closed with data unread is
 * reset, and the answer may be lost with it.
 */
function refuse(request: IncomingMessage, response: ServerResponse, { status, headers, body }: RestResponse): void {
  response.writeHead(status, { ...headers, 'content-length': body.length, connection: 'close' });
  response.write(body);
  const finish = (): void => void response.end();
  let dropped = 0;
  request
    .on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (dropped > maxDroppedBytes) finish();
    })
    .on('end', finish)
    .on('close', finish)
    .on('error', finish)
    .resume();
}

function send(response: ServerResponse, { status, headers, body }: RestResponse): void {
  response.writeHead(status, { ...headers, 'content-length': body.length });
  response.end(body);
}
