// `npm run conformance`: builds the packages and the program in src/, and runs it. Arguments: see src/arguments.ts.
import { bundled, root } from './bundled.mjs';

const { main } = await bundled('main');
process.exit(await main(root, process.argv.slice(2)));
