/**
 * gRPC's health checking (proto package `grpc.health.v1`).
 *
 * @packageDocumentation
 */

export * from './gen/grpc/health/v1/health_pb.js';
