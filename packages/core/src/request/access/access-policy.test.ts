import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AccessPolicy, type AccessPolicyOptions } from './access-policy.js';
import { parseTokens } from './bearer-token.js';
import { namedBy } from './client-certificate.js';
import type { MethodClass } from './method-class.js';

const token = 'correct-horse-battery';
const sha256 = createHash('sha256').update(token).digest('hex');
const policy = new AccessPolicy({
  tokens: [
    { name: 'web', sha256 },
    { name: 'ops', token: 'staple/staple+staple==' },
  ],
  certificates: [{ name: 'batch', subject: 'URI:spiffe://cluster/batch' }],
  rules: [
    { callers: ['web', 'batch'], methods: ['inference'], models: ['resnet', 'bert_*'] },
    { callers: ['authenticated'], methods: ['status'] },
    { callers: ['ops'], methods: ['admin'] },
    { callers: ['anyone'], methods: ['metrics'] },
  ],
});

const identify = (authorization?: string, names?: readonly string[]) =>
  policy.identify({ authorization, certificate: names && (() => ({ names })) });

test.each<[string | undefined, readonly string[] | undefined, string | undefined]>([
  [`Bearer ${token}`, undefined, 'web'],
  [`bearer  ${token} `, undefined, 'web'],
  ['Bearer staple/staple+staple==', undefined, 'ops'],
  [undefined, ['CN=x', 'URI:spiffe://cluster/batch'], 'batch'],
  [`Bearer ${token}`, ['URI:spiffe://cluster/batch'], 'web'],
  [undefined, ['CN=x'], undefined],
  [undefined, undefined, undefined],
])('authorization %j with a certificate of %j comes from %j', (authorization, names, caller) => {
  expect(identify(authorization, names).name).toBe(caller);
});

test.each([
  [`Bearer ${token}x`, 'TOKEN_UNKNOWN', 'The bearer token is not one that this server knows'],
  [`Bearer ${sha256}`, 'TOKEN_UNKNOWN', 'The bearer token is not one that this server knows'],
  ['Basic dXNlcjpwYXNz', 'AUTHORIZATION_MALFORMED', 'The authorization must be the word Bearer, a space and a token'],
  [token, 'AUTHORIZATION_MALFORMED', 'The authorization must be the word Bearer, a space and a token'],
  ['', 'AUTHORIZATION_MALFORMED', 'The authorization must be the word Bearer, a space and a token'],
])('authorization %j is refused also where nobody needs one: %s', (authorization, reason, message) => {
  expect(() => identify(authorization, ['URI:spiffe://cluster/batch'])).toThrow(
    expect.objectContaining({ code: 'UNAUTHENTICATED', reason, message }) as Error,
  );
});

test.each<[string | undefined, MethodClass, string | undefined, boolean]>([
  ['web', 'inference', 'resnet', true],
  ['web', 'inference', 'resnet2', false],
  ['web', 'inference', 'bert_large', true],
  ['web', 'inference', undefined, true],
  ['web', 'inference', '*', false],
  ['web', 'status', 'anything', true],
  ['web', 'admin', undefined, false],
  ['batch', 'inference', 'bert_', true],
  ['ops', 'inference', 'resnet', false],
  ['ops', 'admin', '*', true],
  [undefined, 'status', 'resnet', false],
  [undefined, 'metrics', undefined, true],
])('caller %j, %s of %j: %j', (name, method, model, allowed) => {
  expect(policy.allows({ name }, method, model)).toBe(allowed);
});

test('callers that rules name and that nobody can be are told', () => {
  const rules = [{ callers: ['web', 'wbe', 'anyone', 'gone'], methods: ['status'] as const }];
  expect(new AccessPolicy({ tokens: [{ name: 'web', sha256 }], rules }).unknownCallers).toEqual(['wbe', 'gone']);
});

test.each<[AccessPolicyOptions, string]>([
  [
    { rules: [{ callers: ['a'], methods: ['write' as never] }] },
    "The methods of a rule are inference, status, admin, metrics; got 'write'",
  ],
  [
    { tokens: [{ name: 'a', sha256: 'abc' }], rules: [] },
    'The sha256 of token a must be 64 hexadecimal digits; got 3 characters',
  ],
  [{ tokens: [{ name: 'a', token: 'short' }], rules: [] }, 'Token a must have at least 16 characters; got 5'],
  [
    { tokens: [{ name: 'a', token: 'no blanks in tokens' }], rules: [] },
    'Token a must be of letters, digits and -._~+/, with = at its end',
  ],
  [
    { tokens: [{ name: 'anyone', token: 'a'.repeat(16) }], rules: [] },
    "A caller must have a name of its own, without blanks; got 'anyone'",
  ],
  [
    { certificates: [{ name: 'a', subject: 'batch' }], rules: [] },
    "The certificate of caller a must be given as CN=…, DNS:… or URI:…; got 'batch'",
  ],
])('%j is refused', (options, message) => {
  expect(() => new AccessPolicy(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error,
  );
});

describe('a tokens file', () => {
  test('has names with tokens or their hashes, and comments', () => {
    const text = `# callers\n\nweb sha256:${sha256}\r\n  ops\tstaple/staple+staple==  # till June\n`;
    expect(parseTokens(text, 'tokens')).toEqual([
      { name: 'web', sha256 },
      { name: 'ops', token: 'staple/staple+staple==' },
    ]);
  });

  test.each([
    ['web sha256:xyz', 'tokens:1: The sha256 of token web must be 64 hexadecimal digits; got 3 characters'],
    ['\nsecret-all-alone', 'tokens:2: expected a name and a token, or a name and sha256:<hash>'],
    ['web my secret token', 'tokens:1: expected a name and a token, or a name and sha256:<hash>'],
    ['web secret', 'tokens:1: Token web must have at least 16 characters; got 6'],
  ])('%j is refused without a word of the secret', (text, message) => {
    expect(() => parseTokens(text, 'tokens')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error,
    );
  });
});

test('a certificate names its subject and its alternative names, however these are quoted', () => {
  const subject = { CN: 'client' } as never;
  const subjectaltname = 'DNS:a.b, URI:"https://x/?a,b, DNS:evil", IP Address:127.0.0.1';
  expect(namedBy({ subject, subjectaltname }).names).toEqual([
    'CN=client',
    'DNS:a.b',
    'URI:https://x/?a,b, DNS:evil',
    'IP Address:127.0.0.1',
  ]);
  expect(namedBy(undefined).names).toEqual([]);
});
