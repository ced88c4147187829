import type { RequestMethod } from '../../servable/request-record.js';
import type { RequestAccess } from '../access/access-control.js';
import type { Credentials } from '../access/access-policy.js';
import type { ExecutionDependencies } from './open-request.js';

/** What is asked for, as far as it is known before the body is there. */
export interface RequestHead {
  readonly method: RequestMethod;
  /** Empty or absent where only the body names it. */
  readonly model?: string | undefined;
  /** Whether it waits for admission: requests that run models do. */
  readonly admitted: boolean;
  /** Whom a limit per caller counts where access control knows no name. */
  readonly caller: string | undefined;
  readonly timeoutMs?: number | undefined;
}

// A request whose body would be read in vain is refused by its head. Nothing is held for one that is let through: it is
// asked everything again when all of it is there.

/**
 * Finds out who calls, before the body is there.
 *
 * @throws ServingError what {@link OpenRequest.enter} would throw now of the server and the credentials
 */
export function checkCaller(
  { inFlight, access }: ExecutionDependencies,
  credentials: Credentials,
): RequestAccess | undefined {
  inFlight?.check();
  return access?.open(credentials);
}

/**
 * Looks whether the caller may ask this, and whether there is room for it.
 *
 * @throws ServingError what {@link RequestDraft.useModel} or {@link OpenRequest.admit} would throw now
 */
export function checkHead(
  { admission }: ExecutionDependencies,
  access: RequestAccess | undefined,
  { method, model, admitted, caller, timeoutMs }: RequestHead,
): void {
  access?.requireMethod(method, model === '' ? undefined : model);
  if (admitted) admission?.check({ caller: access?.callerName ?? caller, timeoutMs });
}
