/**
 * Turns generated service descriptors into the plain definitions that `@grpc/grpc-js` takes, without importing it.
 *
 * @packageDocumentation
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';

/** How values of one side of a call become bytes and back. `In` is what a sender may pass, `Out` what a receiver gets. */
interface GrpcCodec<In, Out> {
  readonly serialize: (value: In) => Buffer;
  readonly deserialize: (bytes: Buffer) => Out;
}

/** One method in the shape of grpc-js's `MethodDefinition`. */
export interface GrpcMethodDefinition<RequestIn, RequestOut, ResponseIn, ResponseOut> {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: RequestIn) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => RequestOut;
  readonly responseSerialize: (value: ResponseIn) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => ResponseOut;
  /** The name in the proto file (`Predict`); grpc-js lets handlers and callers use it as well as the key (`predict`). */
  readonly originalName: string;
}

/** A service in the shape of grpc-js's `ServiceDefinition`: one entry for each method, under its lowerCamel name. */
export type GrpcServiceDefinition<Methods extends GenServiceMethods> = {
  readonly [Name in keyof Methods]: GrpcMethodDefinition<
    MessageInitShape<Methods[Name]['input']>,
    MessageShape<Methods[Name]['input']>,
    MessageInitShape<Methods[Name]['output']>,
    MessageShape<Methods[Name]['output']>
  >;
};

/** The same with bytes on both sides of the serializers. */
export type RawGrpcServiceDefinition<Methods extends GenServiceMethods> = {
  readonly [Name in keyof Methods]: GrpcMethodDefinition<Uint8Array, Buffer, Uint8Array, Buffer>;
};

/** Options of {@link grpcServiceDefinition}. */
export interface GrpcServiceDefinitionOptions {
  /**
   * Leave messages as serialized bytes: serializers take a `Uint8Array`, deserializers hand out the `Buffer` that came in,
   * and handlers decode and encode themselves. Default `false`.
   */
  readonly raw?: boolean;
}

/**
 * The definition of a service for grpc-js's `Server.addService` and `makeGenericClientConstructor`.
 *
 * Definitions are plain objects, so raw and decoded methods can be mixed by spreading one over the other.
 *
 * @param service - a generated service, such as `PredictionService` of `@servable/protos/serving`
 * @param options - `raw` passes bytes through
 *
 * @example
 * ```ts
 * import { Server } from '@grpc/grpc-js';
 * import { grpcServiceDefinition } from '@servable/protos/grpc';
 * import { ModelService } from '@servable/protos/serving';
 *
 * const server = new Server();
 * server.addService(grpcServiceDefinition(ModelService), {
 *   getModelStatus: (call, callback) => callback(null, { modelVersionStatus: [] }),
 * });
 * ```
 */
export function grpcServiceDefinition<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
  options: GrpcServiceDefinitionOptions & { readonly raw: true },
): RawGrpcServiceDefinition<Methods>;
export function grpcServiceDefinition<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
  options?: GrpcServiceDefinitionOptions & { readonly raw?: false },
): GrpcServiceDefinition<Methods>;
export function grpcServiceDefinition<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
  options?: GrpcServiceDefinitionOptions,
): GrpcServiceDefinition<Methods> | RawGrpcServiceDefinition<Methods> {
  const codecOf = options?.raw === true ? () => rawCodec : messageCodec;
  const methods: readonly DescMethod[] = service.methods;
  const definition = Object.fromEntries(methods.map((method) => [method.localName, methodDefinition(method, codecOf)]));
  return definition as GrpcServiceDefinition<Methods> | RawGrpcServiceDefinition<Methods>;
}

function methodDefinition(method: DescMethod, codecOf: (schema: DescMessage) => GrpcCodec<never, unknown>) {
  const request = codecOf(method.input);
  const response = codecOf(method.output);
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: response.serialize,
    responseDeserialize: response.deserialize,
    originalName: method.name,
  } satisfies GrpcMethodDefinition<never, unknown, never, unknown>;
}

const rawCodec: GrpcCodec<Uint8Array, Buffer> = { serialize: asBuffer, deserialize: (bytes) => bytes };

function messageCodec<Desc extends DescMessage>(schema: Desc): GrpcCodec<MessageInitShape<Desc>, MessageShape<Desc>> {
  return {
    // `create` returns a message as it is and completes a plain object.
    serialize: (value) => asBuffer(toBinary(schema, create(schema, value))),
    deserialize: (bytes) => fromBinary(schema, bytes),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
