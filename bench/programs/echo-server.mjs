// grpc-js with nothing behind it: answers every Predict with the bytes it got.
import { Server, ServerCredentials } from '@grpc/grpc-js';

const pass = (bytes) => bytes;
const service = {
  predict: {
    path: '/tensorflow.serving.PredictionService/Predict',
    requestStream: false,
    responseStream: false,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  },
};
const server = new Server({ 'grpc.max_receive_message_length': -1 });
server.addService(service, { predict: (call, done) => done(null, call.request) });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(JSON.stringify({ port }));
});
process.once('SIGTERM', () => process.exit(0));
