import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Takes over a connection whose peer speaks HTTP/2. */
export type Http2Taker = (socket: Socket) => void;

/** How every HTTP/2 connection begins, and no request of HTTP/1 (RFC 9113, 3.4). */
const preface = 'PRI * HTTP/2.0\r\n';

/**
 * Gives the connections of an HTTP server that speak HTTP/2 to somebody else, so that one port has both: with TLS by what
 * was agreed on (ALPN), else by their first bytes.
 *
 * @param timeoutMs - connections that say nothing for so long are closed
 * @returns closes the connections that have said nothing yet
 */
export function divertHttp2(server: Server, take: Http2Taker, timeoutMs: number): { cut(): void } {
  const undecided = new Set<Socket>();
  for (const event of ['connection', 'secureConnection']) {
    const listeners = server.listeners(event) as ((socket: Socket) => void)[];
    // On a TLS server `connection` is the raw one, which its own listener decrypts.
    if (listeners.length === 0 || (event === 'connection' && 'setSecureContext' in server)) continue;
    server.removeAllListeners(event);
    const keep = (socket: Socket): void => listeners.forEach((listener) => listener.call(server, socket));
    server.on(event, (socket: Socket) => {
      if (socket instanceof TLSSocket) (socket.alpnProtocol === 'h2' ? take : keep)(socket);
      else decide(socket, take, keep);
    });
  }

  function decide(socket: Socket, take: Http2Taker, keep: Http2Taker): void {
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    const seen: Buffer[] = [];
    undecided.add(socket);
    const end = (): void => {
      clearTimeout(timer);
      undecided.delete(socket);
      socket.off('data', onData).off('close', end).off('error', ignore);
    };
    const onData = (chunk: Buffer): void => {
      seen.push(chunk);
      const start = Buffer.concat(seen);
      const text = start.toString('latin1', 0, preface.length);
      if (text.length < preface.length && preface.startsWith(text)) return;
      end();
      socket.pause();
      socket.unshift(start);
      if (text === preface) return take(socket);
      keep(socket);
      socket.resume();
    };
    // A caller who goes away before he has said anything is no error of ours.
    socket.on('data', onData).on('close', end).on('error', ignore);
  }

  return {
    cut: () => {
      for (const socket of undecided) socket.destroy();
    },
  };
}

function ignore(): void {
  // `close` follows.
}
