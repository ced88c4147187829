// Errors
export { RuntimeError } from './runtime-error.js';
export type { RuntimeErrorCode } from './runtime-error.js';

// The engine
export { prepareRuntime } from './native/ort-env.js';
export type { EngineOptions } from './native/ort-env.js';
export { engineInfo } from './native/engine-info.js';
export type { EngineInfo } from './native/engine-info.js';
export { engineDevices } from './native/engine-devices.js';
export type { EngineDevice } from './native/engine-devices.js';
export { nvidiaDevices } from './native/nvidia-driver.js';
export type { NvidiaDevice } from './native/nvidia-driver.js';
export { nativeBytesInUse } from './native/allocator.js';

// Sessions: one ONNX model each
export { NativeSession } from './session/native-session.js';
export type { CreateSessionOptions, SharedSession } from './session/native-session.js';
export { NativeValue } from './session/native-value.js';
export type { Feeds } from './session/session-call.js';
export type { GraphOptimization, LogSeverity, SessionOptions } from './session/session-options.js';
export type { SessionSignature, ValueInfo } from './session/value-info.js';
export type { CallOptions } from './session/interruption.js';
export { tryExecutionProviders } from './session/try-providers.js';
export { resolveExecutionProviders, resolveInstances } from './session/execution-providers.js';
export type {
  DeviceType,
  ExecutionProvider,
  ExecutionProviderInput,
  Instances,
  ResolvedExecutionProvider,
} from './session/execution-providers.js';

// Plans: compiled signatures
export { PlanRunner } from './plan/plan-runner.js';
export type { RunnableIsland, RunnablePlan } from './plan/plan-runner.js';

// Models
export { loadOnnxModel } from './model/load-onnx-model.js';
export type { LoadOnnxModelOptions } from './model/load-onnx-model.js';
export { loadSavedModel } from './model/load-saved-model.js';
export type { LoadSavedModelOptions } from './model/load-saved-model.js';
export type { Model, ModelCall, ModelIdentity, Prediction, PredictOptions } from './model/model.js';
export type { IdentityOptions } from './model/model-identity.js';

// TensorFlow's own library as the engine
export { findTensorFlow } from './tensorflow/find-tensorflow.js';
export { loadTensorFlowModel } from './tensorflow/load-tensorflow-model.js';
export type { LoadTensorFlowModelOptions } from './tensorflow/load-tensorflow-model.js';
export type { TensorFlowSessionOptions } from './tensorflow/tensorflow-session-options.js';
export { tensorFlowLibrary } from './tensorflow/tf-api.js';
export type { TensorFlowLibrary } from './tensorflow/tf-api.js';
