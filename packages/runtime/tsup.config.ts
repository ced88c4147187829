import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.js';

export default defineConfig(
  packageBuild({
    index: 'src/index.ts',
    // The thread that compiles large models; looked for beside the bundle that starts it.
    'compile-worker': 'src/compile/compile-worker.ts',
    // The one that makes sessions while others answer calls.
    'background-worker': 'src/session/background-worker.ts',
  }),
);
