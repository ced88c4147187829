import { create } from '@bufbuild/protobuf';
import {
  type InferParameter,
  type InferTensorContents,
  InferTensorContentsSchema,
  ModelInferResponse_InferOutputTensorSchema,
  ModelInferResponseSchema,
  type ModelInferRequest,
  type ModelInferRequest_InferInputTensor,
  type ModelInferResponse,
} from '@servable/protos/inference';
import {
  type DType,
  dtypeInfo,
  dtypeOfOip,
  formatShape,
  oipDatatype,
  rawDataSize,
  readRawData,
  shapeSize,
  Tensor,
  type OipInferRequest,
  type OipInferResponse,
  type OipParameter,
  type OipParameters,
  writeRawData,
} from '@servable/tensor';
import { ServingError } from '../../servable/serving-error.js';

/**
 * Reads an inference request from its message.
 *
 * @throws ServingError and TensorError INVALID_ARGUMENT for values that do not fit their datatype and shape
 */
export function decodeInferRequest(message: ModelInferRequest): OipInferRequest {
  const { rawInputContents: raw, inputs } = message;
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw invalid(
      'RAW_COUNT_MISMATCH',
      `Expected raw_input_contents for all ${inputs.length} inputs or for none, given ${raw.length}`,
    );
  }
  const tensors = new Map<string, Tensor>();
  for (const [index, input] of inputs.entries()) {
    if (tensors.has(input.name)) {
      throw invalid('INPUT_DUPLICATE', `The request has input ${JSON.stringify(input.name)} twice`);
    }
    tensors.set(input.name, decodeInput(input, raw[index]));
  }
  return {
    id: message.id === '' ? undefined : message.id,
    parameters: decodeParameters(message.parameters),
    inputs: tensors,
    outputs: message.outputs.map(({ name, parameters }) => ({ name, parameters: decodeParameters(parameters) })),
  };
}

function decodeInput(input: ModelInferRequest_InferInputTensor, raw: Uint8Array | undefined): Tensor {
  const { name, datatype, contents } = input;
  const what = `input ${JSON.stringify(name)}`;
  if (Object.hasOwn(input.parameters, 'shared_memory_region')) {
    throw new ServingError('UNIMPLEMENTED', 'SHARED_MEMORY', `Shared memory is not supported; given for ${what}`);
  }
  try {
    const dtype = dtypeOfOip(datatype);
    const shape = input.shape.map(Number);
    if (raw === undefined) return fromContents(dtype, shape, contents);
    if (contents !== undefined) {
      throw invalid('DATA_TWICE', 'expected either contents or raw_input_contents, given both');
    }
    return readRawData(dtype, shape, raw);
  } catch (cause) {
    const { code, reason, message } = ServingError.from(cause);
    throw new ServingError(code, reason, `Bad ${what}: ${message}`, { cause });
  }
}

/** The field of contents that holds the values of a dtype; FP16, BF16 and what the protocol does not know have none. */
const fieldOf: Partial<Record<DType, Exclude<keyof InferTensorContents, '$typeName' | '$unknown'>>> = {
  bool: 'boolContents',
  int8: 'intContents',
  int16: 'intContents',
  int32: 'intContents',
  int64: 'int64Contents',
  uint8: 'uintContents',
  uint16: 'uintContents',
  uint32: 'uintContents',
  uint64: 'uint64Contents',
  float32: 'fp32Contents',
  float64: 'fp64Contents',
  string: 'bytesContents',
};

function fromContents(dtype: DType, shape: readonly number[], contents: InferTensorContents | undefined): Tensor {
  const field = fieldOf[dtype];
  if (field === undefined) {
    throw invalid('CONTENTS_UNFIT', `contents have no field for ${oipDatatype(dtype)}; use raw_input_contents`);
  }
  const values: readonly unknown[] = contents?.[field] ?? [];
  const size = shapeSize(shape);
  if (values.length !== size) {
    throw invalid(
      'DATA_SHAPE_MISMATCH',
      `expected ${size} values in contents for ${oipDatatype(dtype)} ${formatShape(shape)}, given ${values.length}`,
    );
  }
  if (dtype === 'string') return new Tensor(dtype, shape, values as Uint8Array[]);
  const { array, min, max } = dtypeInfo(dtype);
  if (min !== undefined && max !== undefined && array!.BYTES_PER_ELEMENT < 4) {
    for (const value of values as number[]) {
      if (value >= (min as number) && value <= (max as number)) continue;
      throw invalid('VALUE_OUT_OF_RANGE', `expected ${min} to ${max} for ${oipDatatype(dtype)}, given ${value}`);
    }
  }
  const data = new array!(size);
  // A set takes booleans as 0 and 1, and bigints where the array holds them.
  data.set(values as never);
  return new Tensor(dtype, shape, data);
}

/**
 * Makes the message of an inference response: in raw bytes when the request came so, or when some output has a datatype
 * that `contents` have no field for; else in `contents`.
 */
export function encodeInferResponse(response: OipInferResponse, request: ModelInferRequest): ModelInferResponse {
  const { modelName, modelVersion, id = '' } = response;
  const outputs = [...response.outputs];
  const isRaw =
    request.rawInputContents.length > 0 ||
    request.inputs.length === 0 ||
    outputs.some(([, { dtype }]) => fieldOf[dtype] === undefined);
  return create(ModelInferResponseSchema, {
    modelName,
    modelVersion,
    id,
    outputs: outputs.map(([name, tensor]) => {
      const head = { name, datatype: oipDatatype(tensor.dtype), shape: tensor.shape.map(BigInt) };
      return create(
        ModelInferResponse_InferOutputTensorSchema,
        isRaw ? head : { ...head, contents: toContents(tensor) },
      );
    }),
    rawOutputContents: isRaw ? outputs.map(([, tensor]) => rawBytes(tensor)) : [],
  });
}

function toContents(tensor: Tensor): InferTensorContents {
  const contents = create(InferTensorContentsSchema);
  const field = fieldOf[tensor.dtype]!;
  const values: unknown[] =
    tensor.dtype === 'bool'
      ? Array.from(tensor.data as Uint8Array, (value) => value !== 0)
      : Array.from(tensor.data as Iterable<unknown>);
  (contents as unknown as Record<string, unknown[]>)[field] = values;
  return contents;
}

function rawBytes(tensor: Tensor): Uint8Array {
  const bytes = new Uint8Array(rawDataSize(tensor));
  writeRawData(bytes, 0, tensor);
  return bytes;
}

function decodeParameters(parameters: Readonly<Record<string, InferParameter>>): OipParameters {
  const decoded = new Map<string, OipParameter>();
  for (const [name, { parameterChoice: choice }] of Object.entries(parameters)) {
    if (choice.case !== undefined) decoded.set(name, choice.value);
  }
  return decoded;
}

function invalid(reason: string, message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', reason, message);
}
