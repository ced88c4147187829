// `npm run conformance:optimizations`: builds the packages and the program in src/, and asks every model with the engine's
// optimizations and without. Arguments: parts of names, as those of run.mjs, and what src/optimizations.ts takes.
import { bundled, root } from './bundled.mjs';

const { main } = await bundled('optimizations');
process.exit(await main(root, process.argv.slice(2)));
