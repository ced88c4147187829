/**
 * Messages and services of TensorFlow Serving: requests and responses, model states, configuration files, logs.
 * Everything of the proto packages `tensorflow.serving`, `tensorflow.serving.internal` and `tensorflow.serving.tools`.
 * `StatusProto` here is `tensorflow.serving.StatusProto`; the one of the proto package `tensorflow` is in
 * `@servable/protos/tensorflow`.
 *
 * @example
 * ```ts
 * import { create, toBinary } from '@bufbuild/protobuf';
 * import { PredictRequestSchema } from '@servable/protos/serving';
 *
 * const bytes = toBinary(PredictRequestSchema, create(PredictRequestSchema, { modelSpec: { name: 'resnet' } }));
 * ```
 *
 * @packageDocumentation
 */

// calls, services, logs
export * from './gen/tensorflow_serving/apis/classification_pb.js';
export * from './gen/tensorflow_serving/apis/get_model_metadata_pb.js';
export * from './gen/tensorflow_serving/apis/get_model_status_pb.js';
export * from './gen/tensorflow_serving/apis/inference_pb.js';
export * from './gen/tensorflow_serving/apis/input_pb.js';
export * from './gen/tensorflow_serving/apis/internal/serialized_input_pb.js';
export * from './gen/tensorflow_serving/apis/logging_pb.js';
export * from './gen/tensorflow_serving/apis/model_management_pb.js';
export * from './gen/tensorflow_serving/apis/model_pb.js';
export * from './gen/tensorflow_serving/apis/model_service_pb.js';
export * from './gen/tensorflow_serving/apis/predict_pb.js';
export * from './gen/tensorflow_serving/apis/prediction_log_pb.js';
export * from './gen/tensorflow_serving/apis/prediction_service_pb.js';
export * from './gen/tensorflow_serving/apis/regression_pb.js';
export * from './gen/tensorflow_serving/apis/session_service_pb.js';
export * from './gen/tensorflow_serving/apis/status_pb.js';

// configuration files
export * from './gen/tensorflow_serving/config/file_system_storage_path_source_pb.js';
export * from './gen/tensorflow_serving/config/log_collector_config_pb.js';
export * from './gen/tensorflow_serving/config/logging_config_pb.js';
export * from './gen/tensorflow_serving/config/model_server_config_pb.js';
export * from './gen/tensorflow_serving/config/monitoring_config_pb.js';
export * from './gen/tensorflow_serving/config/platform_config_pb.js';
export * from './gen/tensorflow_serving/config/ssl_config_pb.js';

// sources, platforms, resources
export * from './gen/tensorflow_serving/resources/resources_pb.js';
export * from './gen/tensorflow_serving/servables/hashmap/hashmap_source_adapter_pb.js';
export * from './gen/tensorflow_serving/servables/tensorflow/remote_op_config_rewriter_pb.js';
export * from './gen/tensorflow_serving/servables/tensorflow/saved_model_bundle_source_adapter_pb.js';
export * from './gen/tensorflow_serving/servables/tensorflow/saved_model_config_pb.js';
export * from './gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.js';
export * from './gen/tensorflow_serving/servables/tensorflow/tfrt_saved_model_source_adapter_pb.js';
export * from './gen/tensorflow_serving/servables/tensorflow/thread_pool_factory_config_pb.js';
export * from './gen/tensorflow_serving/session_bundle/oss/manifest_pb.js';
export * from './gen/tensorflow_serving/sources/storage_path/static_storage_path_source_pb.js';
export * from './gen/tensorflow/core/grappler/optimizers/inference/batch_op_rewriter_pb.js';

// well-known types that these messages hold where protobuf-es leaves them wrapped
export {
  type Any,
  AnySchema,
  anyIs,
  anyPack,
  anyUnpack,
  type Int64Value,
  Int64ValueSchema,
  type UInt32Value,
  UInt32ValueSchema,
} from '@bufbuild/protobuf/wkt';
