import { ClientError } from '../client-error.js';
import type { CallLimits, RpcMethods, Transport } from '../transport/transport.js';

/**
 * The life of a connection to one target: open, then closing (no new work, what is in flight ends as it would), then
 * closed.
 */
export class Channel {
  readonly #transport: Transport;
  #state: 'open' | 'closing' | 'closed' = 'open';
  readonly #work = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get target(): string {
    return this.#transport.target;
  }

  /**
   * Runs one piece of work of one or more calls; {@link close} waits for all of it.
   *
   * @throws ClientError CANCELLED `CLIENT_CLOSED` when the channel is not open
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#state !== 'open') throw closedError(this.target);
    const running = work();
    this.#work.add(running);
    try {
      return await running;
    } finally {
      this.#work.delete(running);
    }
  }

  /** One call. @throws ClientError CANCELLED `CLIENT_CLOSED` when the channel is closed, or what the transport throws */
  readonly dispatch = async <Method extends keyof RpcMethods>(
    method: Method,
    request: RpcMethods[Method]['request'],
    limits: CallLimits,
  ): Promise<RpcMethods[Method]['response']> => {
    if (this.#state === 'closed') throw closedError(this.target);
    return this.#transport.dispatch(method, request, limits);
  };

  /** Refuses new work, waits for what is in flight, gives up the connections. */
  close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    this.#closed ??= Promise.allSettled(this.#work).then(() => this.destroy());
    return this.#closed;
  }

  /** Fails the calls in flight with `error` and gives up the connections at once. */
  destroy(error: Error = closedError(this.target)): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#transport.destroy(error);
  }
}

function closedError(target: string): ClientError {
  return new ClientError('CANCELLED', 'CLIENT_CLOSED', `The client of ${target} is closed`);
}
