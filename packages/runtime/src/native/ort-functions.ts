/**
 * The functions of ONNX Runtime's C ABI that this package uses.
 *
 * `OrtApi` (`include/onnxruntime/core/session/onnxruntime_c_api.h`) is a table of function pointers that only ever grows
 * at its end, so a function keeps its index for good. Types are koffi's; every handle and every buffer is `ptr`, and what
 * is written through one goes to a `BigUint64Array` or another typed array that the caller passes.
 */

/** The version of the table that is asked for: the first whose external initializers are used where they lie. */
export const ortApiVersion = 22;

/** A pointer that comes back from a call (`null` for NULL), or goes into one. */
export type Pointer = bigint;
/** Memory that a call reads or writes. */
export type Memory = Pointer | NodeJS.ArrayBufferView | null;
/** NULL when a call went well. */
export type Status = Pointer | null;

type Signature = readonly [
  index: number,
  result: 'status' | 'ptr' | 'int' | 'uint32_t' | 'str' | 'void',
  parameters: string,
];

/** Index, result and parameters. `path` is `char` on POSIX and `wchar_t` on Windows. */
export const ortFunctions = {
  GetErrorCode: [1, 'int', 'ptr status'],
  GetErrorMessage: [2, 'str', 'ptr status'],
  CreateSession: [7, 'status', 'ptr env, path modelPath, ptr options, ptr out'],
  CreateSessionFromArray: [8, 'status', 'ptr env, ptr data, size_t length, ptr options, ptr out'],
  Run: [
    9,
    'status',
    'ptr session, ptr runOptions, ptr inputNames, ptr inputs, size_t inputCount, ptr outputNames, size_t outputCount, ptr outputs',
  ],
  CreateSessionOptions: [10, 'status', 'ptr out'],
  SetOptimizedModelFilePath: [11, 'status', 'ptr options, path path'],
  SetSessionExecutionMode: [13, 'status', 'ptr options, int mode'],
  DisableMemPattern: [17, 'status', 'ptr options'],
  DisableCpuMemArena: [19, 'status', 'ptr options'],
  SetSessionLogSeverityLevel: [22, 'status', 'ptr options, int level'],
  SetSessionGraphOptimizationLevel: [23, 'status', 'ptr options, int level'],
  SetIntraOpNumThreads: [24, 'status', 'ptr options, int threads'],
  SetInterOpNumThreads: [25, 'status', 'ptr options, int threads'],
  SessionGetInputCount: [30, 'status', 'ptr session, ptr out'],
  SessionGetOutputCount: [31, 'status', 'ptr session, ptr out'],
  SessionGetInputTypeInfo: [33, 'status', 'ptr session, size_t index, ptr out'],
  SessionGetOutputTypeInfo: [34, 'status', 'ptr session, size_t index, ptr out'],
  SessionGetInputName: [36, 'status', 'ptr session, size_t index, ptr allocator, ptr out'],
  SessionGetOutputName: [37, 'status', 'ptr session, size_t index, ptr allocator, ptr out'],
  CreateRunOptions: [39, 'status', 'ptr out'],
  RunOptionsSetRunLogSeverityLevel: [41, 'status', 'ptr runOptions, int level'],
  RunOptionsSetTerminate: [46, 'status', 'ptr runOptions'],
  CreateTensorAsOrtValue: [48, 'status', 'ptr allocator, ptr shape, size_t rank, int type, ptr out'],
  CreateTensorWithDataAsOrtValue: [
    49,
    'status',
    'ptr memoryInfo, ptr data, size_t bytes, ptr shape, size_t rank, int type, ptr out',
  ],
  GetTensorMutableData: [51, 'status', 'ptr value, ptr out'],
  FillStringTensor: [52, 'status', 'ptr value, ptr strings, size_t count'],
  GetStringTensorDataLength: [53, 'status', 'ptr value, ptr out'],
  GetStringTensorContent: [54, 'status', 'ptr value, ptr bytes, size_t length, ptr offsets, size_t count'],
  CastTypeInfoToTensorInfo: [55, 'status', 'ptr typeInfo, ptr out'],
  GetOnnxTypeFromTypeInfo: [56, 'status', 'ptr typeInfo, ptr out'],
  GetTensorElementType: [60, 'status', 'ptr info, ptr out'],
  GetDimensionsCount: [61, 'status', 'ptr info, ptr out'],
  GetDimensions: [62, 'status', 'ptr info, ptr dims, size_t rank'],
  GetSymbolicDimensions: [63, 'status', 'ptr info, ptr names, size_t rank'],
  GetTensorTypeAndShape: [65, 'status', 'ptr value, ptr out'],
  GetValueType: [67, 'status', 'ptr value, ptr out'],
  CreateCpuMemoryInfo: [69, 'status', 'int allocatorType, int memoryType, ptr out'],
  AllocatorFree: [76, 'status', 'ptr allocator, ptr memory'],
  GetAllocatorWithDefaultOptions: [78, 'status', 'ptr out'],
  ReleaseStatus: [93, 'void', 'ptr status'],
  ReleaseSession: [95, 'void', 'ptr session'],
  ReleaseValue: [96, 'void', 'ptr value'],
  ReleaseRunOptions: [97, 'void', 'ptr runOptions'],
  ReleaseTypeInfo: [98, 'void', 'ptr typeInfo'],
  ReleaseTensorTypeAndShapeInfo: [99, 'void', 'ptr info'],
  ReleaseSessionOptions: [100, 'void', 'ptr options'],
  CreateEnvWithGlobalThreadPools: [119, 'status', 'int severity, str logId, ptr threadingOptions, ptr out'],
  DisablePerSessionThreads: [120, 'status', 'ptr options'],
  CreateThreadingOptions: [121, 'status', 'ptr out'],
  ReleaseThreadingOptions: [122, 'void', 'ptr threadingOptions'],
  GetAvailableProviders: [125, 'status', 'ptr out, ptr count'],
  ReleaseAvailableProviders: [126, 'status', 'ptr providers, int count'],
  AddSessionConfigEntry: [130, 'status', 'ptr options, str key, str value'],
  SetGlobalIntraOpNumThreads: [147, 'status', 'ptr threadingOptions, int threads'],
  SetGlobalInterOpNumThreads: [148, 'status', 'ptr threadingOptions, int threads'],
  SetGlobalSpinControl: [149, 'status', 'ptr threadingOptions, int allow'],
  AddInitializer: [150, 'status', 'ptr options, str name, ptr value'],
  CreatePrepackedWeightsContainer: [166, 'status', 'ptr out'],
  ReleasePrepackedWeightsContainer: [167, 'void', 'ptr container'],
  CreateSessionWithPrepackedWeightsContainer: [
    168,
    'status',
    'ptr env, path modelPath, ptr options, ptr container, ptr out',
  ],
  CreateSessionFromArrayWithPrepackedWeightsContainer: [
    169,
    'status',
    'ptr env, ptr data, size_t length, ptr options, ptr container, ptr out',
  ],
  SessionOptionsAppendExecutionProvider_TensorRT_V2: [170, 'status', 'ptr options, ptr tensorrtOptions'],
  CreateTensorRTProviderOptions: [171, 'status', 'ptr out'],
  UpdateTensorRTProviderOptions: [172, 'status', 'ptr tensorrtOptions, ptr keys, ptr values, size_t count'],
  ReleaseTensorRTProviderOptions: [174, 'void', 'ptr tensorrtOptions'],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, 'status', 'ptr options, ptr cudaOptions'],
  CreateCUDAProviderOptions: [205, 'status', 'ptr out'],
  UpdateCUDAProviderOptions: [206, 'status', 'ptr cudaOptions, ptr keys, ptr values, size_t count'],
  ReleaseCUDAProviderOptions: [208, 'void', 'ptr cudaOptions'],
  AddExternalInitializers: [210, 'status', 'ptr options, ptr names, ptr values, size_t count'],
  SessionOptionsAppendExecutionProvider: [216, 'status', 'ptr options, str name, ptr keys, ptr values, size_t count'],
  GetResizedStringTensorElementBuffer: [252, 'status', 'ptr value, size_t index, size_t length, ptr out'],
  SessionOptionsSetLoadCancellationFlag: [293, 'status', 'ptr options, bool cancel'],
  GetKeyValuePairs: [298, 'void', 'ptr pairs, ptr keys, ptr values, ptr count'],
  RegisterExecutionProviderLibrary: [301, 'status', 'ptr env, str registrationName, path path'],
  GetEpDevices: [303, 'status', 'ptr env, ptr out, ptr count'],
  SessionOptionsAppendExecutionProvider_V2: [
    304,
    'status',
    'ptr options, ptr env, ptr devices, size_t deviceCount, ptr keys, ptr values, size_t count',
  ],
  HardwareDevice_Type: [307, 'int', 'ptr device'],
  HardwareDevice_VendorId: [308, 'uint32_t', 'ptr device'],
  HardwareDevice_Vendor: [309, 'str', 'ptr device'],
  HardwareDevice_DeviceId: [310, 'uint32_t', 'ptr device'],
  HardwareDevice_Metadata: [311, 'ptr', 'ptr device'],
  EpDevice_EpName: [312, 'str', 'ptr epDevice'],
  EpDevice_EpVendor: [313, 'str', 'ptr epDevice'],
  EpDevice_Device: [316, 'ptr', 'ptr epDevice'],
} as const satisfies Record<string, Signature>;

type Row = typeof ortFunctions;

interface Results {
  status: Status;
  ptr: Pointer | null;
  int: number;
  uint32_t: number;
  str: string;
  void: void;
}

/** A function of the table: called at once, or on a thread of libuv's pool. */
export interface OrtFunction<R> {
  (...args: readonly (Memory | string | number | boolean)[]): R;
  /** The native call runs on a pool thread; memory that is passed must be held until `done` was called. */
  async(...args: readonly (Memory | string | number | boolean | ((error: unknown, result: R) => void))[]): void;
}

/** The functions by name. */
export type OrtFunctions = { readonly [K in keyof Row]: OrtFunction<Results[Row[K][1]]> };
