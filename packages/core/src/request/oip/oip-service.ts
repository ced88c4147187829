import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ModelInferRequestSchema,
  ModelInferResponseSchema,
  ModelMetadataRequestSchema,
  ModelMetadataResponseSchema,
  ModelReadyRequestSchema,
  ModelReadyResponseSchema,
  RepositoryIndexRequestSchema,
  RepositoryIndexResponseSchema,
  ServerLiveResponseSchema,
  ServerMetadataResponseSchema,
  ServerReadyResponseSchema,
} from '@servable/protos/inference';
import { decodeMessage, encodeMessage } from '../grpc/message-codec.js';
import { unary, type UnaryMethods } from '../grpc/unary-handler.js';
import { oipModelMetadata, oipModelReady, oipRepositoryIndex, oipServerMetadata, oipServerReady } from './describe.js';
import { decodeInferRequest, encodeInferResponse } from './infer-codec.js';
import { oipInfer } from './infer.js';
import type { OipDependencies } from './oip-model.js';

/** The handlers of `inference.GRPCInferenceService`, the Open Inference Protocol over gRPC, on raw bytes. */
export function oipService(dependencies: OipDependencies): UnaryMethods {
  return {
    serverLive: unary({ method: '', admitted: false }, async () => encode(ServerLiveResponseSchema, { live: true })),
    serverReady: unary({ method: '', admitted: false }, async () =>
      encode(ServerReadyResponseSchema, { ready: oipServerReady(dependencies) }),
    ),
    serverMetadata: unary({ method: '', admitted: false }, async () => {
      const { extensions, ...metadata } = oipServerMetadata(dependencies);
      return encode(ServerMetadataResponseSchema, { ...metadata, extensions: [...extensions] });
    }),
    modelReady: unary({ method: 'GetModelStatus', admitted: false }, async (bytes, { record }) => {
      const model = decodeMessage(ModelReadyRequestSchema, bytes);
      return encode(ModelReadyResponseSchema, { ready: oipModelReady(dependencies, model, record) });
    }),
    modelMetadata: unary({ method: 'GetModelMetadata', admitted: false }, async (bytes, { record }) => {
      const model = decodeMessage(ModelMetadataRequestSchema, bytes);
      const { versions, inputs, outputs, ...rest } = await oipModelMetadata(dependencies, model, '', record);
      return encode(ModelMetadataResponseSchema, {
        ...rest,
        versions: [...versions],
        inputs: inputs.map(withWireShape),
        outputs: outputs.map(withWireShape),
      });
    }),
    modelInfer: unary({ method: 'Predict', admitted: true }, async (bytes, options) => {
      const request = decodeMessage(ModelInferRequestSchema, bytes);
      const model = { name: request.modelName, version: request.modelVersion };
      options.record?.useModel(model.name);
      const response = await oipInfer(dependencies, model, decodeInferRequest(request), options);
      return encodeMessage(ModelInferResponseSchema, encodeInferResponse(response, request));
    }),
    repositoryIndex: unary({ method: 'ListModels', admitted: false }, async (bytes, { record }) => {
      record?.useModel('');
      const { ready } = decodeMessage(RepositoryIndexRequestSchema, bytes);
      return encode(RepositoryIndexResponseSchema, { models: [...oipRepositoryIndex(dependencies, ready, record)] });
    }),
  };
}

function withWireShape({ shape, ...rest }: { name: string; datatype: string; shape: readonly number[] }) {
  return { ...rest, shape: shape.map(BigInt) };
}

function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  return encodeMessage(schema, create(schema, message));
}
