import { type Clock, systemClock } from '../../servable/clock.js';
import { type Logger, silentLogger } from '../../servable/logger.js';
import { ServingError } from '../../servable/serving-error.js';

export interface ConfigFilePollerOptions<C> {
  /** Reads the file; its errors are logged and the next look comes all the same. */
  readonly read: () => Promise<C>;
  /** Applies what was read; its errors are logged. Aborted when the poller closes. */
  readonly reload: (config: C, options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Milliseconds between the end of a look and the next one; the first comes at once. */
  readonly intervalMs: number;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * Reads a configuration file again and again and applies it, changed or not: a configuration that came another way lasts
 * until the next look (upstream: `PollFilesystemAndReloadConfig` in model_servers/server.cc).
 */
export class ConfigFilePoller<C> {
  readonly #options: ConfigFilePollerOptions<C>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #cut = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #cancelNext: (() => void) | undefined;

  /** @throws ServingError INVALID_ARGUMENT for an interval that is not above 0 */
  constructor(options: ConfigFilePollerOptions<C>) {
    const { intervalMs } = options;
    if (!Number.isFinite(intervalMs) || intervalMs <= 0) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'POLL_INTERVAL_INVALID',
        `intervalMs must be a number of milliseconds above 0; got ${intervalMs}`,
      );
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  start(): void {
    this.#look();
  }

  /** Ends the polling, and a reload that is running. */
  async close(): Promise<void> {
    this.#cut.abort(new ServingError('CANCELLED', 'CONFIG_POLLER_CLOSED', 'The server is shutting down'));
    this.#cancelNext?.();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #look(): void {
    this.#running = this.#readAndReload().then(() => {
      if (this.#cut.signal.aborted) return;
      this.#cancelNext = this.#clock.schedule(this.#options.intervalMs, () => this.#look());
    });
  }

  async #readAndReload(): Promise<void> {
    const { signal } = this.#cut;
    let config: C;
    try {
      config = await this.#options.read();
    } catch (error) {
      this.#logger.error(`Failed to read ModelServerConfig file: ${describe(error)}`);
      return;
    }
    if (signal.aborted) return;
    try {
      await this.#options.reload(config, { signal });
    } catch (error) {
      if (!signal.aborted) {
        this.#logger.error(`PollFilesystemAndReloadConfig failed to ReloadConfig: ${describe(error)}`);
      }
    }
  }
}

function describe(thrown: unknown): string {
  const { code, message } = ServingError.from(thrown);
  return `${code}: ${message}`;
}
