// The program of a model's process: a file of its own beside the bundle of the server, which forks it.
import { Buffer } from 'node:buffer';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { FrameReader, writeFrame } from './frames.js';
import { type CallHead, callsFd, type Request } from './messages.js';
import { serveIsolatedModel } from './serve-isolated-model.js';

/** As much as a socket hands over at once. */
const readBytes = 256 * 1024;

const served = serveIsolatedModel({
  // A message that cannot go out any more has nobody who waits for it.
  send: (answer) => void (process.connected && process.send?.(answer, undefined, {}, () => undefined)),
  answer: (frame) => void (calls.writable && writeFrame(calls, frame)),
  exit: () => process.exit(0),
});
const reader = new FrameReader<CallHead>((frame) => served.call(frame));
const buffer = Buffer.allocUnsafeSlow(readBytes);
// Read into one buffer time and again; Node's types know of that for sockets that are connected, not for given ones.
const onread = { buffer, callback: (count: number) => (reader.push(buffer.subarray(0, count)), true) };
const calls = new Socket({ fd: callsFd, onread } as SocketConstructorOpts);
calls.on('error', () => undefined);
process.on('message', (request) => served.take(request as Request));
// Without its server it has nothing to do.
process.on('disconnect', () => process.exit(0));
// A terminal sends these to all processes; the server drains first, and then ends this one.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.send?.({ kind: 'started' });
