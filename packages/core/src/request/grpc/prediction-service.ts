import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { decodePredictRequest, encodePredictResponse } from '@servable/tensor';
import {
  ClassificationRequestSchema,
  ClassificationResponseSchema,
  type ClassificationResultSchema,
  GetModelMetadataRequestSchema,
  GetModelMetadataResponseSchema,
  MultiInferenceRequestSchema,
  MultiInferenceResponseSchema,
  RegressionRequestSchema,
  RegressionResponseSchema,
  type RegressionResultSchema,
  SignatureDefMapSchema,
  anyPack,
} from '@servable/protos/serving';
import type { ExecutionDependencies } from '../execution/open-request.js';
import { classify, type ClassScore } from '../handlers/classify.js';
import { SIGNATURE_DEF_FIELD, getModelMetadata } from '../handlers/get-model-metadata.js';
import type { HandlerDependencies } from '../handlers/handler-dependencies.js';
import { multiInference, type InferenceResult } from '../handlers/multi-inference.js';
import { predict } from '../handlers/predict.js';
import { regress } from '../handlers/regress.js';
import {
  decodeExampleRequest,
  decodeMessage,
  decodeModelSpec,
  encodeMessage,
  encodeModelSpec,
} from './message-codec.js';
import { unary, type UnaryMethods } from './unary-handler.js';

export interface PredictionServiceDependencies extends HandlerDependencies, ExecutionDependencies {
  /**
   * Put response tensors into `tensor_content` instead of the typed value fields
   * (`--enable_serialization_as_tensor_content`). Default `false`.
   */
  readonly tensorContent?: boolean | undefined;
}

/** The methods of `tensorflow.serving.PredictionService`, on raw bytes. */
export function predictionService(dependencies: PredictionServiceDependencies): UnaryMethods {
  const content = dependencies.tensorContent === true;
  const { maxInputElements } = dependencies;
  const decodeOptions = {
    collectInputErrors: true,
    // What a message only claims to hold is bounded anyway.
    ...(maxInputElements === undefined ? {} : { maxElements: Math.min(maxInputElements, 2 ** 26) }),
  };
  return {
    // Straight between wire bytes and typed arrays: this call carries the load.
    predict: unary({ method: 'Predict', admitted: true }, async (bytes, options) => {
      // Bad tensors are reported after the model and the signature were found, as upstream does.
      const call = decodePredictRequest(bytes, decodeOptions);
      return encodePredictResponse(await predict(dependencies, call, options), { content });
    }),
    classify: unary({ method: 'Classify', admitted: true }, async (bytes, options) => {
      const { request, input } = decodeExampleRequest(ClassificationRequestSchema, bytes);
      const call = { modelSpec: decodeModelSpec(request.modelSpec), input };
      const { modelSpec, classifications } = await classify(dependencies, call, options);
      const result = classificationResult(classifications);
      return encodeMessage(
        ClassificationResponseSchema,
        create(ClassificationResponseSchema, { result, modelSpec: encodeModelSpec(modelSpec) }),
      );
    }),
    regress: unary({ method: 'Regress', admitted: true }, async (bytes, options) => {
      const { request, input } = decodeExampleRequest(RegressionRequestSchema, bytes);
      const call = { modelSpec: decodeModelSpec(request.modelSpec), input };
      const { modelSpec, values } = await regress(dependencies, call, options);
      return encodeMessage(
        RegressionResponseSchema,
        create(RegressionResponseSchema, { result: regressionResult(values), modelSpec: encodeModelSpec(modelSpec) }),
      );
    }),
    multiInference: unary({ method: 'MultiInference', admitted: true }, async (bytes, options) => {
      const { request, input } = decodeExampleRequest(MultiInferenceRequestSchema, bytes);
      const tasks = request.tasks.map((task) => ({
        modelSpec: decodeModelSpec(task.modelSpec),
        methodName: task.methodName,
      }));
      const results = await multiInference(dependencies, { tasks, input }, options);
      return encodeMessage(
        MultiInferenceResponseSchema,
        create(MultiInferenceResponseSchema, { results: results.map(inferenceResult) }),
      );
    }),
    getModelMetadata: unary({ method: 'GetModelMetadata', admitted: false }, async (bytes, { record }) => {
      const request = decodeMessage(GetModelMetadataRequestSchema, bytes);
      const asked = { modelSpec: decodeModelSpec(request.modelSpec), metadataFields: request.metadataField };
      const metadata = await getModelMetadata(dependencies, asked, record);
      const signatureDef = Object.fromEntries(metadata.signatureDefs);
      return encodeMessage(
        GetModelMetadataResponseSchema,
        create(GetModelMetadataResponseSchema, {
          modelSpec: encodeModelSpec(metadata),
          metadata: {
            [SIGNATURE_DEF_FIELD]: anyPack(SignatureDefMapSchema, create(SignatureDefMapSchema, { signatureDef })),
          },
        }),
      );
    }),
  };
}

function classificationResult(
  classifications: readonly (readonly ClassScore[])[],
): MessageInitShape<typeof ClassificationResultSchema> {
  return {
    classifications: classifications.map((classes) => ({
      classes: classes.map(({ label, score }) => ({ label: labelText.decode(label), score })),
    })),
  };
}

/** A label is bytes in the tensor and a protobuf string, so UTF-8, in the response. */
const labelText = new TextDecoder('utf-8', { ignoreBOM: true });

function regressionResult(values: Float32Array): MessageInitShape<typeof RegressionResultSchema> {
  return { regressions: Array.from(values, (value) => ({ value })) };
}

function inferenceResult(result: InferenceResult) {
  const modelSpec = encodeModelSpec(result.modelSpec);
  return result.kind === 'classify'
    ? {
        modelSpec,
        result: { case: 'classificationResult' as const, value: classificationResult(result.classifications) },
      }
    : { modelSpec, result: { case: 'regressionResult' as const, value: regressionResult(result.values) } };
}
