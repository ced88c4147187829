import { type Clock, systemClock } from '../../servable/clock.js';
import { ServingError } from '../../servable/serving-error.js';

/** Limits on inference requests; a limit that is left out does not hold anybody back. */
export interface AdmissionOptions {
  /** Most requests that run at the same time; more wait. Default: no limit, and so no queue. */
  readonly maxConcurrent?: number | undefined;
  /** Most requests that wait; more are refused. Default 1000. */
  readonly maxQueued?: number | undefined;
  /** Milliseconds that a request may be expected to wait; one that would wait longer is refused. Default: no limit. */
  readonly maxWaitMs?: number | undefined;
  /** Most requests of one caller, running and waiting. Default: no limit. */
  readonly maxPerCaller?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** What a queue behind the controller, such as one that forms batches, says of itself. */
export interface QueueReport {
  /** Requests that wait in it. */
  readonly depth: number;
  /** Milliseconds that a request which comes now will wait in it. */
  readonly waitMs: number;
}

/** Who asks, and for how long. */
export interface AdmissionRequest {
  /** Whom the limit per caller counts, such as an address or a token's subject. */
  readonly caller?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until nobody needs the answer any more; `undefined` means never. */
  readonly timeoutMs?: number | undefined;
}

/** Leave to run. Release it exactly when the request has ended; a second `release()` has no effect. */
export interface AdmissionTicket {
  release(): void;
}

interface Waiter {
  readonly enteredAt: number;
  admit(): void;
}

/**
 * Decides which requests run, which wait and which are refused at once, so that those that are admitted are answered as
 * fast as ever however many come. One controller serves all transports.
 *
 * How long a request will wait is estimated from measurements: the mean time that requests hold their place (an
 * exponential average), times the requests before it, over `maxConcurrent`, plus what queues further on report.
 *
 * @example
 * ```ts
 * const admission = new AdmissionController({ maxConcurrent: 8, maxQueued: 64 });
 * const ticket = await admission.admit({ timeoutMs: 200 });
 * try {
 *   await work();
 * } finally {
 *   ticket.release();
 * }
 * ```
 */
export class AdmissionController {
  readonly #maxConcurrent: number;
  readonly #maxQueued: number;
  readonly #maxWaitMs: number;
  readonly #maxPerCaller: number;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  readonly #perCaller = new Map<string, number>();
  readonly #queues = new Set<() => QueueReport>();
  #running = 0;
  #meanServiceMs: number | undefined;

  /** @throws ServingError INVALID_ARGUMENT `BAD_OPTION` for a limit that is not a whole number above 0 (`maxQueued`: of at least 0) */
  constructor(options: AdmissionOptions = {}) {
    this.#maxConcurrent = limit('maxConcurrent', options.maxConcurrent, 1, Infinity);
    this.#maxQueued = limit('maxQueued', options.maxQueued, 0, 1000);
    this.#maxWaitMs = limit('maxWaitMs', options.maxWaitMs, 1, Infinity);
    this.#maxPerCaller = limit('maxPerCaller', options.maxPerCaller, 1, Infinity);
    this.#clock = options.clock ?? systemClock;
  }

  /** Requests that hold a ticket. */
  get running(): number {
    return this.#running;
  }

  /** Requests that wait for a ticket. */
  get queued(): number {
    return this.#waiting.size;
  }

