import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.js';

export default defineConfig(
  packageBuild({
    index: 'src/index.ts',
    cli: 'src/cli.ts',
    // The program of models in processes of their own; looked for beside the bundle that forks it.
    'isolated-model': 'src/isolation/isolated-model.ts',
  }),
);
