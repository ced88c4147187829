import { startBareLoop } from '../lib/bare-loop.mjs';
import { openLoad, predictBytes } from '../lib/grpc-load.mjs';
import { basePath, compiledOnnxFile, goldenInputs } from '../lib/models.mjs';
import { callRate, compareRates } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title =
  'MobileNetV2, batch 1, through gRPC against ONNX Runtime in a bare loop on the same compiled model';

export async function measure() {
  const inputs = goldenInputs('mobilenet_v2', 1);
  const { file } = await compiledOnnxFile('mobilenet_v2');
  const bare = await startBareLoop(file, Object.values(inputs));
  const ours = await startProgram('model-server.mjs', ['mobilenet_v2', basePath('mobilenet_v2')]);
  const load = openLoad(ours.port, predictBytes('mobilenet_v2', inputs, { content: true }));
  try {
    const result = await compareRates(
      (milliseconds) => callRate(load.call, 2, milliseconds),
      (milliseconds) => bare.rate(milliseconds),
    );
    return [
      { what: 'through gRPC, 2 in flight', value: result.a, unit: 'calls/s' },
      { what: 'bare loop', value: result.b, unit: 'runs/s' },
      {
        what: 'ratio',
        value: result.ratio,
        atLeast: 0.85,
        note: `${result.low.toFixed(2)} to ${result.high.toFixed(2)}`,
      },
    ];
  } finally {
    load.close();
    await ours.stop();
    await bare.stop();
  }
}
