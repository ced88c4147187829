// `npm run conformance:wire`: builds the packages and the program in ../src, and runs src/wire.ts.
// Arguments: parts of the names of topics, such as `rest` or `flags`; all topics without one.
import { bundled, root } from '../bundled.mjs';

const { wire } = await bundled('wire');
process.exit(await wire(root, process.argv.slice(2)));
