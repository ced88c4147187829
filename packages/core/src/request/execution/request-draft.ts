import type { RequestMethod, RequestRecord } from '../../servable/request-record.js';
import type { RequestSpan } from '../../servable/request-tracer.js';
import type { StatusCode } from '../../servable/serving-error.js';
import { ALL_MODELS } from '../access/access-policy.js';
import type { RequestAccess } from '../access/access-control.js';

/** What is known of a request when it arrives. */
export type RequestArrival = Pick<RequestRecord, 'requestId' | 'entrypoint' | 'method' | 'requestBytes'>;

/**
 * A record that is being filled in. The model is named by {@link useModel} alone, so that nothing is done with a model
 * before it is known that the caller may.
 */
export class RequestDraft implements RequestRecord {
  readonly requestId: string;
  readonly entrypoint: RequestRecord['entrypoint'];
  readonly requestBytes: number;
  readonly modelName: string = '';
  method: RequestMethod;
  /** Absent when no spans are made. */
  span: RequestSpan | undefined = undefined;
  /** When the first run of the servable began and the last one ended; 0 before. */
  runFrom = 0;
  runTo = 0;
  caller: string | undefined = undefined;
  version: bigint | undefined = undefined;
  signatureName: string | undefined = undefined;
  code: StatusCode = 'OK';
  reason = '';
  message = '';
  responseBytes = 0;
  exampleCount: number | undefined = undefined;
  latencyMicros = 0;
  queueMicros = 0;
  runMicros: number | undefined = undefined;
  #access: RequestAccess | undefined;

  constructor({ requestId, entrypoint, method, requestBytes }: RequestArrival) {
    this.requestId = requestId;
    this.entrypoint = entrypoint;
    this.method = method;
    this.requestBytes = requestBytes;
  }

  get traceId(): string | undefined {
    return this.span?.traceId;
  }

  /** From here on the caller is known, and held to what it may do. */
  admitCaller(access: RequestAccess): void {
    this.#access = access;
    this.caller = access.callerName;
    access.requireMethod(this.method, undefined);
  }

  /**
   * Notes which model the request is about, as the caller wrote it.
   *
   * @throws ServingError UNAUTHENTICATED or PERMISSION_DENIED when the caller may not call the method on it
   */
  useModel(name: string): void {
    (this as { modelName: string }).modelName = name;
    this.#access?.requireMethod(this.method, name === '' ? undefined : name);
  }

  /**
   * For a request that is about all models at once.
   *
   * @throws as {@link useModel}, for a caller whose rules only name some
   */
  useAllModels(): void {
    this.#access?.requireMethod(this.method, ALL_MODELS);
  }

  /** Whether the caller may see a model in lists. */
  maySee(model: string): boolean {
    return this.#access === undefined || this.#access.allows('status', model);
  }
}
