import { prepareRuntime } from '@servable/runtime';
import { compare } from './compare.js';
import type { ComparisonRequest } from './comparison.js';

// A process of its own, as TensorFlow ends the process on some inputs: compares models one after another.
prepareRuntime();
process.on('message', (request: ComparisonRequest) => {
  void compare(request).then(
    (comparison) => process.send!({ comparison }),
    (error: unknown) => process.send!({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
