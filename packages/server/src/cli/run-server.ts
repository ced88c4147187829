import type { Logger } from '@servable/core';
import { createServer, type Server } from '../server.js';
import type { ServerOptions } from '../server-options.js';
import type { CliIo } from './cli-io.js';
import { loadProgress } from './load-progress.js';

/** How often the progress of a start is looked at. */
const progressIntervalMs = 100;

/** A model that will not let go must not hold up a process that was told twice to end. */
const destroyTimeoutMs = 1000;

const signalNumber = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Runs a server until a signal comes. The first one drains and ends with 0, also while the start still waits for a
 * model; a second one cuts and ends with 128 plus the signal's number, as a shell would say it.
 *
 * @throws what `createServer` throws
 */
export async function runServer(options: ServerOptions, io: CliIo): Promise<number> {
  const start = new AbortController();
  let server: Server | undefined;
  let signals = 0;
  let exitCode = 0;
  let end!: (code: number) => void;
  const ended = new Promise<number>((resolve) => (end = resolve));
  const fail = (error: unknown): void => {
    io.stderr(`${error instanceof Error ? error.message : String(error)}\n`);
    end(1);
  };
  const stopListening = io.onSignal((signal) => {
    signals += 1;
    if (signals === 1) {
      options.logger?.info(`Received ${signal}: draining; a second signal cuts what is still running`);
      start.abort(new StartGivenUp());
      server?.close().then(() => end(exitCode), fail);
    } else if (signals === 2) {
      exitCode = 128 + signalNumber[signal];
      if (!server) return end(exitCode);
      server.destroy().then(() => end(exitCode), fail);
      setTimeout(() => end(exitCode), destroyTimeoutMs).unref();
    }
  });
  let stopShowing = (): void => undefined;
  const cut = ended.then((code) => ({ exitCode: code }));
  try {
    const started = createServer({ ...options, ...io.overrides }, { signal: start.signal });
    // A second signal ends a start that hangs.
    const first = await Promise.race([started, cut]);
    if ('exitCode' in first) {
      void started.then((late) => late.destroy()).catch(() => undefined);
      return first.exitCode;
    }
    server = first;
    if (start.signal.aborted) server.close().then(() => end(exitCode), fail);
    else stopShowing = showProgress(server, io, options.logger);
    return await ended;
  } catch (error) {
    if (error instanceof StartGivenUp) return 0;
    throw error;
  } finally {
    stopListening();
    stopShowing();
  }
}

/** Shows on a terminal how far the models have come, until they are all there. */
function showProgress(server: Server, { showStatus }: CliIo, logger: Logger | undefined): () => void {
  if (!showStatus || server.state !== 'not-ready') return () => undefined;
  const names = server.models.map(({ name }) => name);
  const update = (): void => {
    if (server.state === 'not-ready') return showStatus(loadProgress(names, server.states));
    stop();
    if (server.state === 'ready') logger?.info(`Ready: ${names.length} of ${names.length} models loaded`);
  };
  const timer = setInterval(update, progressIntervalMs);
  const stop = (): void => {
    clearInterval(timer);
    showStatus('');
  };
  update();
  return stop;
}

class StartGivenUp extends Error {}
