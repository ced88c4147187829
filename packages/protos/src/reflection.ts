/**
 * gRPC's server reflection. Both versions declare the same messages, so each one is a namespace of its own; on the wire
 * only the service's name differs. `FileDescriptorProtoSchema` serializes what a reflection response holds.
 *
 * @example
 * ```ts
 * import { toBinary } from '@bufbuild/protobuf';
 * import { FileDescriptorProtoSchema, v1 } from '@servable/protos/reflection';
 * import { PredictionService } from '@servable/protos/serving';
 *
 * v1.ServerReflection.typeName; // 'grpc.reflection.v1.ServerReflection'
 * const bytes = toBinary(FileDescriptorProtoSchema, PredictionService.file.proto);
 * ```
 *
 * @packageDocumentation
 */

export * as v1 from './gen/grpc/reflection/v1/reflection_pb.js';
export * as v1alpha from './gen/grpc/reflection/v1alpha/reflection_pb.js';
export { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
