import type { IncomingMessage, ServerResponse } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ResolvedRestOptions } from '../rest/rest-options.js';

/** How much of a refused body is read before the caller is told: one that is still sending may not be listening. */
const MAX_DROPPED_BYTES = 2 ** 24;

/**
 * Reads the body of a call. Over a limit, what is read is dropped, and the body is an error instead, which the protocol's
 * handler answers in its own form; the connection is closed then.
 *
 * @returns the body as handlers take it
 */
export async function receiveMessage(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBodyBytes, bodyBudget }: Pick<ResolvedRestOptions, 'maxBodyBytes' | 'bodyBudget'>,
): Promise<AsyncIterable<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let held = 0;
  let refusal: ConnectError | undefined;
  const give = (): void => {
    bodyBudget.give(held);
    held = 0;
  };
  response.once('close', give);
  const refuse = (error: ConnectError): void => {
    refusal = error;
    chunks.length = 0;
    give();
    response.setHeader('connection', 'close');
  };
  await new Promise<void>((resolve) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (refusal !== undefined) {
        if (length > maxBodyBytes + MAX_DROPPED_BYTES) resolve();
      } else if (length > maxBodyBytes) {
        refuse(
          new ConnectError(`Message is too large: expected at most ${maxBodyBytes} bytes`, Code.ResourceExhausted),
        );
      } else if (bodyBudget.take(chunk.length)) {
        held += chunk.length;
        chunks.push(chunk);
      } else {
        const { limit, held: now } = bodyBudget;
        const text = `No room for the message: at most ${limit} bytes of bodies are held at once, ${now} are`;
        refuse(new ConnectError(text, Code.Unavailable));
      }
    });
    request.once('end', resolve).once('close', resolve).once('error', resolve);
  });
  return (async function* () {
    if (refusal !== undefined) throw refusal;
    yield* chunks;
  })();
}
