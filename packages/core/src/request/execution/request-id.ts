import { randomUUID } from 'node:crypto';

/** The header and metadata key of request ids, in both directions. */
export const REQUEST_ID_HEADER = 'x-request-id';

/** Printable ASCII without spaces, at most 128 characters: what is safe in headers and logs. */
const acceptable = /^[\x21-\x7e]{1,128}$/;

/** The id that a caller sent, or a new one where it sent none or one that is not fit for headers and logs. */
export function requestId(sent: string | undefined): string {
  return sent !== undefined && acceptable.test(sent) ? sent : randomUUID();
}
