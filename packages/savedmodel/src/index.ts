// Errors
export { SavedModelError } from './diagnostics/saved-model-error.js';
export type { SavedModelErrorCode, SavedModelErrorDetails } from './diagnostics/saved-model-error.js';

// Compiling
export { compileSignature, type CompileOptions } from './compile.js';
export { readWeight } from './onnx/weight.js';
export { knownOps, type KnownOp } from './ops/op-table.js';
export { knownHloOps } from './stablehlo/lower/table.js';
export { VariableStore } from './plan/variable-store.js';
export { BOUNDED_LOOP, WEIGHT_FILE_NAME } from './plan/plan.js';
export type {
  BranchStep,
  HostContext,
  HostStep,
  LoopStep,
  NativeIsland,
  OutputWork,
  PlacedWeight,
  Plan,
  PlanStep,
  PlanValue,
  SignatureTensor,
  Subplan,
  Weight,
  WeightFile,
} from './plan/plan.js';

// Reading
export { readSavedModel } from './reader/read-saved-model.js';
export type { ReadSavedModelOptions } from './reader/read-saved-model.js';
export type { ReadOptions } from './reader/read-options.js';
export { SavedModel } from './reader/saved-model.js';
export type { SavedModelParts } from './reader/saved-model.js';
export type { StoredNode } from './reader/stored-node.js';
export { VariableBundle } from './reader/variable-bundle.js';
export type { ReadManyOptions, ReadTensorOptions } from './reader/variable-bundle.js';
export type { BundleEntry } from './reader/bundle-index.js';
export type { TensorSlice } from './reader/tensor-slice.js';
