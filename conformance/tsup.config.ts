import { defineConfig } from 'tsup';
import { packageBuild } from '../tsup.base.js';

export default defineConfig(
  packageBuild({
    main: 'src/main.ts',
    server: 'src/server.ts',
    'compare-process': 'src/oracle/compare-process.ts',
  }),
);
