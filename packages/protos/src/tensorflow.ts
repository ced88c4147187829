/**
 * Messages of TensorFlow's own protos: tensors, shapes, graphs, SavedModels, variable bundles, examples, session options.
 * Everything of the proto packages `tensorflow`, `tensorflow.error` and `tensorflow.tfrt_stub`.
 *
 * @example
 * ```ts
 * import { fromBinary } from '@bufbuild/protobuf';
 * import { SavedModelSchema } from '@servable/protos/tensorflow';
 *
 * const savedModel = fromBinary(SavedModelSchema, await readFile('saved_model.pb'));
 * ```
 *
 * @packageDocumentation
 */

// tensors, shapes, types, graphs
export * from './gen/tensorflow/core/framework/allocation_description_pb.js';
export * from './gen/tensorflow/core/framework/attr_value_pb.js';
export * from './gen/tensorflow/core/framework/cost_graph_pb.js';
export * from './gen/tensorflow/core/framework/device_attributes_pb.js';
export * from './gen/tensorflow/core/framework/full_type_pb.js';
export * from './gen/tensorflow/core/framework/function_pb.js';
export * from './gen/tensorflow/core/framework/graph_debug_info_pb.js';
export * from './gen/tensorflow/core/framework/graph_pb.js';
export * from './gen/tensorflow/core/framework/node_def_pb.js';
export * from './gen/tensorflow/core/framework/op_def_pb.js';
export * from './gen/tensorflow/core/framework/optimized_function_graph_pb.js';
export * from './gen/tensorflow/core/framework/resource_handle_pb.js';
export * from './gen/tensorflow/core/framework/step_stats_pb.js';
export * from './gen/tensorflow/core/framework/tensor_description_pb.js';
export * from './gen/tensorflow/core/framework/tensor_pb.js';
export * from './gen/tensorflow/core/framework/tensor_shape_pb.js';
export * from './gen/tensorflow/core/framework/tensor_slice_pb.js';
export * from './gen/tensorflow/core/framework/types_pb.js';
export * from './gen/tensorflow/core/framework/variable_pb.js';
export * from './gen/tensorflow/core/framework/versions_pb.js';

// examples
export * from './gen/tensorflow/core/example/example_pb.js';
export * from './gen/tensorflow/core/example/feature_pb.js';

// SavedModel, bundles, signatures, options of sessions and runs
export * from './gen/tensorflow/core/protobuf/cluster_pb.js';
export * from './gen/tensorflow/core/protobuf/composite_tensor_variant_pb.js';
export * from './gen/tensorflow/core/protobuf/config_pb.js';
export * from './gen/tensorflow/core/protobuf/debug_pb.js';
export * from './gen/tensorflow/core/protobuf/error_codes_pb.js';
export * from './gen/tensorflow/core/protobuf/fingerprint_pb.js';
export * from './gen/tensorflow/core/protobuf/meta_graph_pb.js';
export * from './gen/tensorflow/core/protobuf/named_tensor_pb.js';
export * from './gen/tensorflow/core/protobuf/rewriter_config_pb.js';
export * from './gen/tensorflow/core/protobuf/rpc_options_pb.js';
export * from './gen/tensorflow/core/protobuf/saved_model_pb.js';
export * from './gen/tensorflow/core/protobuf/saved_object_graph_pb.js';
export * from './gen/tensorflow/core/protobuf/saver_pb.js';
export * from './gen/tensorflow/core/protobuf/status_pb.js';
export * from './gen/tensorflow/core/protobuf/struct_pb.js';
export * from './gen/tensorflow/core/protobuf/tensor_bundle_pb.js';
export * from './gen/tensorflow/core/protobuf/trackable_object_graph_pb.js';
export * from './gen/tensorflow/core/protobuf/verifier_config_pb.js';

// checkpoints of the first format, run-time options
export * from './gen/tensorflow/core/tfrt/graph_executor/config_pb.js';
export * from './gen/tensorflow/core/util/saved_tensor_slice_pb.js';

// status codes and options that TensorFlow shares with XLA
export * from './gen/xla/tsl/protobuf/coordination_config_pb.js';
export * from './gen/xla/tsl/protobuf/error_codes_pb.js';
export * from './gen/xla/tsl/protobuf/rpc_options_pb.js';
export * from './gen/xla/tsl/protobuf/status_pb.js';
