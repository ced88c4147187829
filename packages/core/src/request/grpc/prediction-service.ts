import { create } from '@bufbuild/protobuf';
import { decodePredictRequest, encodePredictResponse } from '@servable/tensor';
import {
  ClassificationRequestSchema,
  GetModelMetadataRequestSchema,
  GetModelMetadataResponseSchema,
  MultiInferenceRequestSchema,
  RegressionRequestSchema,
  SignatureDefMapSchema,
  anyPack,
} from '@servable/protos/serving';
import type { ExecutionDependencies } from '../execution/open-request.js';
import { classify } from '../handlers/classify.js';
import { SIGNATURE_DEF_FIELD, getModelMetadata } from '../handlers/get-model-metadata.js';
import type { HandlerDependencies } from '../handlers/handler-dependencies.js';
import { multiInference } from '../handlers/multi-inference.js';
import { predict } from '../handlers/predict.js';
import { regress } from '../handlers/regress.js';
import {
  decodeExampleRequest,
  decodeMessage,
  decodeModelSpec,
  encodeMessage,
  encodeModelSpec,
} from './message-codec.js';
import { encodeClassifyResponse, encodeMultiInferenceResponse, encodeRegressResponse } from './inference-responses.js';
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
      return encodeClassifyResponse(await classify(dependencies, call, options));
    }),
    regress: unary({ method: 'Regress', admitted: true }, async (bytes, options) => {
      const { request, input } = decodeExampleRequest(RegressionRequestSchema, bytes);
      const call = { modelSpec: decodeModelSpec(request.modelSpec), input };
      return encodeRegressResponse(await regress(dependencies, call, options));
    }),
    multiInference: unary({ method: 'MultiInference', admitted: true }, async (bytes, options) => {
      const { request, input } = decodeExampleRequest(MultiInferenceRequestSchema, bytes);
      const tasks = request.tasks.map((task) => ({
        modelSpec: decodeModelSpec(task.modelSpec),
        methodName: task.methodName,
      }));
      return encodeMultiInferenceResponse(await multiInference(dependencies, { tasks, input }, options));
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
