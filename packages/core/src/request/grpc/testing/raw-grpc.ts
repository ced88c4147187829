import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { Client, Metadata, credentials, type ServiceError } from '@grpc/grpc-js';
import { InFlight } from '../../execution/in-flight.js';
import { addPredictionServices, type GrpcDependencies } from '../add-prediction-services.js';
import type { ChannelArguments } from '../http2/channel-arguments.js';
import { GrpcServer } from '../http2/grpc-server.js';

/** A gRPC server on a free port, and a client of it that sends and takes bytes. */
export class RawGrpc implements AsyncDisposable {
  readonly inFlight = new InFlight();

  private constructor(
    readonly server: GrpcServer,
    readonly client: Client,
    readonly port: number,
  ) {}

  static async serve(
    dependencies: Omit<GrpcDependencies, 'inFlight'>,
    channelArguments: ChannelArguments = {},
  ): Promise<RawGrpc> {
    const server = new GrpcServer(channelArguments);
    const port = (await server.listen({ host: '127.0.0.1', port: 0 }))!;
    const raw = new RawGrpc(server, new Client(`127.0.0.1:${port}`, credentials.createInsecure()), port);
    addPredictionServices(server, { ...dependencies, inFlight: raw.inFlight });
    return raw;
  }

  /** Sends bytes; resolves with the answer's bytes and headers, rejects with grpc-js's error. */
  send(
    path: string,
    request: Uint8Array,
    { metadata = new Metadata(), deadline }: { metadata?: Metadata; deadline?: number } = {},
  ): Promise<{ readonly bytes: Buffer; readonly header: Metadata }> {
    return new Promise((resolve, reject) => {
      let header = new Metadata();
      this.client
        .makeUnaryRequest(
          path,
          (value: Uint8Array) => Buffer.from(value),
          (value) => value,
          request,
          metadata,
          deadline === undefined ? {} : { deadline },
          (error: ServiceError | null, bytes?: Buffer) =>
            error === null ? resolve({ bytes: bytes!, header }) : reject(error),
        )
        .on('metadata', (received: Metadata) => (header = received));
    });
  }

  /** Calls a method of TensorFlow Serving, `PredictionService/Predict`. */
  async call<In extends DescMessage, Out extends DescMessage>(
    path: string,
    [input, output]: readonly [In, Out],
    request: MessageInitShape<In>,
  ) {
    const { bytes } = await this.send(`/tensorflow.serving.${path}`, toBinary(input, create(input, request)));
    return fromBinary(output, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    this.server.destroy();
  }
}