  /** Milliseconds that a request which came now would wait, here and in the queues behind; 0 until there are measurements. */
  get expectedWaitMs(): number {
    let waitMs = 0;
    if (this.#running >= this.#maxConcurrent) {
      waitMs = ((this.#waiting.size + 1) * (this.#meanServiceMs ?? 0)) / this.#maxConcurrent;
    }
    let behindMs = 0;
    for (const report of this.#queues) behindMs = Math.max(behindMs, report().waitMs);
    return waitMs + behindMs;
  }

  /**
   * Lets a queue behind the controller count in the estimates.
   *
   * @returns the function that takes it out again
   */
  addQueue(report: () => QueueReport): () => void {
    this.#queues.add(report);
    return () => void this.#queues.delete(report);
  }

  /**
   * Asks for leave to run. The ticket comes at once when there is room, otherwise in the order of the calls; a request
   * whose time runs out while it waits leaves the queue.
   *
   * @throws ServingError RESOURCE_EXHAUSTED over the limit per caller, UNAVAILABLE when the queue is full,
   * DEADLINE_EXCEEDED when the expected wait is longer than `timeoutMs` or that time is over: thrown at once, or the
   * promise rejects with it, or with the signal's reason. The first two carry `retryAfterMs`.
   */
  admit(request: AdmissionRequest = {}): AdmissionTicket | Promise<AdmissionTicket> {
    const { caller, signal, timeoutMs } = request;
    signal?.throwIfAborted();
    this.check(request);
    this.#countCaller(caller, 1);
    if (this.#running < this.#maxConcurrent) return this.#ticket(caller);
    return this.#wait(caller, signal, timeoutMs);
  }

  /**
   * Refuses what {@link admit} would refuse now, and keeps no place: for a request of which only the beginning is there, so
   * that the rest need not be read.
   *
   * @throws ServingError of {@link admit}
   */
  check({ caller, timeoutMs }: Omit<AdmissionRequest, 'signal'> = {}): void {
    this.#checkCaller(caller);
    const hasRoom = this.#running < this.#maxConcurrent;
    if (!hasRoom && this.#waiting.size >= this.#maxQueued) throw this.#queueFull();
    if (timeoutMs !== undefined || (!hasRoom && this.#maxWaitMs !== Infinity)) this.#checkWait(hasRoom, timeoutMs);
  }

  #checkCaller(caller: string | undefined): void {
    if (caller === undefined || this.#maxPerCaller === Infinity) return;
    if ((this.#perCaller.get(caller) ?? 0) < this.#maxPerCaller) return;
    throw new ServingError(
      'RESOURCE_EXHAUSTED',
      'CALLER_LIMIT',
      `Too many requests at once from ${caller}: expected at most ${this.#maxPerCaller}, running and waiting`,
      { retryAfterMs: retryHint(this.#meanServiceMs ?? 0) },
    );
  }

  #checkWait(hasRoom: boolean, timeoutMs: number | undefined): void {
    const waitMs = this.expectedWaitMs;
    if (timeoutMs !== undefined && waitMs >= timeoutMs && waitMs > 0) {
      throw new ServingError(
        'DEADLINE_EXCEEDED',
        'DEADLINE_UNREACHABLE',
        `The deadline cannot be met: ${Math.round(timeoutMs)} ms are left and the expected wait is ` +
          `${Math.round(waitMs)} ms (${this.#waiting.size} requests waiting)`,
        { retryAfterMs: retryHint(waitMs) },
      );
    }
    if (!hasRoom && waitMs > this.#maxWaitMs) throw this.#queueFull();
  }

  /** Upstream's text for a full batching queue, which its clients look for, with the numbers of this queue. */
  #queueFull(): ServingError {
    return new ServingError(
      'UNAVAILABLE',
      'QUEUE_FULL',
      'The batch scheduling queue to which this task was submitted is full; currently ' +
        `${this.#waiting.size} requests wait and ${this.#running} run, expected wait ` +
        `${Math.round(this.expectedWaitMs)} ms`,
      { retryAfterMs: retryHint(this.expectedWaitMs) },
    );
  }

  #wait(caller: string | undefined, signal?: AbortSignal, timeoutMs?: number): Promise<AdmissionTicket> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter);
        stopTimer?.();
        signal?.removeEventListener('abort', onAbort);
      };
      const giveUp = (error: Error): void => {
        leave();
        this.#countCaller(caller, -1);
        reject(error);
      };
      const onAbort = (): void => giveUp(signal!.reason as Error);
      const waiter: Waiter = {
        enteredAt: this.#clock.now(),
        admit: () => {
          leave();
          resolve(this.#ticket(caller));
        },
      };
      const stopTimer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.schedule(timeoutMs, () =>
              giveUp(waitedInVain(timeoutMs, this.#clock.now() - waiter.enteredAt)),
            );
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #ticket(caller: string | undefined): AdmissionTicket {
    this.#running += 1;
    const startedAt = this.#clock.now();
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.#running -= 1;
        this.#countCaller(caller, -1);
        this.#measure(this.#clock.now() - startedAt);
        const [next] = this.#waiting;
        if (next !== undefined && this.#running < this.#maxConcurrent) next.admit();
      },
    };
  }

  #measure(serviceMs: number): void {
    const mean = this.#meanServiceMs;
    this.#meanServiceMs = mean === undefined ? serviceMs : mean + (serviceMs - mean) * newestWeight;
  }

  #countCaller(caller: string | undefined, by: 1 | -1): void {
    if (caller === undefined || this.#maxPerCaller === Infinity) return;
    const count = (this.#perCaller.get(caller) ?? 0) + by;
    if (count === 0) this.#perCaller.delete(caller);
    else this.#perCaller.set(caller, count);
  }
}

/** How much the newest measurement counts in the mean: about the last twenty matter. */
const newestWeight = 0.1;

/** At least a millisecond: a hint of 0 would mean to come back at once. */
function retryHint(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs));
}

function waitedInVain(timeoutMs: number, waitedMs: number): ServingError {
  return new ServingError(
    'DEADLINE_EXCEEDED',
    'DEADLINE_IN_QUEUE',
    `Deadline exceeded: the request waited ${Math.round(waitedMs)} of its ${Math.round(timeoutMs)} ms and was not run`,
  );
}

function limit(name: string, value: number | undefined, least: number, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'BAD_OPTION',
    `Bad option ${name}: expected a whole number of at least ${least}, given ${value}`,
  );
}
