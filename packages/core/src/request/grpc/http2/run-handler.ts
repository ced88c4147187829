import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  sendUnaryData,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { StreamingCall, UnaryCall } from './call.js';
import type { Exchange } from './exchange.js';
import { Failure, OK, statusOf } from './failure.js';
import { headCheckOf } from './head-check.js';

/** A method as it was registered. */
export interface Handler {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly handle: UntypedHandleCall;
}

type Bytes = Uint8Array;

/** Gives a call to its handler. */
export function runHandler(exchange: Exchange, handler: Handler): void {
  if (!handler.requestStream) runOneRequest(exchange, handler);
  else runRequestStream(exchange, handler);
}

function runOneRequest(exchange: Exchange, { responseStream, handle }: Handler): void {
  const refusal = exchange.isOver ? undefined : headCheckOf(handle)?.(exchange);
  if (refusal !== undefined) {
    exchange.finish(refusal);
    return;
  }
  let request: Buffer | undefined;
  let releaseRequest: (() => void) | undefined;
  let call: UnaryCall | StreamingCall | undefined;
  const refuse = (what: string): void =>
    exchange.finish(new Failure('UNIMPLEMENTED', `Received ${what} for method ${exchange.path}, which takes one`));
  exchange.awaitRequest();
  exchange.start({
    onMessage(bytes, release) {
      if (request === undefined) [request, releaseRequest] = [bytes, release];
      else refuse('a second request message');
      return true;
    },
    onEnd() {
      if (request === undefined) return refuse('no request message');
      if (responseStream) {
        const stream = (call = new StreamingCall(exchange, request));
        guarded(exchange, () => (handle as handleServerStreamingCall<Buffer, Bytes>)(stream as never));
      } else {
        const unary = (call = new UnaryCall(exchange, request, releaseRequest));
        guarded(exchange, () => (handle as handleUnaryCall<Buffer, Bytes>)(unary as never, answer(exchange)));
      }
    },
    onClose: () => leave(call),
  });
}

function runRequestStream(exchange: Exchange, { responseStream, handle }: Handler): void {
  const call = new StreamingCall(exchange);
  guarded(exchange, () => {
    if (responseStream) (handle as handleBidiStreamingCall<Buffer, Bytes>)(call as never);
    else (handle as handleClientStreamingCall<Buffer, Bytes>)(call as never, answer(exchange));
  });
  exchange.start({
    onMessage: (bytes) => call.push(bytes),
    onEnd: () => void call.push(null),
    onClose: () => leave(call),
  });
}

/** The callback that handlers with one answer are given. */
function answer(exchange: Exchange): sendUnaryData<Bytes> {
  return (error, message, trailers) => {
    if (error !== null) {
      const status = statusOf(error);
      return exchange.finish(trailers === undefined ? status : { ...status, metadata: trailers });
    }
    exchange.send(message ?? new Uint8Array());
    exchange.finish(trailers === undefined ? OK : { ...OK, metadata: trailers });
  };
}

/** As with grpc-js, a call that is over is told so with `cancelled`, also one that went well. */
function leave(call: UnaryCall | StreamingCall | undefined): void {
  if (call === undefined) return;
  call.cancelled = true;
  call.emit('cancelled', 'cancelled');
  if (call instanceof StreamingCall) call.destroy();
}

function guarded(exchange: Exchange, handle: () => void): void {
  try {
    handle();
  } catch {
    exchange.finish(new Failure('UNKNOWN', 'Unknown error'));
  }
}
