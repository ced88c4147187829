import { Client, credentials as grpcCredentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { ClientError, abortedError, deadlineError } from '../../client-error.js';
import type { CallLimits, RpcMethods, Transport } from '../transport.js';
import { grpcMethods, type GrpcMethod } from './grpc-codec.js';
import { grpcError } from './grpc-error.js';

export interface GrpcTransportOptions {
  /** gRPC target: `localhost:8500`, `dns:///models.internal:8500`, `unix:/tmp/serving.sock`. */
  readonly target: string;
  /** Default: no encryption. */
  readonly credentials?: ChannelCredentials | undefined;
  /** Passed to grpc-js over our one default: answers of any size (`grpc.max_receive_message_length` -1). */
  readonly channelOptions?: ChannelOptions | undefined;
}

/** Calls a server over gRPC with `@grpc/grpc-js`. */
export class GrpcTransport implements Transport {
  readonly target: string;
  readonly #client: Client;
  /** Ends of the calls in flight. */
  readonly #failures = new Set<(error: Error) => void>();

  constructor(options: GrpcTransportOptions) {
    this.target = options.target;
    this.#client = new Client(options.target, options.credentials ?? grpcCredentials.createInsecure(), {
      // grpc-js stops at 4 MiB, which a batch of images passes easily; TensorFlow Serving itself has no limit here.
      'grpc.max_receive_message_length': -1,
      ...options.channelOptions,
    });
  }

  readonly dispatch = async <Method extends keyof RpcMethods>(
    name: Method,
    request: RpcMethods[Method]['request'],
    limits: CallLimits,
  ): Promise<RpcMethods[Method]['response']> => {
    const method: GrpcMethod<Method> = grpcMethods[name];
    if (limits.signal?.aborted === true) throw abortedError(limits.signal);
    if (limits.deadline !== undefined && limits.deadline <= Date.now()) throw deadlineError();
    let bytes: Uint8Array;
    try {
      bytes = method.encode(request);
    } catch (cause) {
      throw new ClientError('INVALID_ARGUMENT', 'REQUEST_UNSENDABLE', textOf(cause), { cause });
    }
    const answer = await this.#unary(method.path, bytes, limits);
    try {
      return method.decode(answer);
    } catch (cause) {
      const message = `${this.target} sent a malformed answer to ${method.path}: ${textOf(cause)}`;
      throw new ClientError('INTERNAL', 'RESPONSE_MALFORMED', message, { cause });
    }
  };

  destroy(error: Error): void {
    for (const fail of this.#failures) fail(error);
    this.#client.close();
  }

  #unary(path: string, request: Uint8Array, { signal, deadline }: CallLimits): Promise<Buffer> {
    return new Promise<Buffer>((resolve, reject) => {
      const settle = () => {
        this.#failures.delete(fail);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
        call.cancel();
      };
      const onAbort = () => fail(abortedError(signal!));
      const call = this.#client.makeUnaryRequest(
        path,
        asBuffer,
        passThrough,
        request,
        deadline === undefined ? {} : { deadline },
        (error, answer) => {
          settle();
          if (error !== null) reject(grpcError(error, this.target));
          else resolve(answer!);
        },
      );
      this.#failures.add(fail);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function passThrough(bytes: Buffer): Buffer {
  return bytes;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
