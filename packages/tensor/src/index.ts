// Errors
export { TensorError } from './tensor-error.js';
export type { TensorErrorCode } from './tensor-error.js';

// Dtypes
export { dataTypeName, dtypeFromEnum, dtypeInfo, dtypes, isDType } from './dtype/dtype.js';
export type { DType, DTypeInfo, DTypeKind, NumericData, TensorDataMap, TypedArrayConstructor } from './dtype/dtype.js';
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './dtype/half.js';

// Tensors
export { Tensor } from './tensor/tensor.js';
export { formatShape, shapeSize } from './tensor/shape.js';
export type { NestedValues, TensorScalar } from './tensor/nested.js';
export { stringTensor, tensor } from './tensor/build.js';
export type { TensorLike, TensorValues } from './tensor/build.js';

// TensorProto codec
export { decodeTensor } from './proto/decode-tensor.js';
export { encodeTensor } from './proto/encode-tensor.js';
export { tensorFromProto, tensorToProto } from './proto/tensor-message.js';
export { tensorInfoDtype, tensorInfoShape } from './proto/tensor-info.js';
export type { DecodeOptions } from './proto/decode-options.js';
export type { EncodeOptions } from './proto/encode-tensor.js';

// Predict wire codec
export { findTensorContent } from './predict/find-tensor-content.js';
export { decodePredictRequest, encodePredictRequest } from './predict/predict-request.js';
export { decodePredictResponse, encodePredictResponse } from './predict/predict-response.js';
export type { ModelSpecFields } from './predict/model-spec.js';
export type {
  DecodedPredictRequest,
  DecodePredictRequestOptions,
  PredictRequestFields,
} from './predict/predict-request.js';
export type { DecodedPredictResponse, PredictResponseFields } from './predict/predict-response.js';

// REST JSON codec
export { parsePredictRequestJson } from './json/predict-request.js';
export { formatPredictResponseJson } from './json/predict-response.js';
export { parseExampleRequestJson } from './json/example-request.js';
export { formatClassifyResponseJson, formatErrorJson, formatRegressResponseJson } from './json/example-response.js';
export type { JsonPredictFormat, JsonPredictRequest } from './json/json-predict-request.js';
export type { JsonExampleRequest } from './json/example-request.js';
export type { JsonClass } from './json/example-response.js';
export type { JsonLimits } from './json/json-document.js';
export type { SignatureInputs } from './json/signature-inputs.js';

// Tensors as raw bytes: the binary media types of REST
export { decodeRawTensors, encodeRawTensors, RAW_TENSORS_TYPE } from './raw/raw-tensors.js';
export type { RawTensors } from './raw/raw-tensors.js';
export { decodeNpy, encodeNpy, NPY_TYPE } from './npy/npy.js';

// Open Inference Protocol: datatypes, values as raw bytes, the JSON bodies of REST
export { dtypeOfOip, oipDatatype } from './oip/datatype.js';
export { rawDataSize, readRawData, writeRawData } from './raw/raw-data.js';
export { parseOipInferRequest } from './oip/infer-request.js';
export { formatOipInferResponse } from './oip/infer-response.js';
export type {
  OipInferRequest,
  OipInferResponse,
  OipParameter,
  OipParameters,
  OipRequestedOutput,
} from './oip/infer-messages.js';
export type { OipRequestOptions } from './oip/infer-request.js';
export type { OipResponseBody } from './oip/infer-response.js';

// tf.Example
export { decodeExample, encodeExample } from './example/example.js';
export type { FeatureLike } from './example/example.js';
export type { Feature } from './example/feature.js';
