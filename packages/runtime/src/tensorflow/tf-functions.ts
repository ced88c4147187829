import type { OrtFunction, Pointer } from '../native/ort-functions.js';

/**
 * The functions of TensorFlow's C API that this package uses (`tensorflow/c/c_api.h`, `tf_tensor.h`, `tf_status.h`,
 * `tf_buffer.h`): result and parameters. Handles and buffers are `ptr`; arrays of handles and of `TF_Output`
 * (`{ TF_Operation* oper; int index; }`, 16 bytes) are typed arrays that the caller passes.
 */
export const tfFunctions = {
  TF_Version: ['str', ''],
  TF_NewStatus: ['ptr', ''],
  TF_DeleteStatus: ['void', 'ptr status'],
  TF_GetCode: ['int', 'ptr status'],
  TF_Message: ['str', 'ptr status'],
  TF_NewBufferFromString: ['ptr', 'ptr bytes, size_t length'],
  TF_DeleteBuffer: ['void', 'ptr buffer'],
  TF_NewSessionOptions: ['ptr', ''],
  TF_SetConfig: ['void', 'ptr options, ptr config, size_t length, ptr status'],
  TF_DeleteSessionOptions: ['void', 'ptr options'],
  TF_NewGraph: ['ptr', ''],
  TF_DeleteGraph: ['void', 'ptr graph'],
  TF_GraphOperationByName: ['ptr', 'ptr graph, str name'],
  TF_OperationNumOutputs: ['int', 'ptr operation'],
  TF_LoadSessionFromSavedModel: [
    'ptr',
    'ptr options, ptr runOptions, str dir, ptr tags, int tagCount, ptr graph, ptr metaGraph, ptr status',
  ],
  TF_CloseSession: ['void', 'ptr session, ptr status'],
  TF_DeleteSession: ['void', 'ptr session, ptr status'],
  TF_SessionRun: [
    'void',
    'ptr session, ptr runOptions, ptr inputs, ptr inputValues, int inputCount, ptr outputs, ptr outputValues, ' +
      'int outputCount, ptr targets, int targetCount, ptr runMetadata, ptr status',
  ],
  TF_AllocateTensor: ['ptr', 'int dtype, ptr dims, int rank, size_t bytes'],
  TF_TensorFromProto: ['void', 'ptr buffer, ptr tensor, ptr status'],
  TF_DeleteTensor: ['void', 'ptr tensor'],
  TF_TensorType: ['int', 'ptr tensor'],
  TF_NumDims: ['int', 'ptr tensor'],
  TF_Dim: ['int64', 'ptr tensor, int axis'],
  TF_TensorByteSize: ['size_t', 'ptr tensor'],
  TF_TensorData: ['ptr', 'ptr tensor'],
} as const satisfies Record<string, readonly [result: keyof Results, parameters: string]>;

interface Results {
  ptr: Pointer | null;
  int: number;
  int64: number | bigint;
  size_t: number | bigint;
  str: string;
  void: void;
}

type Row = typeof tfFunctions;

/** The functions by name. */
export type TfFunctions = { readonly [K in keyof Row]: OrtFunction<Results[Row[K][0]]> };
