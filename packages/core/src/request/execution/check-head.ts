import type { RequestMethod } from '../../servable/request-record.js';
import type { Credentials } from '../access/access-policy.js';
import type { ExecutionDependencies } from './open-request.js';

/** What is known of a request before its body is there. */
export interface RequestHead {
  readonly method: RequestMethod;
  /** Empty or absent where only the body names it. */
  readonly model?: string | undefined;
  /** Whether it waits for admission: requests that run models do. */
  readonly admitted: boolean;
  readonly credentials: Credentials;
  /** Whom a limit per caller counts where access control knows no name. */
  readonly caller: string | undefined;
  readonly timeoutMs?: number | undefined;
}

/**
 * Refuses a request whose body would be read in vain: while the server drains, for what its caller may not do, and where
 * there is no room for it. Nothing is held for one that is let through, which is asked everything again when all of it is
 * there.
 *
 * @throws ServingError that {@link OpenRequest.enter}, {@link RequestDraft.useModel} or {@link OpenRequest.admit} would
 * throw now
 */
export function checkHead({ inFlight, access, admission }: ExecutionDependencies, head: RequestHead): void {
  inFlight?.check();
  const { method, model, admitted, credentials, caller, timeoutMs } = head;
  let name: string | undefined;
  if (access !== undefined) {
    const allowed = access.open(credentials);
    allowed.requireMethod(method, undefined);
    if (model !== undefined && model !== '') allowed.requireMethod(method, model);
    name = allowed.callerName;
  }
  if (admitted) admission?.check({ caller: name ?? caller, timeoutMs });
}
