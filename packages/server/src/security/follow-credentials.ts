import { type AccessControl, AccessPolicy } from '@servable/core';
import { checkTls, type TlsOptions } from '../listener-options.js';
import type { ResolvedServerOptions } from '../server-options.js';
import type { CredentialFollower } from './credential-follower.js';

/** Keeps the certificate of a port what its files say. Whether clients must show one stays as it was at the start. */
export function followTls(
  follower: CredentialFollower,
  option: string,
  tls: TlsOptions | undefined,
  update: (tls: TlsOptions) => void,
): void {
  if (tls?.reload === undefined) return;
  const { reload: read, ...current } = tls;
  follower.follow({
    what: `the certificate of ${option}`,
    current,
    read,
    apply: (next) => {
      checkTls(option, next);
      update(next);
    },
  });
}

/** Keeps access control what its files say, and tells of rules for callers that there are not. */
export function followAccess(
  follower: CredentialFollower,
  control: AccessControl,
  { access, logger }: Pick<ResolvedServerOptions, 'access' | 'logger'>,
): void {
  if (access === undefined) return;
  const warn = (policy: AccessPolicy): void => {
    const { unknownCallers } = policy;
    if (unknownCallers.length > 0)
      logger.warning(`Access rules name callers that are not known: ${unknownCallers.join(', ')}`);
  };
  const { reload: read, ...current } = access;
  warn(new AccessPolicy(current));
  if (read === undefined) return;
  follower.follow({
    what: 'the access rules and tokens',
    current,
    read,
    apply: (next) => {
      const policy = new AccessPolicy(next);
      warn(policy);
      control.replace(policy);
    },
  });
}
