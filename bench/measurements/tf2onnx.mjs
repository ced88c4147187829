import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startBareLoop } from '../lib/bare-loop.mjs';
import { basePath, cacheDirectory, compiledOnnxFile, goldenInputs } from '../lib/models.mjs';
import { compareRates } from '../lib/pairs.mjs';

export const title = 'our compiled model against the one tf2onnx makes, both in a bare loop of ONNX Runtime';

const python = fileURLToPath(new URL('../../conformance/.venv/bin/python', import.meta.url));

export async function measure() {
  const figures = [];
  for (const name of ['mobilenet_v2', 'efficientnet_b0', 'resnet50']) {
    const { file, inputs } = await compiledOnnxFile(name);
    const theirs = `${cacheDirectory}${name}-tf2onnx.onnx`;
    if (!existsSync(theirs)) {
      const args = [
        '-m',
        'tf2onnx.convert',
        '--saved-model',
        `${basePath(name)}/1`,
        '--output',
        theirs,
        '--opset',
        '18',
      ];
      execFileSync(python, args, {
        stdio: 'ignore',
        env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1', ORT_DISABLE_TELEMETRY: '1' },
      });
    }
    const golden = goldenInputs(name, 1);
    const values = inputs.map(({ alias }) => golden[alias]);
    const ours = await startBareLoop(file, values);
    const rival = await startBareLoop(theirs, values);
    try {
      const result = await compareRates(ours.rate, rival.rate);
      figures.push({
        what: `${name}: ${result.a.toFixed(1)} against ${result.b.toFixed(1)} runs/s`,
        value: result.ratio,
        atLeast: 0.95,
        note: `${result.low.toFixed(2)} to ${result.high.toFixed(2)}`,
      });
    } finally {
      await ours.stop();
      await rival.stop();
    }
  }
  return figures;
}
