import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.js';

export default defineConfig(
  packageBuild({
    serving: 'src/serving.ts',
    tensorflow: 'src/tensorflow.ts',
    onnx: 'src/onnx.ts',
    health: 'src/health.ts',
    reflection: 'src/reflection.ts',
    inference: 'src/inference.ts',
    grpc: 'src/grpc.ts',
  }),
);
