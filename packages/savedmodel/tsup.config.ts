import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.js';

export default defineConfig(
  packageBuild({
    index: 'src/index.ts',
    // The thread that decodes images; looked for beside the bundle that starts it.
    'decode-image-worker': 'src/kernels/images/decode-image-worker.ts',
  }),
);
