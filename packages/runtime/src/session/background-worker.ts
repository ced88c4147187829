// A thread of low priority that makes sessions and frees them: an entry of its own beside the package's bundle.
import { parentPort } from 'node:worker_threads';
import { ortApi } from '../native/ort-api.js';
import { lowerThreadPriority } from '../native/thread-priority.js';
import type { BackgroundAnswer, BackgroundCall } from './background-messages.js';

if (parentPort !== null) {
  const port = parentPort;
  lowerThreadPriority();
  const api = ortApi();
  const answer = (message: BackgroundAnswer) => port.postMessage(message);
  port.on('message', ({ number, name, args }: BackgroundCall) => {
    const result = api[name](...args) as bigint | null | undefined;
    answer({ number, result: result ?? null });
  });
  answer({ number: 0, result: null });
}
