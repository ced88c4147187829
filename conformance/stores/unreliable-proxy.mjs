import { connect, createServer } from 'node:net';

/**
 * Stands between a server and its store, byte by byte, and does to the answers what networks do: holds them, cuts them,
 * or answers in the store's place.
 */
export async function startProxy(targetPort) {
  /** What happens when `left` more bytes have passed: `hold` or `cut`. */
  let trouble;
  let status;
  let held = [];
  const sockets = new Set();
  /** First bytes that ranges asked for began with. */
  const rangeStarts = [];
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined).once('close', () => sockets.delete(client));
    if (status !== undefined) {
      client.once('data', () =>
        client.end(`HTTP/1.1 ${status} No luck\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`),
      );
      return;
    }
    const store = connect(targetPort, '127.0.0.1');
    const close = () => {
      client.destroy();
      store.destroy();
    };
    store.on('error', close).once('close', close);
    client.once('close', close).on('data', (chunk) => {
      for (const [, start] of chunk.toString('latin1').matchAll(/\brange: bytes=(\d+)-/gi)) {
        if (start !== '0') rangeStarts.push(Number(start));
      }
      store.write(chunk);
    });
    const pass = (chunk) => {
      if (client.write(chunk)) return;
      store.pause();
      client.once('drain', () => store.resume());
    };
    store.on('data', (chunk) => {
      if (trouble !== undefined) {
        trouble.left -= chunk.length;
        if (trouble.left < 0 && trouble.kind === 'cut') {
          trouble = undefined;
          return close();
        }
        if (trouble.left < 0) {
          store.pause();
          held.push(() => {
            pass(chunk);
            store.resume();
          });
          return;
        }
      }
      pass(chunk);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    rangeStarts,
    /** Breaks the connection over which the byte after these comes, once. */
    cutAfter: (bytes) => (trouble = { kind: 'cut', left: bytes }),
    /** Lets no more than these bytes pass until `release()`. */
    holdAfter: (bytes) => (trouble = { kind: 'hold', left: bytes }),
    release() {
      trouble = undefined;
      for (const go of held.splice(0)) go();
    },
    /** Answers everything with a status, or lets the store answer again. */
    answerWith(code) {
      status = code;
      // Connections that are kept open would go on reaching the store.
      for (const socket of sockets) socket.destroy();
    },
    close() {
      held = [];
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
