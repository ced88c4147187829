import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  GetModelMetadataRequestSchema,
  GetModelMetadataResponseSchema,
  GetModelStatusRequestSchema,
  GetModelStatusResponseSchema,
  Int64ValueSchema,
  ModelSpecSchema,
  ModelVersionStatus_State as State,
  SignatureDefMapSchema,
  anyUnpack,
  type ModelSpec as ModelSpecMessage,
} from '@servable/protos/serving';
import { Code } from '@servable/protos/tensorflow';
import { decodePredictResponse, encodePredictRequest } from '@servable/tensor';
import type { ModelSpec, ModelVersionStatus, RpcMethods } from '../transport.js';

/** How one call looks on the gRPC wire. */
export interface GrpcMethod<Method extends keyof RpcMethods> {
  readonly path: string;
  encode(request: RpcMethods[Method]['request']): Uint8Array;
  decode(response: Uint8Array): RpcMethods[Method]['response'];
}

/** All calls, by name. Predict goes straight between typed arrays and bytes, with values as `tensor_content`. */
export const grpcMethods: { readonly [Method in keyof RpcMethods]: GrpcMethod<Method> } = {
  predict: {
    path: '/tensorflow.serving.PredictionService/Predict',
    encode: (request) => encodePredictRequest(request, { content: true }),
    decode: (bytes) => {
      const { modelSpec, outputs } = decodePredictResponse(bytes);
      return { name: modelSpec?.name ?? '', version: modelSpec?.version ?? 0n, outputs };
    },
  },
  getModelStatus: {
    path: '/tensorflow.serving.ModelService/GetModelStatus',
    encode: ({ modelSpec }) =>
      toBinary(
        GetModelStatusRequestSchema,
        create(GetModelStatusRequestSchema, { modelSpec: encodeModelSpec(modelSpec) }),
      ),
    decode: (bytes) =>
      fromBinary(GetModelStatusResponseSchema, bytes).modelVersionStatus.map(
        ({ version, state, status }): ModelVersionStatus => ({
          version,
          state: (State[state] ?? 'UNKNOWN') as ModelVersionStatus['state'],
          code: Code[status?.errorCode ?? Code.OK] ?? 'UNKNOWN',
          message: status?.errorMessage ?? '',
        }),
      ),
  },
  getModelMetadata: {
    path: '/tensorflow.serving.PredictionService/GetModelMetadata',
    encode: ({ modelSpec }) =>
      toBinary(
        GetModelMetadataRequestSchema,
        create(GetModelMetadataRequestSchema, {
          modelSpec: encodeModelSpec(modelSpec),
          metadataField: [SIGNATURE_DEF_FIELD],
        }),
      ),
    decode: (bytes) => {
      const { modelSpec, metadata } = fromBinary(GetModelMetadataResponseSchema, bytes);
      const any = metadata[SIGNATURE_DEF_FIELD];
      const map = any === undefined ? undefined : anyUnpack(any, SignatureDefMapSchema);
      if (map === undefined) throw new Error(`the response has no "${SIGNATURE_DEF_FIELD}" of type SignatureDefMap`);
      const choice = modelSpec?.versionChoice;
      return {
        name: modelSpec?.name ?? '',
        version: choice?.case === 'version' ? choice.value.value : 0n,
        signatureDefs: new Map(Object.entries(map.signatureDef)),
      };
    },
  },
};

const SIGNATURE_DEF_FIELD = 'signature_def';

function encodeModelSpec(spec: ModelSpec): ModelSpecMessage {
  const message = create(ModelSpecSchema, { name: spec.name, signatureName: spec.signatureName });
  if (spec.version !== undefined) {
    message.versionChoice = { case: 'version', value: create(Int64ValueSchema, { value: spec.version }) };
  } else if (spec.versionLabel !== undefined) {
    message.versionChoice = { case: 'versionLabel', value: spec.versionLabel };
  }
  return message;
}
