/**
 * Messages of ONNX models (proto package `onnx`): `ModelProto`, `GraphProto`, `NodeProto`, `TensorProto` ...
 *
 * @packageDocumentation
 */

export * from './gen/onnx/onnx_pb.js';
