import type { Clock } from '../../../servable/clock.js';
import { ServingError } from '../../../servable/serving-error.js';
import type { MonitoredServable } from '../version-directories.js';
import { PollPace } from './poll-pace.js';

/** One stream that is looked at for as long as it is configured. */
export interface PolledStream<S> {
  readonly servable: MonitoredServable;
  readonly state: S;
  /** Aborted when the stream, as it is configured now, is not looked after any more. */
  readonly signal: AbortSignal;
}

export interface PolledStreamsOptions<S> {
  /** As of `FileSystemSource`. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** What is kept of a stream between looks. */
  readonly start: (servable: MonitoredServable) => S;
  /** Looks once. @returns whether something changed; what it throws is a failed look */
  readonly poll: (stream: PolledStream<S>) => Promise<boolean>;
  readonly onFailure: (stream: PolledStream<S>, error: ServingError) => void;
  /** A stream that is not configured any more. */
  readonly onGone: (name: string) => void;
}

interface Polled<S> extends PolledStream<S> {
  readonly abort: AbortController;
  readonly pace: PollPace;
  cancelNext: (() => void) | undefined;
  running: Promise<void>;
}

/** Looks at streams, each at a pace of its own. */
export class PolledStreams<S> {
  readonly #options: PolledStreamsOptions<S>;
  readonly #streams = new Map<string, Polled<S>>();
  #servables: readonly MonitoredServable[];
  #started = false;
  #ended: Promise<void>[] = [];

  /** @throws ServingError INVALID_ARGUMENT for an interval that is not a number */
  constructor(servables: readonly MonitoredServable[], options: PolledStreamsOptions<S>) {
    if (!Number.isFinite(options.intervalMs)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'POLL_INTERVAL_INVALID',
        `pollIntervalMs must be a finite number of milliseconds; got ${options.intervalMs}`,
      );
    }
    this.#servables = servables;
    this.#options = options;
  }

  /** @throws ServingError FAILED_PRECONDITION the second time */
  start(): void {
    if (this.#started) {
      throw new ServingError('FAILED_PRECONDITION', 'SOURCE_CONNECTED', 'The source is connected to a target already');
    }
    this.#started = true;
    this.update(this.#servables);
  }

  get(name: string): PolledStream<S> | undefined {
    return this.#streams.get(name);
  }

  /** Replaces the streams; those that are new or other are looked at without delay, the same ones are left alone. */
  update(servables: readonly MonitoredServable[]): void {
    this.#servables = servables;
    if (!this.#started) return;
    const kept = new Map(servables.map((servable) => [servable.name, servable]));
    for (const [name, stream] of this.#streams) {
      if (kept.has(name)) continue;
      this.#end(stream);
      this.#streams.delete(name);
      this.#options.onGone(name);
    }
    for (const servable of servables) {
      const before = this.#streams.get(servable.name);
      if (before && isSame(before.servable, servable)) continue;
      const state = before?.servable.basePath === servable.basePath ? before.state : this.#options.start(servable);
      if (before) this.#end(before);
      const abort = new AbortController();
      const { intervalMs, random } = this.#options;
      const stream: Polled<S> = {
        servable,
        state,
        abort,
        signal: abort.signal,
        pace: new PollPace({ intervalMs, random }),
        cancelNext: undefined,
        running: Promise.resolve(),
      };
      this.#streams.set(servable.name, stream);
      if (intervalMs >= 0) stream.running = this.#poll(stream);
    }
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.values()) this.#end(stream);
    this.#streams.clear();
    this.#servables = [];
    await Promise.all(this.#ended);
  }

  #end(stream: Polled<S>): void {
    stream.cancelNext?.();
    stream.abort.abort(new ServingError('CANCELLED', 'SOURCE_CLOSED', 'The base path is not looked after any more'));
    this.#ended.push(stream.running);
    void stream.running.then(() => (this.#ended = this.#ended.filter((other) => other !== stream.running)));
  }

  /** Never rejects. */
  async #poll(stream: Polled<S>): Promise<void> {
    let outcome: 'changed' | 'same' | 'failed';
    try {
      outcome = (await this.#options.poll(stream)) ? 'changed' : 'same';
    } catch (error) {
      if (stream.signal.aborted) return;
      outcome = 'failed';
      this.#options.onFailure(stream, ServingError.from(error));
    }
    const { intervalMs, clock } = this.#options;
    // Looking once means: until the store has answered once.
    if (stream.signal.aborted || (intervalMs === 0 && outcome !== 'failed')) return;
    const delayMs = stream.pace.after(outcome) || 1000;
    stream.cancelNext = clock.schedule(delayMs, () => {
      stream.running = this.#poll(stream);
    });
  }
}

function isSame(some: MonitoredServable, other: MonitoredServable): boolean {
  const text = ({ basePath, versionPolicy }: MonitoredServable): string =>
    JSON.stringify([basePath, ...Object.values(versionPolicy).map(String)]);
  return text(some) === text(other);
}
