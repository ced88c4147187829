import { openLoad, predictBytes } from '../lib/grpc-load.mjs';
import { basePath, goldenInputs } from '../lib/models.mjs';
import { callRate, compareRates } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title = 'gRPC Predict of the digit model against a grpc-js server that echoes the same bytes';

export async function measure() {
  const bytes = predictBytes('digits', goldenInputs('digits', 1));
  const ours = await startProgram('model-server.mjs', ['digits', basePath('digits')]);
  const echo = await startProgram('echo-server.mjs');
  const [a, b] = [openLoad(ours.port, bytes), openLoad(echo.port, bytes)];
  try {
    const result = await compareRates(
      (milliseconds) => callRate(a.call, 32, milliseconds),
      (milliseconds) => callRate(b.call, 32, milliseconds),
    );
    return [
      { what: 'Predict', value: result.a, unit: 'calls/s' },
      { what: 'echo', value: result.b, unit: 'calls/s' },
      {
        what: 'ratio',
        value: result.ratio,
        atLeast: 0.5,
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
