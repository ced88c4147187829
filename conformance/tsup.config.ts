import { defineConfig } from 'tsup';
import { packageBuild } from '../tsup.base.js';

export default defineConfig([
  packageBuild({
    main: 'src/main.ts',
    optimizations: 'src/optimizations.ts',
    wire: 'src/wire.ts',
    server: 'src/server.ts',
    'compare-process': 'src/oracle/compare-process.ts',
  }),
  // What a browser loads, in one file.
  {
    ...packageBuild({ 'wire-page': 'src/wire-page.ts' }),
    platform: 'browser',
    target: 'es2022',
    splitting: false,
    noExternal: [/./],
  },
]);
