import { create, toBinary } from '@bufbuild/protobuf';
import {
  type ChannelCredentials,
  credentials,
  makeGenericClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { parseTextProto } from '@servable/core';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import {
  ModelServerConfigSchema,
  ModelService,
  PredictionService,
  ReloadConfigRequestSchema,
} from '@servable/protos/serving';
import { decodePredictResponse, encodePredictRequest, tensor } from '@servable/tensor';

const Client = makeGenericClientConstructor(
  grpcServiceDefinition(PredictionService, { raw: true }),
  'PredictionService',
);

type Unary = (request: Uint8Array, callback: (error: ServiceError | null, response: Buffer) => void) => unknown;

/** One connection to a server's gRPC port, or to its address as gRPC writes it. */
export interface Caller {
  /** `1:3,3.5`: the version that answered and its answers to x; `UNAVAILABLE: …` for an error. */
  predict(model: string, x: readonly number[], label?: string): Promise<string>;
  close(): void;
}

export function grpcCaller(port: number | string, how: ChannelCredentials = credentials.createInsecure()): Caller {
  const client = new Client(typeof port === 'string' ? port : `127.0.0.1:${port}`, how);
  return {
    predict: (name, x, versionLabel) =>
      new Promise((resolve) => {
        const request = encodePredictRequest({
          modelSpec: { name, versionLabel, signatureName: '' },
          inputs: new Map([['x', tensor([...x], 'float32')]]),
          outputFilter: [],
        });
        (client['predict'] as Unary).call(client, request, (error, response) => {
          if (error) return resolve(`${status[error.code]}: ${error.details}`);
          const { modelSpec, outputs } = decodePredictResponse(response);
          resolve(`${modelSpec?.version}:${outputs.get('y')?.data.join(',')}`);
        });
      }),
    close: () => client.close(),
  };
}

/** Status and body of a REST call. */
export async function restPredict(port: number, model: string, x: readonly number[]): Promise<[number, unknown]> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/models/${model}:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: x }),
  });
  return [response.status, await response.json()];
}

const ModelClient = makeGenericClientConstructor(grpcServiceDefinition(ModelService, { raw: true }), 'ModelService');

/**
 * Sends a HandleReloadConfigRequest with a ModelServerConfig in the text format.
 *
 * @returns `OK`, or `CODE: message`
 */
export function reloadConfig(
  target: number | string,
  text: string,
  how: ChannelCredentials = credentials.createInsecure(),
): Promise<string> {
  const client = new ModelClient(typeof target === 'string' ? target : `127.0.0.1:${target}`, how);
  const config = parseTextProto(ModelServerConfigSchema, text);
  const request = toBinary(ReloadConfigRequestSchema, create(ReloadConfigRequestSchema, { config }));
  return new Promise((resolve) => {
    (client['handleReloadConfigRequest'] as Unary).call(client, request, (error) => {
      client.close();
      resolve(error ? `${status[error.code]}: ${error.details}` : 'OK');
    });
  });
}
