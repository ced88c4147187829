import type { PeerCertificate } from 'node:tls';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';

/** Whom a client's certificate names; only ever made from one that an authority of this server's has signed. */
export interface ClientCertificate {
  /** The names that access rules may go by: `CN=batch`, `DNS:batch.internal`, `URI:spiffe://cluster/batch`. */
  readonly names: readonly string[];
}

const ofSocket = new WeakMap<object, ClientCertificate>();

/** The certificate of the client behind a connection; `undefined` without TLS, without one, and for one nobody vouches for. */
export function clientCertificate(socket: Duplex): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  let certificate = ofSocket.get(socket);
  if (certificate === undefined) {
    certificate = namedBy(socket.getPeerCertificate());
    ofSocket.set(socket, certificate);
  }
  return certificate.names.length === 0 ? undefined : certificate;
}

/** The names in a certificate that was verified. */
export function namedBy(
  certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'> | undefined,
): ClientCertificate {
  const commonName = certificate?.subject?.CN as string | readonly string[] | undefined;
  const common = commonName === undefined ? [] : [commonName].flat().map((name) => `CN=${name}`);
  return { names: [...common, ...alternativeNames(certificate?.subjectaltname ?? '')] };
}

/** Node writes `DNS:a, URI:b`, and a value that could be misread as a JSON string: `DNS:"a, URI:b"`. */
function alternativeNames(text: string): readonly string[] {
  const names: string[] = [];
  for (const [, kind, value] of text.matchAll(/(?:^|, )([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,]*)/g)) {
    names.push(`${kind}:${value!.startsWith('"') ? (JSON.parse(value!) as string) : value!}`);
  }
  return names;
}
