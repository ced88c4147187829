import { credentials, makeGenericClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import { PredictionService } from '@servable/protos/serving';
import { decodePredictResponse, encodePredictRequest, tensor } from '@servable/tensor';

const Client = makeGenericClientConstructor(
  grpcServiceDefinition(PredictionService, { raw: true }),
  'PredictionService',
);

type Unary = (request: Uint8Array, callback: (error: ServiceError | null, response: Buffer) => void) => unknown;

/** One connection to a server's gRPC port. */
export interface Caller {
  /** `1:3,3.5`: the version that answered and its answers to x; `UNAVAILABLE: …` for an error. */
  predict(model: string, x: readonly number[]): Promise<string>;
  close(): void;
}

export function grpcCaller(port: number, host = '127.0.0.1'): Caller {
  const client = new Client(`${host}:${port}`, credentials.createInsecure());
  return {
    predict: (name, x) =>
      new Promise((resolve) => {
        const request = encodePredictRequest({
          modelSpec: { name, signatureName: '' },
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
