import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { NEVER_MS, type ServerSettings } from './channel-arguments.js';

const AGED = Buffer.from('max_age');
/** The GOAWAY of a connection that ends takes all streams that the caller has opened meanwhile. */
const ALL_STREAMS = 2 ** 31 - 1;

/**
 * Looks after one connection: pings a peer that may have gone, ends connections that are idle or old
 * (`grpc.keepalive_time_ms`, `grpc.max_connection_idle_ms`, `grpc.max_connection_age_ms`).
 */
export function keepConnection(session: ServerHttp2Session, settings: ServerSettings): void {
  const stops = [pingRegularly(session, settings), endIdle(session, settings), endOld(session, settings)];
  session.once('close', () => {
    for (const stop of stops) stop();
  });
}

/** Ends a connection whose peer does not say HTTP/2's first words, its SETTINGS, in time. */
export function endUnfinished(session: ServerHttp2Session, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return;
  const timer = setTimeout(() => session.destroy(), timeoutMs).unref();
  const stop = (): void => clearTimeout(timer);
  session.once('remoteSettings', stop).once('close', stop);
}

function pingRegularly(session: ServerHttp2Session, { keepaliveMs, keepaliveTimeoutMs }: ServerSettings): () => void {
  if (keepaliveMs >= NEVER_MS) return () => undefined;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(ping, keepaliveMs).unref();
  };
  const ping = (): void => {
    timer = setTimeout(() => session.destroy(), keepaliveTimeoutMs).unref();
    try {
      const sent = session.ping((error) => {
        clearTimeout(timer);
        if (error === null) wait();
        else session.destroy();
      });
      if (!sent) session.destroy();
    } catch {
      // The session has been closed meanwhile.
      session.destroy();
    }
  };
  wait();
  return () => clearTimeout(timer);
}

function endIdle(session: ServerHttp2Session, { maxConnectionIdleMs }: ServerSettings): () => void {
  if (maxConnectionIdleMs >= NEVER_MS) return () => undefined;
  let streams = 0;
  const timer = setTimeout(() => {
    if (streams === 0) session.close();
  }, maxConnectionIdleMs).unref();
  session.on('stream', (stream: ServerHttp2Stream) => {
    streams++;
    stream.once('close', () => {
      if (--streams === 0) timer.refresh();
    });
  });
  return () => clearTimeout(timer);
}

function endOld(session: ServerHttp2Session, settings: ServerSettings): () => void {
  const { maxConnectionAgeMs, maxConnectionAgeGraceMs } = settings;
  if (maxConnectionAgeMs >= NEVER_MS) return () => undefined;
  // Connections that were made together do not all end together.
  const age = Math.min(NEVER_MS, maxConnectionAgeMs * (0.9 + Math.random() * 0.2));
  let timer = setTimeout(() => {
    try {
      session.goaway(constants.NGHTTP2_NO_ERROR, ALL_STREAMS, AGED);
      session.close();
    } catch {
      session.destroy();
      return;
    }
    if (maxConnectionAgeGraceMs < NEVER_MS)
      timer = setTimeout(() => session.destroy(), maxConnectionAgeGraceMs).unref();
  }, age).unref();
  return () => clearTimeout(timer);
}
