// Runs goldens.ts on the packages' sources: bundled first, because Node 20 does not read TypeScript.
import { build } from 'esbuild';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const outfile = `${root}conformance/.cache/goldens.mjs`;
await build({
  entryPoints: [`${root}conformance/goldens.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  tsconfig: `${root}tsconfig.base.json`,
  logLevel: 'warning',
});
const { runGoldens } = await import(pathToFileURL(outfile).href);
process.exitCode = (await runGoldens(root, process.argv.slice(2))) === 0 ? 0 : 1;
