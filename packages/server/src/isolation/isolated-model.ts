// The program of a model's process: a file of its own beside the bundle of the server, which forks it.
import { serveIsolatedModel } from './serve-isolated-model.js';
import type { Request } from './messages.js';

const take = serveIsolatedModel({
  // A message that cannot go out any more has nobody who waits for it.
  send: (answer) => void (process.connected && process.send?.(answer, undefined, {}, () => undefined)),
  exit: () => process.exit(0),
});
process.on('message', (request) => take(request as Request));
// Without its server it has nothing to do.
process.on('disconnect', () => process.exit(0));
// A terminal sends these to all processes; the server drains first, and then ends this one.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.send?.({ kind: 'started' });
