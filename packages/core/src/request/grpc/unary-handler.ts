import { Metadata, type handleUnaryCall, type ServerUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { RequestMethod } from '../../servable/request-record.js';
import { ServingError } from '../../servable/serving-error.js';
import type { RequestAccess } from '../access/access-control.js';
import type { Credentials } from '../access/access-policy.js';
import { namedBy } from '../access/client-certificate.js';
import { checkCaller, checkHead } from '../execution/check-head.js';
import { type ExecutionDependencies, OpenRequest, type Traced } from '../execution/open-request.js';
import { REQUEST_ID_HEADER, requestId } from '../execution/request-id.js';
import type { RunOptions } from '../execution/run-servable.js';
import { callControl, type CallControl } from './call-control.js';
import { grpcStatus } from './grpc-status.js';
import type { UnaryCall } from './http2/call.js';
import type { CallHead, HeadCheck, HeadCheckingHandler } from './http2/head-check.js';

/** Answers one call from request bytes to response bytes. */
export type UnaryAnswer = (request: Buffer, options: RunOptions) => Promise<Uint8Array>;

/** How a method is served. */
export interface UnaryMethod {
  readonly method: RequestMethod;
  /** Whether calls wait for admission: those that run models do. */
  readonly admitted: boolean;
}

/** The methods of a service by their local names, for whatever transport carries them. */
export type UnaryMethods = Readonly<Record<string, UnaryMethod & { readonly answer: UnaryAnswer }>>;

/** One entry of {@link UnaryMethods}. */
export function unary(method: UnaryMethod, answer: UnaryAnswer): UnaryMethods[string] {
  return { ...method, answer };
}

/** The handlers of a service for grpc-js. */
export function unaryService(dependencies: ExecutionDependencies, methods: UnaryMethods): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, unaryHandler(dependencies, method, method.answer)]),
  );
}

/**
 * Makes the grpc-js handler of a method: counts the request as in flight, has it admitted, passes deadline and
 * cancellation on, echoes the request id in the header `x-request-id`, and turns whatever `answer` throws into a gRPC
 * status with details. Our own server has it look at the headers too, and refuse a call before its message is read.
 */
export function unaryHandler(
  dependencies: ExecutionDependencies,
  { method, admitted }: UnaryMethod,
  answer: UnaryAnswer,
): HeadCheckingHandler {
  const serve = async (call: ReceivedCall, request: OpenRequest, control: CallControl): Promise<Uint8Array> => {
    const isHeld = admitted && dependencies.admission !== undefined;
    const limits = isHeld ? await request.admit(control.limits, callerOf(call)) : control.limits;
    const { releaseRequest } = call;
    if (releaseRequest === undefined) return answer(call.request, { ...limits, record: request.record });
    let isFree = false;
    const onInputsFree = (): void => void (isFree = true);
    const response = await answer(call.request, { ...limits, record: request.record, onInputsFree });
    if (isFree) releaseRequest();
    return response;
  };
  const arrive = (call: CallHead, requestBytes: number): OpenRequest => {
    const id = requestId(call.metadata.get(REQUEST_ID_HEADER)[0]?.toString());
    const arrival = { requestId: id, entrypoint: 'GRPC', method, requestBytes } as const;
    return new OpenRequest(dependencies, arrival, credentialsOf(call), dependencies.tracer && tracedCall(call));
  };
  const handle: handleUnaryCall<Buffer, Uint8Array> = (call, callback) => {
    const request = arrive(call, call.request.length);
    const id = request.record.requestId;
    let control: CallControl | undefined;
    const fail = (thrown: unknown): void => {
      control?.finish();
      const error = ServingError.from(thrown);
      request.end(error, 0);
      callback(grpcStatus(error, id));
    };
    try {
      request.enter();
      control = callControl(call);
    } catch (error) {
      fail(error);
      return;
    }
    serve(call, request, control).then((response) => {
      control.finish();
      request.end(undefined, response.length);
      const header = new Metadata();
      header.set(REQUEST_ID_HEADER, id);
      call.sendMetadata(header);
      callback(null, response);
    }, fail);
  };
  const refuse: HeadCheck = (call) => {
    const deadline = Number(call.getDeadline());
    const timeoutMs = deadline === Infinity ? undefined : deadline - Date.now();
    let access: RequestAccess | undefined;
    try {
      access = checkCaller(dependencies, credentialsOf(call));
      checkHead(dependencies, access, { method, admitted, caller: callerOf(call), timeoutMs });
      return undefined;
    } catch (thrown) {
      const error = ServingError.from(thrown);
      const request = arrive(call, 0);
      request.record.caller = access?.callerName;
      request.end(error, 0);
      return grpcStatus(error, request.record.requestId);
    }
  };
  return Object.assign(handle, { checkHead: refuse });
}

/** With what our own server tells of a call, and grpc-js does not. */
type ReceivedCall = ServerUnaryCall<Buffer, Uint8Array> & Partial<Pick<UnaryCall, 'releaseRequest'>>;

function tracedCall(call: CallHead): Traced {
  return { header: (name) => call.metadata.get(name)[0]?.toString(), startedAt: call.startedAt };
}

function credentialsOf(call: CallHead): Credentials {
  return {
    authorization: call.metadata.get('authorization')[0]?.toString(),
    // grpc-js hands out certificates only when an authority has vouched for them.
    certificate: () => {
      const { sslPeerCertificate } = call.getAuthContext();
      return sslPeerCertificate && namedBy(sslPeerCertificate);
    },
  };
}

/** The caller's address without its port: `ipv4:10.0.0.7:51234` and `10.0.0.7:51234` are `10.0.0.7`. */
function callerOf(call: CallHead): string {
  return call.getPeer().replace(/:\d+$/, '');
}
