/**
 * The Open Inference Protocol, version 2 (proto package `inference`).
 *
 * @packageDocumentation
 */

export * from './gen/inference/grpc_service_pb.js';
