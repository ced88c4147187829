import type { ServerHttp2Session } from 'node:http2';
import { TLSSocket } from 'node:tls';
import type { AuthContext } from './auth-context.js';

/** The peer of a session, looked up once for all of its calls. */
export class Connection {
  readonly session: ServerHttp2Session;
  /** `10.0.0.7:51234`; `unknown` on a UNIX socket. */
  readonly peer: string;
  readonly #tls: TLSSocket | undefined;
  #authContext: AuthContext | undefined;

  constructor(session: ServerHttp2Session) {
    this.session = session;
    const { socket } = session;
    const { remoteAddress, remotePort } = socket;
    this.peer = remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
    this.#tls = socket instanceof TLSSocket ? socket : undefined;
  }

  /** The certificate of a caller that an authority has vouched for. */
  get authContext(): AuthContext {
    if (this.#tls?.authorized !== true) return {};
    if (this.#authContext === undefined) {
      const certificate = this.#tls.getPeerCertificate();
      const shown = 'raw' in certificate && { sslPeerCertificate: certificate };
      this.#authContext = { transportSecurityType: 'ssl', ...shown };
    }
    return this.#authContext;
  }
}
