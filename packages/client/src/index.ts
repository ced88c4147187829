// The client
export { createServingClient, type ServingClient, type ServingClientOptions } from './client/serving-client.js';
export type { ModelClient, PredictOptions, StatusOptions } from './client/model-client.js';
export type { CallOptions, VersionOptions } from './call/call-options.js';

// What calls take and give
export type { Inputs } from './call/coerce-inputs.js';
export type { Prediction } from './call/predict-call.js';
export type { ModelMetadata, SignatureInfo, TensorSpec } from './call/model-metadata.js';
export type { ModelVersionState, ModelVersionStatus } from './transport/transport.js';

// Errors
export { ClientError, type ClientErrorCode, type ClientErrorReason } from './client-error.js';

// Tensors, so that callers need no second package
export { Tensor, stringTensor, tensor } from '@servable/tensor';
export type { DType, TensorLike, TensorValues } from '@servable/tensor';
