import { availableParallelism, cpus } from 'node:os';
import { delimiter } from 'node:path';
import { compareModels } from '../lib/compare-models.mjs';
import { pythonFolder } from '../lib/models.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title =
  "every exported SavedModel in-process against TensorFlow's C API, the same threads, one call at a time";

export async function* measure() {
  const threads = availableParallelism();
  const env = {
    CUDA_VISIBLE_DEVICES: '-1',
    TF_CPP_MIN_LOG_LEVEL: '3',
    // TensorFlow's library is looked for in the packages of `python3`.
    PATH: `${pythonFolder}${delimiter}${process.env['PATH']}`,
  };
  const ours = await startProgram('model-loop.mjs', ['servable', String(threads)], env);
  const theirs = await startProgram('model-loop.mjs', ['tensorflow', String(threads)], env);
  const rival = { name: 'TensorFlow', callOf: (_, call) => call, lineOf };
  try {
    yield* compareModels({ ours, theirs }, rival, {
      name: 'tensorflow',
      title: "Against TensorFlow's C API",
      about: [
        'Every exported SavedModel in-process, against TensorFlow through its C API on the same threads. To reach: 0.95 ' +
          'without host ops, 2 where TensorFlow takes less than a millisecond for a batch of 1, 0.5 with host ops; 1.5 in ' +
          'the geometric mean.',
      ],
      machine: `${threads} processors, ${cpus()[0]?.model.trim()}`,
      mean: 1.5,
    });
  } finally {
    await ours.stop();
    await theirs.stop();
  }
}

/** What TensorFlow needs less than a millisecond for is mostly the way in and out. */
function lineOf({ hostOps, b, batch }) {
  if (hostOps > 0) return 0.5;
  return b > 1000 && batch !== 32 ? 2 : 0.95;
}
