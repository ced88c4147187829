import type { Clock } from '../../../servable/clock.js';
import type { Logger } from '../../../servable/logger.js';
import type { ServableId } from '../../../servable/servable-id.js';

/** How far a download is. */
export interface DownloadState {
  readonly id: ServableId;
  /** On disk now, those of an earlier attempt included. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Hears of a download as pieces of it come. Must not throw. */
export type DownloadListener = (state: DownloadState) => void;

export interface DownloadProgressOptions {
  readonly id: ServableId;
  readonly what: string;
  readonly totalBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onProgress: DownloadListener | undefined;
}

/** Log lines are this far apart. */
const logEveryMs = 5000;

/** Counts one download, tells of it and writes a line now and then. */
export class DownloadProgress {
  readonly #options: DownloadProgressOptions;
  readonly #startMs: number;
  #loggedMs: number;
  #bytes = 0;
  #resumed = 0;

  constructor(options: DownloadProgressOptions) {
    this.#options = options;
    this.#startMs = this.#loggedMs = options.clock.now();
    options.logger.info(`Downloading ${options.what}: ${options.totalBytes} bytes`);
  }

  add(count: number, resumed: boolean): void {
    const { id, what, totalBytes, clock, logger, onProgress } = this.#options;
    // Content that did not compare comes again.
    this.#bytes = Math.min(this.#bytes + count, totalBytes);
    if (resumed) this.#resumed += count;
    onProgress?.({ id, bytes: this.#bytes, totalBytes });
    const now = clock.now();
    if (now - this.#loggedMs < logEveryMs) return;
    this.#loggedMs = now;
    const percent = Math.floor((100 * this.#bytes) / totalBytes);
    logger.info(`Downloading ${what}: ${this.#bytes} of ${totalBytes} bytes (${percent} %)`);
  }

  end(): void {
    const { what, totalBytes, clock, logger } = this.#options;
    const resumed = this.#resumed > 0 ? `, ${this.#resumed} of them by an earlier attempt` : '';
    logger.info(`Downloaded ${what}: ${totalBytes} bytes in ${Math.round(clock.now() - this.#startMs)} ms${resumed}`);
  }
}
