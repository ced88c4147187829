import type { RequestObserver } from '../../servable/request-record.js';
import type { RequestTracer } from '../../servable/request-tracer.js';
import type { ServingError } from '../../servable/serving-error.js';
import type { AccessControl } from '../access/access-control.js';
import type { Credentials } from '../access/access-policy.js';
import type { AdmissionController, AdmissionTicket } from './admission-controller.js';
import type { InFlight } from './in-flight.js';
import { type RequestArrival, RequestDraft } from './request-draft.js';

/** What every transport needs to take a request in: who counts it, who admits it, who is told of its end. */
export interface ExecutionDependencies {
  /** Counts requests, and refuses them while the server drains. */
  readonly inFlight?: InFlight | undefined;
  /** Holds inference requests back when there are too many; default: all are admitted. */
  readonly admission?: AdmissionController | undefined;
  /** Says who may call what; default: everybody may call everything. */
  readonly access?: AccessControl | undefined;
  /** Told of every request that was answered, in this order; default none. */
  readonly observers?: readonly RequestObserver[] | undefined;
  /** Makes spans of requests; default: none. */
  readonly tracer?: RequestTracer | undefined;
}

/** What spans need of the transport. */
export interface Traced {
  /** A header or metadata entry by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** When the first part of the request was there, by `performance.now()`; default: when all of it was. */
  readonly startedAt?: number | undefined;
}

/** How long a request may take, and whether anybody still waits for it. */
export interface RequestLimits {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds left; `undefined` means no limit. */
  readonly timeoutMs?: number | undefined;
}

/**
 * One request from its arrival to its answer. The transport opens it, enters, has inference admitted, and ends it once
 * whatever happened; handlers note in `record` what they find out on the way.
 */
export class OpenRequest {
  readonly record: RequestDraft;
  readonly #dependencies: ExecutionDependencies;
  readonly #start = performance.now();
  #leave: (() => void) | undefined;
  #ticket: AdmissionTicket | undefined;
  #ended = false;
  /** 0 when nothing was waited for. */
  #admittedAt = 0;

  readonly #credentials: Credentials | undefined;

  /**
   * @param credentials - what the caller showed; without them it has none
   * @param traced - where its headers are and when it began to come in; only looked at when spans are made
   */
  constructor(
    dependencies: ExecutionDependencies,
    arrival: RequestArrival,
    credentials?: Credentials,
    traced?: Traced,
  ) {
    this.#dependencies = dependencies;
    this.#credentials = credentials;
    this.record = new RequestDraft(arrival);
    const { tracer } = dependencies;
    if (tracer === undefined || traced === undefined) return;
    const { header, startedAt = this.#start } = traced;
    const span = tracer.start({ ...arrival, header, startedAt });
    this.record.span = span;
    if (startedAt < this.#start) span.phase('receive', startedAt, this.#start);
  }

  /**
   * @throws ServingError UNAVAILABLE while the server drains, UNAUTHENTICATED or PERMISSION_DENIED for a caller that may
   * not use the method on any model
   */
  enter(): void {
    const { inFlight, access } = this.#dependencies;
    this.#leave = inFlight?.enter();
    if (access !== undefined) this.record.admitCaller(access.open(this.#credentials));
  }

  /**
   * Waits until the request may run.
   *
   * @param caller - whom a limit per caller counts where access control knows no name
   * @returns `limits` with the time that is left
   * @throws ServingError of {@link AdmissionController.admit}
   */
  async admit(limits: RequestLimits, caller: string | undefined): Promise<RequestLimits> {
    const { admission } = this.#dependencies;
    if (admission === undefined) return limits;
    const ticket = admission.admit({ ...limits, caller: this.record.caller ?? caller });
    if (!(ticket instanceof Promise)) {
      this.#ticket = ticket;
      return limits;
    }
    const from = performance.now();
    try {
      this.#ticket = await ticket;
    } finally {
      this.#admittedAt = performance.now();
      this.record.queueMicros = Math.round((this.#admittedAt - from) * 1000);
      this.record.span?.phase('queue', from, this.#admittedAt);
    }
    const { timeoutMs } = limits;
    if (timeoutMs === undefined) return limits;
    return { ...limits, timeoutMs: Math.max(1, timeoutMs - this.record.queueMicros / 1000) };
  }

  /** Gives back what the request held and tells the observers. Further calls have no effect. */
  end(error: ServingError | undefined, responseBytes: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ticket?.release();
    this.#leave?.();
    const { observers } = this.#dependencies;
    const { record } = this;
    const { span } = record;
    if (span === undefined && (observers === undefined || observers.length === 0)) return;
    if (error !== undefined) {
      record.code = error.code;
      record.reason = error.reason;
      record.message = error.message;
    }
    record.responseBytes = responseBytes;
    const now = performance.now();
    record.latencyMicros = Math.round((now - this.#start) * 1000);
    for (const observe of observers ?? []) observe(record);
    if (span === undefined) return;
    if (record.runFrom > 0) {
      span.phase('decode', this.#admittedAt || this.#start, record.runFrom);
      if (error === undefined) span.phase('encode', record.runTo, now);
    }
    span.end(record);
  }
}
