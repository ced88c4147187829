import type { GrpcTopic } from '../wire-case.js';

const x = '"inputs": {"x": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": 2}]}, "floatVal": [2, 4]}}';

export const grpcServer: GrpcTopic = {
  kind: 'grpc',
  topic: 'gRPC by grpcurl',
  client: 'grpcurl',
  cases: [
    {
      name: 'reflection lists the services',
      from: 'behaviour.md §13, protos-serving.md',
      rpc: 'list',
      holds: [
        'tensorflow.serving.PredictionService',
        'tensorflow.serving.ModelService',
        'grpc.health.v1.Health',
        'grpc.reflection.v1',
      ],
    },
    {
      name: 'the methods of PredictionService',
      from: 'protos-serving.md',
      rpc: 'list tensorflow.serving.PredictionService',
      holds: ['Classify', 'Regress', 'Predict', 'MultiInference', 'GetModelMetadata'].map(
        (method) => `tensorflow.serving.PredictionService.${method}\n`,
      ),
    },
    {
      name: 'the methods of ModelService',
      from: 'protos-serving.md',
      rpc: 'list tensorflow.serving.ModelService',
      holds: [
        'tensorflow.serving.ModelService.GetModelStatus',
        'tensorflow.serving.ModelService.HandleReloadConfigRequest',
      ],
    },
    {
      name: 'a message is described',
      from: 'protos-serving.md',
      rpc: 'describe tensorflow.serving.PredictRequest',
      holds: [
        '.tensorflow.serving.ModelSpec model_spec = 1;',
        'map<string, .tensorflow.TensorProto> inputs = 2;',
        'repeated string output_filter = 3;',
      ],
    },
    {
      name: 'model_spec of an answer has number 2',
      from: 'protos-serving.md',
      rpc: 'describe tensorflow.serving.PredictResponse',
      holds: ['map<string, .tensorflow.TensorProto> outputs = 1;', '.tensorflow.serving.ModelSpec model_spec = 2;'],
    },
    {
      name: 'an enum is described',
      from: 'protos-serving.md',
      rpc: 'describe tensorflow.serving.ModelVersionStatus.State',
      holds: ['UNKNOWN = 0;', 'START = 10;', 'LOADING = 20;', 'AVAILABLE = 30;', 'UNLOADING = 40;', 'END = 50;'],
    },
    {
      name: 'Predict',
      from: 'behaviour.md §10',
      rpc: 'tensorflow.serving.PredictionService/Predict',
      request: `{"model_spec": {"name": "half_plus_two"}, ${x}}`,
      response:
        '{"outputs": {"y": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}]}, "floatVal": [3, 4]}}, "modelSpec": {"name": "half_plus_two", "version": "2", "signatureName": "serving_default"}}',
    },
    {
      name: 'Predict of an unknown model',
      from: 'behaviour.md §3',
      rpc: 'tensorflow.serving.PredictionService/Predict',
      request: `{"model_spec": {"name": "nope"}, ${x}}`,
      code: 'NOT_FOUND',
      details: 'Servable not found for request: Latest(nope)',
    },
    {
      name: 'Classify',
      from: 'behaviour.md §11',
      rpc: 'tensorflow.serving.PredictionService/Classify',
      request:
        '{"model_spec": {"name": "half_plus_two", "signature_name": "classify_x_to_y"}, "input": {"example_list": {"examples": [{"features": {"feature": {"x": {"float_list": {"value": [2]}}}}}]}}}',
      response:
        '{"result": {"classifications": [{"classes": [{"score": 3}]}]}, "modelSpec": {"name": "half_plus_two", "version": "2", "signatureName": "classify_x_to_y"}}',
    },
    {
      name: 'Regress',
      from: 'behaviour.md §11',
      rpc: 'tensorflow.serving.PredictionService/Regress',
      request:
        '{"model_spec": {"name": "half_plus_two", "signature_name": "regress_x_to_y"}, "input": {"example_list": {"examples": [{"features": {"feature": {"x": {"float_list": {"value": [2]}}}}}]}}}',
      response:
        '{"result": {"regressions": [{"value": 3}]}, "modelSpec": {"name": "half_plus_two", "version": "2", "signatureName": "regress_x_to_y"}}',
    },
    {
      name: 'GetModelStatus',
      from: 'behaviour.md §1, protos-serving.md (json_name)',
      rpc: 'tensorflow.serving.ModelService/GetModelStatus',
      request: '{"model_spec": {"name": "half_plus_two", "version": 1}}',
      response: '{"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": {}}]}',
    },
    {
      name: 'GetModelMetadata, whose Any reflection resolves',
      from: 'behaviour.md §12',
      rpc: 'tensorflow.serving.PredictionService/GetModelMetadata',
      request: '{"model_spec": {"name": "half_plus_two"}, "metadata_field": ["signature_def"]}',
      holds: [
        '"@type": "type.googleapis.com/tensorflow.serving.SignatureDefMap"',
        '"methodName": "tensorflow/serving/classify"',
      ],
    },
    {
      name: 'a status with details is taken as one',
      from: 'docs/differences.md',
      rpc: 'tensorflow.serving.PredictionService/Predict',
      request: '{"model_spec": {"name": "half_plus_two"}}',
      code: 'INVALID_ARGUMENT',
      details:
        'input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.',
    },
    ...['', 'ModelService', 'PredictionService'].map((service) => ({
      name: `health of "${service}"`,
      from: 'behaviour.md §13',
      rpc: 'grpc.health.v1.Health/Check',
      request: JSON.stringify({ service }),
      response: '{"status": "SERVING"}',
    })),
    {
      name: 'health of an unknown service',
      from: 'behaviour.md §13',
      rpc: 'grpc.health.v1.Health/Check',
      request: '{"service": "nope"}',
      code: 'NOT_FOUND',
    },
    {
      name: 'no health service without its flag',
      from: 'behaviour.md §13',
      server: 'checked',
      rpc: 'list',
      holds: ['tensorflow.serving.PredictionService'],
      lacks: ['grpc.health.v1.Health'],
    },
    {
      name: 'SessionService, which upstream does not register',
      from: 'docs/differences.md',
      rpc: 'tensorflow.serving.SessionService/SessionRun',
      request: '{"model_spec": {"name": "nope"}, "fetch": ["y"], "tensor_name_is_alias": true}',
      code: 'NOT_FOUND',
      details: 'Servable not found for request: Latest(nope)',
    },
    {
      name: 'a request id comes back in the metadata',
      from: 'docs/rest.md',
      rpc: 'tensorflow.serving.ModelService/GetModelStatus',
      metadata: { 'x-request-id': 'wire-2' },
      request: '{"model_spec": {"name": "wine"}}',
      holds: ['AVAILABLE'],
    },
    {
      name: 'Open Inference Protocol: ServerLive',
      from: 'docs/open-inference-protocol.md',
      rpc: 'inference.GRPCInferenceService/ServerLive',
      request: '{}',
      response: '{"live": true}',
    },
  ],
};
