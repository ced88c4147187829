import { Metadata, type handleUnaryCall, type ServerUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { RequestMethod } from '../../servable/request-record.js';
import { ServingError } from '../../servable/serving-error.js';
import type { Credentials } from '../access/access-policy.js';
import { namedBy } from '../access/client-certificate.js';
import { type ExecutionDependencies, OpenRequest, type Traced } from '../execution/open-request.js';
import { REQUEST_ID_HEADER, requestId } from '../execution/request-id.js';
import type { RunOptions } from '../execution/run-servable.js';
import { callControl, type CallControl } from './call-control.js';
import { grpcStatus } from './grpc-status.js';

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
 * status with details.
 */
export function unaryHandler(
  dependencies: ExecutionDependencies,
  { method, admitted }: UnaryMethod,
  answer: UnaryAnswer,
): handleUnaryCall<Buffer, Uint8Array> {
  const serve = async (
    call: ServerUnaryCall<Buffer, Uint8Array>,
    request: OpenRequest,
    control: CallControl,
  ): Promise<Uint8Array> => {
    const isHeld = admitted && dependencies.admission !== undefined;
    const limits = isHeld ? await request.admit(control.limits, callerOf(call)) : control.limits;
    return answer(call.request, { ...limits, record: request.record });
  };
  return (call, callback) => {
    const id = requestId(call.metadata.get(REQUEST_ID_HEADER)[0]?.toString());
    const arrival = { requestId: id, entrypoint: 'GRPC', method, requestBytes: call.request.length } as const;
    const traced = dependencies.tracer && tracedCall(call);
    const request = new OpenRequest(dependencies, arrival, credentialsOf(call), traced);
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
}

/** grpc-js does not tell when a call began. */
function tracedCall(call: ServerUnaryCall<Buffer, Uint8Array> & { readonly startedAt?: number }): Traced {
  return { header: (name) => call.metadata.get(name)[0]?.toString(), startedAt: call.startedAt };
}

function credentialsOf(call: ServerUnaryCall<Buffer, Uint8Array>): Credentials {
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
function callerOf(call: ServerUnaryCall<Buffer, Uint8Array>): string {
  return call.getPeer().replace(/:\d+$/, '');
}
