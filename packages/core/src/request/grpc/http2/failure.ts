import type { Metadata } from '@grpc/grpc-js';
import { statusCodeNumber, type StatusCode } from '../../../servable/serving-error.js';

/** What a call ends with, as handlers give it to grpc-js. */
export interface CallStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata | null | undefined;
}

/** A call that fails in the transport itself. */
export class Failure extends Error implements CallStatus {
  readonly code: number;
  readonly details: string;

  constructor(code: StatusCode, details: string) {
    super(details);
    this.code = statusCodeNumber[code];
    this.details = details;
  }
}

/** The status of whatever a handler gave as its error: grpc-js's rules. */
export function statusOf(error: unknown): CallStatus {
  const { code, details, message, metadata } = (error ?? {}) as Partial<CallStatus> & { message?: unknown };
  const text = typeof message === 'string' ? message : 'Unknown Error';
  if (!Number.isInteger(code)) return { code: statusCodeNumber.UNKNOWN, details: text, metadata };
  return { code: code as number, details: typeof details === 'string' ? details : text, metadata };
}

export const OK: CallStatus = { code: statusCodeNumber.OK, details: 'OK' };
