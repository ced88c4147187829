import type { ClientCertificate } from '../access/client-certificate.js';

/**
 * A request as the REST handler sees it, whatever carried it here.
 */
export interface RestRequest {
  /** Upper case: `GET`, `POST` … */
  readonly method: string;
  /** Path, query and fragment as they stood on the wire, nothing decoded: `/v1/models/m%2F1:predict`. */
  readonly target: string;
  /** Value of a header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** The body as it came, still compressed if it was. */
  readonly body: Uint8Array;
  /** When the headers were there, by `performance.now()`; left out where it is not known. */
  readonly startedAt?: number | undefined;
  /** Whom a limit per caller counts: an address; left out where it is not known. */
  readonly caller?: string | undefined;
  /** The client certificate that the connection was opened with, if any. */
  readonly certificate?: (() => ClientCertificate | undefined) | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/** A {@link RestRequest} whose body is on its way. */
export type RestHead = Omit<RestRequest, 'body' | 'signal'>;

/** The answer to a {@link RestRequest}. */
export interface RestResponse {
  /** HTTP status. */
  readonly status: number;
  /** By lower-case name; Content-Length and Date are the transport's. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Answers requests; never rejects. */
export type RestHandler = (request: RestRequest) => Promise<RestResponse>;
