import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Clock,
  formatServableId,
  type InferenceServable,
  type Loader,
  type Logger,
  type ServableId,
  ServingError,
} from '@servable/core';
import type { ModelEngineOptions } from '../platforms/model-engine.js';
import { type Platform, platformLoader } from '../platforms/platform.js';
import { IsolatedProcess, type LoadedVersion } from './isolated-process.js';
import type { Request } from './messages.js';

export interface IsolatedLoaderOptions {
  readonly id: ServableId;
  /** The version directory. */
  readonly directory: string;
  readonly platforms: readonly Platform[];
  /** The only platform allowed; `undefined` takes the first that accepts the directory. */
  readonly platform: string | undefined;
  readonly engine: ModelEngineOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Warms up the model in a process that was started again, before it gets calls. Not told of the first process, whose
   * warm-up is part of the load.
   */
  readonly warmAgain?: ((servable: InferenceServable, signal: AbortSignal) => Promise<void>) | undefined;
  /** The program of the process; default the one that is built beside this package's own bundle. */
  readonly file?: string | undefined;
}

/** Pauses before the process is started again: doubled each time, and from the least again once it has lived for long. */
const leastPauseMs = 100;
const greatestPauseMs = 30_000;
const longLifeMs = 60_000;

/**
 * A loader whose version lives in a process of its own: native code that crashes takes that process down, not the server.
 * Its running calls are then answered UNAVAILABLE, and it is started again after a pause.
 */
export function isolatedLoader(options: IsolatedLoaderOptions): Loader<InferenceServable> {
  const local = platformLoader(options.platforms, options.platform, options.directory, options.engine);
  let version: IsolatedVersion | undefined;
  return {
    async load({ signal }) {
      const opened = new IsolatedVersion(options);
      await opened.start(signal);
      version = opened;
      return opened;
    },
    async unload() {
      await version?.close();
      version = undefined;
    },
    estimateResources: async () => (await local.estimateResources?.()) ?? { ramBytes: 0 },
    async measureResources() {
      const ramBytes = version?.ramBytes;
      return ramBytes === undefined ? undefined : { ramBytes };
    },
  };
}

class IsolatedVersion implements InferenceServable {
  readonly #options: IsolatedLoaderOptions;
  readonly #name: string;
  readonly #closing = new AbortController();
  #loaded: LoadedVersion | undefined;
  #process: IsolatedProcess | undefined;
  #restart: { readonly at: number; readonly cancel: () => void } | undefined;
  #starting: Promise<void> | undefined;
  #pauseMs = leastPauseMs;
  /** Whether the last process died while it was warmed up: the next one is not, or it might never serve. */
  #diedWarming = false;

  constructor(options: IsolatedLoaderOptions) {
    this.#options = options;
    this.#name = formatServableId(options.id);
  }

  get platform(): string {
    return this.#loaded!.platform;
  }

  get signatureDefs(): InferenceServable['signatureDefs'] {
    return this.#loaded!.signatureDefs;
  }

  get takesOtherTensors(): boolean | undefined {
    return this.#loaded!.takesOtherTensors;
  }

  get ramBytes(): number | undefined {
    return this.#loaded?.ramBytes;
  }

  /** @throws ServingError what the load fails with; no process is left then */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const request = this.#request();
    const own = new IsolatedProcess(programFile(this.#options.file), clock);
    try {
      const loaded = await own.load(request, signal);
      // Signatures that clients have seen stay the same objects.
      if (this.#loaded === undefined) this.#loaded = loaded;
      else await this.#warmAgain(own, signal);
    } catch (error) {
      own.kill();
      await own.ended;
      throw error;
    }
    const since = clock.now();
    this.#process = own;
    logger.info(`${this.#name} runs in process ${own.pid}`);
    void own.ended.then((how) => {
      this.#process = undefined;
      if (this.#closing.signal.aborted) return;
      if (clock.now() - since >= longLifeMs) this.#pauseMs = leastPauseMs;
      logger.error(`The process of ${this.#name} ended ${how}; starting it again in ${this.#pauseMs} ms`);
      this.#startLater();
    });
  }

  /** A warm-up that fails is no reason to answer nothing; only a process that ends by it is. */
  async #warmAgain(own: IsolatedProcess, signal: AbortSignal): Promise<void> {
    const { warmAgain, logger } = this.#options;
    const { platform, signatureDefs } = this;
    const isSkipped = this.#diedWarming;
    this.#diedWarming = false;
    if (warmAgain === undefined) return;
    if (isSkipped) return logger.warning(`${this.#name} is not warmed up: its last process ended in its warm-up`);
    const died = new AbortController();
    const warmed = warmAgain(
      { platform, signatureDefs, run: (call) => own.run(call) },
      AbortSignal.any([signal, died.signal]),
    );
    const end = await Promise.race([own.ended, warmed.then(noEnd, (error: unknown) => ServingError.from(error))]);
    if (typeof end === 'string') {
      this.#diedWarming = true;
      const error = new ServingError('UNAVAILABLE', 'ISOLATED_PROCESS_DIED', `Its process ended ${end} in its warm-up`);
      died.abort(error);
      await warmed.catch(() => undefined);
      throw error;
    }
    signal.throwIfAborted();
    if (end) logger.error(`Warm-up of ${this.#name} failed after its process was started again: ${end.message}`);
  }

  run: InferenceServable['run'] = (call) => {
    if (this.#process !== undefined) return this.#process.run(call);
    const leftMs = this.#restart === undefined ? leastPauseMs : this.#restart.at - this.#options.clock.now();
    return Promise.reject(
      new ServingError('UNAVAILABLE', 'ISOLATED_PROCESS_DOWN', `The process of ${this.#name} is being started again`, {
        retryAfterMs: Math.max(1, Math.round(leftMs)),
      }),
    );
  };

  async close(): Promise<void> {
    this.#closing.abort(new ServingError('CANCELLED', 'UNLOADED', `${this.#name} is unloaded`));
    this.#restart?.cancel();
    this.#restart = undefined;
    await this.#starting;
    await this.#process?.close();
  }

  #startLater(): void {
    const { clock, logger } = this.#options;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, greatestPauseMs);
    const cancel = clock.schedule(pauseMs, () => {
      this.#restart = undefined;
      this.#starting = this.start(this.#closing.signal).catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        const { message } = ServingError.from(error);
        logger.error(`Could not start the process of ${this.#name} again; next in ${this.#pauseMs} ms: ${message}`);
        this.#startLater();
      });
    });
    this.#restart = { at: clock.now() + pauseMs, cancel };
  }

  #request(): Request & { kind: 'load' } {
    const { directory, platform, platforms, engine } = this.#options;
    const able = platforms.flatMap(({ isolated }) => isolated ?? []);
    const unable = platforms.filter(({ isolated }) => isolated === undefined).map(({ name }) => name);
    if (able.length === 0 || (platform !== undefined && unable.includes(platform))) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'PLATFORM_NOT_ISOLATED',
        `${this.#name} cannot run in a process of its own: platform ${unable.join(', ')} does not say how it is made there`,
      );
    }
    return { kind: 'load', directory, platform, platforms: able, engine };
  }
}

function noEnd(): undefined {}

/** @throws ServingError FAILED_PRECONDITION where the package was not built */
function programFile(given: string | undefined): string {
  const file = given ?? fileURLToPath(new URL('isolated-model.js', import.meta.url));
  if (existsSync(file)) return file;
  throw new ServingError(
    'FAILED_PRECONDITION',
    'ISOLATION_UNAVAILABLE',
    `The program of isolated models is missing: ${file}`,
  );
}
