// Loads a SavedModel in-process, as a starting server does, and says how long it took: load-model.mjs DIRECTORY
import { loadSavedModel } from '@servable/runtime';

await loadSavedModel(process.argv[3]).then((warm) => warm.close());
const start = performance.now();
const model = await loadSavedModel(process.argv[2], { compileOn: 'caller' });
console.log(JSON.stringify({ created: performance.now() - start }));
process.once('SIGTERM', () => void model.close().then(() => process.exit(0)));
