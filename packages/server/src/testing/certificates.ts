import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate and its key, as PEM texts. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of its own for one test; its certificates are good for a day. */
export interface TestAuthority extends TestCertificate {
  /** Signs a certificate for `localhost` and 127.0.0.1. */
  issue(commonName: string): TestCertificate;
}

export function testAuthority(commonName: string): TestAuthority {
  const { publicKey, privateKey } = newKeys();
  const self = certificate({
    subject: commonName,
    issuer: commonName,
    publicKey,
    signer: privateKey,
    isAuthority: true,
  });
  return {
    cert: self,
    key: pem(privateKey),
    issue(subject) {
      const keys = newKeys();
      const { publicKey: of } = keys;
      const cert = certificate({ subject, issuer: commonName, publicKey: of, signer: privateKey, isAuthority: false });
      return { cert, key: pem(keys.privateKey) };
    },
  };
}

interface CertificateParts {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly isAuthority: boolean;
}

let serial = 0;

/** An X.509 version 3 certificate (RFC 5280), signed with ECDSA and SHA-256. */
function certificate({ subject, issuer, publicKey, signer, isAuthority }: CertificateParts): string {
  const algorithm = sequence(oid(1, 2, 840, 10045, 4, 3, 2));
  const day = 86_400_000;
  const validity = sequence(time(Date.now() - day), time(Date.now() + day));
  const extension = isAuthority
    ? sequence(oid(2, 5, 29, 19), der(0x01, [0xff]), octets(sequence(der(0x01, [0xff]))))
    : sequence(oid(2, 5, 29, 17), octets(sequence(der(0x82, Buffer.from('localhost')), der(0x87, [127, 0, 0, 1]))));
  serial += 1;
  const body = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [serial]),
    algorithm,
    name(issuer),
    validity,
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = sign('sha256', body, signer);
  const bytes = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Tag, length, content: the encoding of ASN.1 (X.690). */
function der(tag: number, content: Uint8Array | readonly number[]): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), Buffer.from(content)]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function octets(content: Uint8Array): Buffer {
  return der(0x04, content);
}

function oid(first: number, second: number, ...rest: number[]): Buffer {
  const base128 = (value: number): number[] => {
    const digits = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  };
  return der(0x06, [first * 40 + second, ...rest.flatMap(base128)]);
}

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(2, 5, 4, 3), der(0x0c, Buffer.from(commonName)))));
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}
