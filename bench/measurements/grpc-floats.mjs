import { Tensor } from '@servable/tensor';
import { openLoad, predictBytes } from '../lib/grpc-load.mjs';
import { identityBasePath } from '../lib/identity.mjs';
import { callRate, compareRates } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title =
  'gRPC Predict of a signature that takes 784 floats and returns them, against a grpc-js server that echoes the bytes';

export async function measure() {
  const x = new Tensor(
    'float32',
    [1, 784],
    Float32Array.from({ length: 784 }, (_, i) => Math.sin(i)),
  );
  const bytes = predictBytes('identity', { x });
  const ours = await startProgram('model-server.mjs', ['identity', identityBasePath(784)]);
  const echo = await startProgram('echo-server.mjs');
  const [a, b] = [openLoad(ours.port, bytes), openLoad(echo.port, bytes)];
  try {
    const result = await compareRates(
      (milliseconds) => callRate(a.call, 32, milliseconds),
      (milliseconds) => callRate(b.call, 32, milliseconds),
      { rounds: 15, milliseconds: 700 },
    );
    return [
      { what: 'Predict', value: result.a, unit: 'calls/s' },
      { what: 'echo', value: result.b, unit: 'calls/s' },
      {
        what: 'ratio',
        value: result.ratio,
        atLeast: 0.75,
        note: `${result.low.toFixed(2)} to ${result.high.toFixed(2)}`,
      },
    ];
  } finally {
    a.close();
    b.close();
    await ours.stop();
    await echo.stop();
  }
}
