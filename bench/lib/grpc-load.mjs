// A load generator that passes bytes through, so that its own cost is the same for every server.
import { credentials, Client } from '@grpc/grpc-js';
import { encodePredictRequest } from '@servable/tensor';

const path = '/tensorflow.serving.PredictionService/Predict';

export function predictBytes(model, inputs, { signatureName = '', ...options } = {}) {
  const request = {
    modelSpec: { name: model, signatureName },
    inputs: new Map(Object.entries(inputs)),
    outputFilter: [],
  };
  return Buffer.from(encodePredictRequest(request, options));
}

export function openLoad(port, bytes) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  const pass = (value) => value;
  return {
    call: () =>
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(path, pass, pass, bytes, (error, reply) => (error ? reject(error) : resolve(reply))),
      ),
    close: () => client.close(),
  };
}
