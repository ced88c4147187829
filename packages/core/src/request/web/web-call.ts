import { Code, ConnectError, createContextKey, type ContextValues, type HandlerContext } from '@connectrpc/connect';
import { ServingError, statusCodeNumber } from '../../servable/serving-error.js';
import { challenge } from '../access/challenge.js';
import type { ClientCertificate } from '../access/client-certificate.js';
import { type ExecutionDependencies, OpenRequest } from '../execution/open-request.js';
import { REQUEST_ID_HEADER, requestId } from '../execution/request-id.js';
import { statusDetails } from '../grpc/status-details.js';
import type { UnaryMethods } from '../grpc/unary-handler.js';

/** What the connection of a call knows. */
export interface WebPeer {
  readonly address: string | undefined;
  readonly certificate: (() => ClientCertificate | undefined) | undefined;
}

const peerKey = createContextKey<WebPeer>({ address: undefined, certificate: undefined });

/** Notes who is at the other end. */
export function setWebPeer(values: ContextValues, peer: WebPeer): ContextValues {
  return values.set(peerKey, peer);
}

/**
 * Answers one call of a method that gRPC has too, in the same steps: counted in flight, admitted, with its deadline and
 * its cancellation, its request id echoed, and whatever is thrown as a status with details.
 *
 * @throws ConnectError
 */
export async function answerWebCall(
  dependencies: ExecutionDependencies,
  { method, admitted, answer }: UnaryMethods[string],
  request: Uint8Array,
  context: HandlerContext,
): Promise<Uint8Array> {
  const { requestHeader, responseHeader } = context;
  const id = requestId(requestHeader.get(REQUEST_ID_HEADER) ?? undefined);
  const peer = context.values.get(peerKey);
  const open = new OpenRequest(
    dependencies,
    { requestId: id, entrypoint: 'GRPC', method, requestBytes: request.length },
    { authorization: requestHeader.get('authorization') ?? undefined, certificate: peer.certificate },
    dependencies.tracer && { header: (name) => requestHeader.get(name) ?? undefined },
  );
  try {
    open.enter();
    const limits = { signal: context.signal, timeoutMs: context.timeoutMs() };
    const left = admitted ? await open.admit(limits, peer.address) : limits;
    const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
    const response = await answer(bytes, { ...left, record: open.record });
    open.end(undefined, response.length);
    responseHeader.set(REQUEST_ID_HEADER, id);
    return response;
  } catch (thrown) {
    const error = context.signal.aborted ? endedEarly(context.signal) : ServingError.from(thrown);
    open.end(error, 0);
    throw connectError(error, id);
  }
}

/** The web form of an error. */
export function connectError(error: ServingError, id?: string): ConnectError {
  const metadata = new Headers();
  if (id !== undefined) metadata.set(REQUEST_ID_HEADER, id);
  if (error.code === 'UNAUTHENTICATED') metadata.set('www-authenticate', challenge(error.reason));
  if (error.retryAfterMs !== undefined) {
    metadata.set('grpc-retry-pushback-ms', String(Math.ceil(error.retryAfterMs)));
  }
  const connect = new ConnectError(error.message, statusCodeNumber[error.code], metadata, undefined, error);
  connect.details = [...statusDetails(error, id)];
  return connect;
}

/** Connect aborts with its own error: at the deadline, or when the connection broke. */
function endedEarly({ reason }: AbortSignal): ServingError {
  return ConnectError.from(reason).code === Code.DeadlineExceeded
    ? new ServingError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'Deadline exceeded')
    : new ServingError('CANCELLED', 'CANCELLED', 'The caller cancelled the call');
}
