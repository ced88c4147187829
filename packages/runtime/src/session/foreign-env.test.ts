import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tensor } from '@servable/tensor';
import type * as OnnxRuntimeNode from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { libraryPathVariable } from '../native/find-library.js';
import { ortApi } from '../native/ort-api.js';
import { node, onnxModel } from '../testing/onnx-model.js';
import { NativeSession } from './native-session.js';

const require = createRequire(import.meta.url);

// Test files run in processes of their own: here onnxruntime-node is the first to use the library.
it('runs beside onnxruntime-node, which has made the engine’s environment without shared threads', async () => {
  // Nothing has switched the reports of this binding off yet.
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  const folder = join(dirname(require.resolve('onnxruntime-node/package.json')), 'bin/napi-v6');
  const { InferenceSession, Tensor } = require('onnxruntime-node') as typeof OnnxRuntimeNode;
  process.env[libraryPathVariable] = join(folder, process.platform, process.arch, libraryFile());
  const model = onnxModel({
    nodes: [node('Neg', ['x'], ['y'])],
    inputs: { x: 'float32[n]' },
    outputs: { y: 'float32[n]' },
  });
  const theirs = await InferenceSession.create(model);
  for (const intraOpThreads of [undefined, 2]) {
    await using session = await NativeSession.create(model, intraOpThreads === undefined ? {} : { intraOpThreads });
    const outputs = await session.run(new Map([['x', tensor([1, 2])]]), ['y']);
    expect(outputs.get('y')).toEqual(tensor([-1, -2]));
  }
  expect(ortApi().path).toContain('onnxruntime-node');
  const outputs = await theirs.run({ x: new Tensor('float32', Float32Array.of(3), [1]) });
  expect(outputs['y']?.data).toEqual(Float32Array.of(-3));
});

function libraryFile(): string {
  if (process.platform === 'win32') return 'onnxruntime.dll';
  return process.platform === 'darwin' ? 'libonnxruntime.1.dylib' : 'libonnxruntime.so.1';
}
