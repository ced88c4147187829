// The thread that reads and compiles a large SavedModel: an entry of its own beside the package's bundle.
import { parentPort, workerData } from 'node:worker_threads';
import { lowerThreadPriority } from '../native/thread-priority.js';
import { answerCompiles } from './answer-compile.js';
import type { CompileSource } from './compile-messages.js';

if (parentPort !== null) {
  const source = workerData as CompileSource;
  if (source.givesWay) lowerThreadPriority();
  answerCompiles(parentPort, source);
}
