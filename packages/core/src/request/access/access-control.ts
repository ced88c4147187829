import type { RequestMethod } from '../../servable/request-record.js';
import { ServingError } from '../../servable/serving-error.js';
import { ALL_MODELS, type AccessPolicy, type Caller, type Credentials } from './access-policy.js';
import { type MethodClass, methodClassOf } from './method-class.js';

const nothingShown: Credentials = { authorization: undefined, certificate: undefined };

/**
 * Decides who may call what, for all transports. The policy can be another one from one request to the next; a request
 * that has begun goes by the one that it began with.
 *
 * @example
 * ```ts
 * const access = new AccessControl(
 *   new AccessPolicy({
 *     tokens: [{ name: 'web', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }],
 *     rules: [{ callers: ['web'], methods: ['inference', 'status'], models: ['resnet*'] }],
 *   }),
 * );
 * createServer(nodeHttpListener({ provider: manager, states: monitor, access }));
 * ```
 */
export class AccessControl {
  #policy: AccessPolicy;

  constructor(policy: AccessPolicy) {
    this.#policy = policy;
  }

  /** From the next request on. */
  replace(policy: AccessPolicy): void {
    this.#policy = policy;
  }

  /**
   * Finds out who calls.
   *
   * @param credentials - a transport that hands in none has callers without credentials
   * @throws ServingError UNAUTHENTICATED for credentials that are not known
   */
  open(credentials: Credentials = nothingShown): RequestAccess {
    return new RequestAccess(this.#policy, this.#policy.identify(credentials));
  }
}

/** What the caller of one request may do. */
export class RequestAccess {
  readonly #policy: AccessPolicy;
  readonly #caller: Caller;

  constructor(policy: AccessPolicy, caller: Caller) {
    this.#policy = policy;
    this.#caller = caller;
  }

  /** The caller's name; `undefined` for one without credentials. */
  get callerName(): string | undefined {
    return this.#caller.name;
  }

  allows(method: MethodClass, model: string | undefined): boolean {
    return this.#policy.allows(this.#caller, method, model);
  }

  /**
   * @param what - the method as the caller knows it
   * @param model - `undefined` asks for leave to use some model so
   * @throws ServingError UNAUTHENTICATED for a caller without credentials, PERMISSION_DENIED for others
   */
  require(method: MethodClass, what: string, model: string | undefined): void {
    if (this.allows(method, model)) return;
    const on = model === undefined ? '' : model === ALL_MODELS ? ' on all models' : ` on model ${model}`;
    const { name, unknownCertificate } = this.#caller;
    if (name !== undefined) {
      throw new ServingError(
        'PERMISSION_DENIED',
        'ACCESS_DENIED',
        `Caller ${name} may not call ${what}${on}: no access rule gives it ${method} there`,
      );
    }
    const shown =
      unknownCertificate === undefined
        ? 'none were sent'
        : `the client certificate is of ${unknownCertificate.join(', ')}, which no caller is known by`;
    throw new ServingError(
      'UNAUTHENTICATED',
      'CREDENTIALS_MISSING',
      `${what}${on} needs credentials that are allowed ${method}, a bearer token or a client certificate: ${shown}`,
    );
  }

  /** {@link require} for a method by its gRPC name; what is no method is left to other checks. */
  requireMethod(method: RequestMethod, model: string | undefined): void {
    const needed = methodClassOf[method];
    if (needed !== undefined) this.require(needed, method, model);
  }
}
