import { ServingError } from '../../servable/serving-error.js';
import { type BearerToken, TokenTable } from './bearer-token.js';
import type { ClientCertificate } from './client-certificate.js';
import { type MethodClass, methodClasses } from './method-class.js';

/** A caller that is known by its client certificate. */
export interface CertificateCaller {
  readonly name: string;
  /** A name in the certificate: `CN=batch`, `DNS:batch.internal`, `URI:spiffe://cluster/batch`. */
  readonly subject: string;
}

/** Lets callers use methods of models; what no rule allows is refused. */
export interface AccessRule {
  /** Names of tokens and certificates; `authenticated` is each of those, `anyone` also who has no credentials. */
  readonly callers: readonly string[];
  readonly methods: readonly MethodClass[];
  /** Names of models; a `*` at the end stands for any rest. Default `['*']`: all. */
  readonly models?: readonly string[] | undefined;
}

/** Who may call what. */
export interface AccessPolicyOptions {
  readonly tokens?: readonly BearerToken[] | undefined;
  readonly certificates?: readonly CertificateCaller[] | undefined;
  readonly rules: readonly AccessRule[];
}

/** What a caller has to show for itself. */
export interface Credentials {
  /** The header or metadata `authorization`. */
  readonly authorization: string | undefined;
  /** The certificate that the connection was opened with. */
  readonly certificate: (() => ClientCertificate | undefined) | undefined;
}

/** Who calls; without a name, somebody who showed nothing that is known. */
export interface Caller {
  readonly name: string | undefined;
  /** Names of a certificate that no caller is known by, for the message of a refusal. */
  readonly unknownCertificate?: readonly string[] | undefined;
}

/** What stands for all models, in a rule and where leave for all of them is asked for. */
export const ALL_MODELS = '*';
const EVERY = [ALL_MODELS];

/** Rules and credentials, checked and made quick to ask; immutable. */
export class AccessPolicy {
  readonly #tokens: TokenTable;
  readonly #certificates: ReadonlyMap<string, string>;
  readonly #rules: readonly AccessRule[];

  /** @throws ServingError INVALID_ARGUMENT for a rule, a token or a certificate that makes no sense */
  constructor({ tokens = [], certificates = [], rules }: AccessPolicyOptions) {
    this.#tokens = new TokenTable(tokens);
    this.#certificates = new Map(certificates.map(({ name, subject }) => [checkedSubject(name, subject), name]));
    for (const name of [...this.#tokens.names, ...this.#certificates.values()]) {
      if (name === 'anyone' || name === 'authenticated' || !/^\S+$/.test(name)) {
        throw badPolicy(`A caller must have a name of its own, without blanks; got '${name}'`);
      }
    }
    for (const { methods } of rules) {
      for (const method of methods) {
        if (!methodClasses.includes(method)) {
          throw badPolicy(`The methods of a rule are ${methodClasses.join(', ')}; got '${String(method)}'`);
        }
      }
    }
    this.#rules = rules;
  }

  /** Callers that rules name and that have neither a token nor a certificate: mistyped, or revoked. */
  get unknownCallers(): readonly string[] {
    const known = new Set(['anyone', 'authenticated', ...this.#tokens.names, ...this.#certificates.values()]);
    return [...new Set(this.#rules.flatMap(({ callers }) => callers))].filter((name) => !known.has(name));
  }

  /** @throws ServingError UNAUTHENTICATED for a token that is not known, and for other kinds of authorization */
  identify({ authorization, certificate }: Credentials): Caller {
    if (authorization !== undefined) {
      const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
      if (token === undefined) {
        throw new ServingError(
          'UNAUTHENTICATED',
          'AUTHORIZATION_MALFORMED',
          'The authorization must be the word Bearer, a space and a token',
        );
      }
      const name = this.#tokens.find(token);
      if (name === undefined) {
        throw new ServingError(
          'UNAUTHENTICATED',
          'TOKEN_UNKNOWN',
          'The bearer token is not one that this server knows',
        );
      }
      return { name };
    }
    const shown = certificate?.();
    if (shown === undefined) return { name: undefined };
    const known = shown.names.find((subject) => this.#certificates.has(subject));
    return known === undefined
      ? { name: undefined, unknownCertificate: shown.names }
      : { name: this.#certificates.get(known) };
  }

  /** @param model - `undefined` asks whether there is any model that the caller may use so */
  allows({ name }: Caller, method: MethodClass, model: string | undefined): boolean {
    return this.#rules.some(
      ({ callers, methods, models = EVERY }) =>
        methods.includes(method) &&
        callers.some((who) => who === 'anyone' || (name !== undefined && (who === name || who === 'authenticated'))) &&
        (model === undefined || models.some((pattern) => matches(pattern, model))),
    );
  }
}

function matches(pattern: string, model: string): boolean {
  return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model;
}

function checkedSubject(name: string, subject: string): string {
  if (/^(CN=|[A-Za-z][A-Za-z ]*:)./.test(subject)) return subject;
  throw badPolicy(`The certificate of caller ${name} must be given as CN=…, DNS:… or URI:…; got '${subject}'`);
}

function badPolicy(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'ACCESS_INVALID', message);
}
