import { type InferenceCall, type LoadOptions, type Logger, ServingError, silentLogger } from '@servable/core';
import type { EngineLoadOptions } from './model-engine.js';
import type { LoadedModel } from './model-loader.js';

/** What SavedModels may run on. */
export const platformChoices = ['auto', 'onnxruntime', 'tensorflow'] as const;

/**
 * What SavedModels run on: `onnxruntime` is the built-in engine, `tensorflow` TensorFlow's own library, and `auto` the
 * built-in engine for all that it can take and TensorFlow for the rest, where its library is found.
 */
export type PlatformChoice = (typeof platformChoices)[number];

/** @throws ServingError INVALID_ARGUMENT `OPTION_INVALID` */
export function platformChoice(name: string, value: string = 'auto'): PlatformChoice {
  const choice = platformChoices.find((known) => known === value);
  if (choice !== undefined) return choice;
  const expected = platformChoices.map((known) => `'${known}'`).join(', ');
  throw new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', `${name} must be one of ${expected}; got '${value}'`);
}

/** A model of the built-in engine, which compiles signatures one by one. */
export interface EmbeddedModel extends LoadedModel {
  /** Compiles a signature; UNIMPLEMENTED is the compiler's refusal. */
  warm(signatureName: string): Promise<void>;
}

/** The ways to open a SavedModel. */
export interface SavedModelEngines {
  readonly embedded: (directory: string, options: EngineLoadOptions) => Promise<EmbeddedModel>;
  /** TensorFlow's library; rejects when it cannot be found or loaded. */
  readonly library: () => Promise<{ readonly path: string; readonly version: string }>;
  readonly tensorflow: (directory: string, options: LoadOptions) => Promise<LoadedModel>;
  readonly logger?: Logger | undefined;
}

const defaultSignature = 'serving_default';

/** Opens a SavedModel on what was chosen for it. */
export async function openSavedModel(
  directory: string,
  options: EngineLoadOptions,
  choice: PlatformChoice,
  engines: SavedModelEngines,
): Promise<LoadedModel> {
  if (choice === 'onnxruntime') return engines.embedded(directory, options);
  if (choice === 'tensorflow') return openOnTensorFlow(directory, options, engines, 'as configured');
  let embedded: EmbeddedModel;
  try {
    embedded = await engines.embedded(directory, options);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return await inPlaceOf(error, directory, options, engines);
  }
  const refusal = embedded.signatureDefs.has(defaultSignature)
    ? await refusalOf(embedded, defaultSignature)
    : undefined;
  if (refusal === undefined) return new SwitchingModel(embedded, directory, engines);
  try {
    const model = await inPlaceOf(refusal, directory, options, engines);
    await embedded.close();
    return model;
  } catch (error) {
    // Its other signatures can be served.
    if (error === refusal) return embedded;
    await embedded.close();
    throw error;
  }
}

/** Opens what the compiler refused; fails with the refusal where there is no library. */
async function inPlaceOf(
  refusal: Error,
  directory: string,
  options: LoadOptions,
  engines: SavedModelEngines,
): Promise<LoadedModel> {
  const { logger = silentLogger } = engines;
  try {
    await engines.library();
  } catch (error) {
    // In the log and not in the error, which goes to clients: it names paths of this machine.
    logger.warning(`${directory} might run on TensorFlow. ${(error as Error).message}`);
    throw refusal;
  }
  return openOnTensorFlow(directory, options, engines, `as the compiler refuses it: ${refusal.message}`);
}

async function openOnTensorFlow(
  directory: string,
  options: LoadOptions,
  { library, tensorflow, logger = silentLogger }: SavedModelEngines,
  why: string,
): Promise<LoadedModel> {
  const { path, version } = await library();
  const model = await tensorflow(directory, options);
  logger.info(`${directory} runs on TensorFlow ${version} (${path}), ${why}`);
  return {
    platform: `tensorflow (TensorFlow ${version})`,
    signatureDefs: model.signatureDefs,
    run: (call) => model.run(call),
    close: () => model.close(),
  };
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === 'UNIMPLEMENTED';
}

/** The compiler's refusal of a signature, if it is one. */
async function refusalOf(model: EmbeddedModel, signatureName: string): Promise<Error | undefined> {
  try {
    await model.warm(signatureName);
    return undefined;
  } catch (error) {
    return isRefusal(error) ? error : undefined;
  }
}

/**
 * A model on the built-in engine that moves to TensorFlow as a whole when a signature is asked for that the compiler
 * refuses. What its variables were changed to by then is lost, as after a restart.
 */
class SwitchingModel implements LoadedModel {
  #model: LoadedModel;
  #embedded: EmbeddedModel | undefined;
  readonly #directory: string;
  readonly #engines: SavedModelEngines;
  readonly #closed = new AbortController();
  #switch: Promise<LoadedModel> | undefined;
  #retired: Promise<void> | undefined;

  constructor(embedded: EmbeddedModel, directory: string, engines: SavedModelEngines) {
    this.#model = embedded;
    this.#embedded = embedded;
    this.#directory = directory;
    this.#engines = engines;
  }

  get platform(): string | undefined {
    return this.#model.platform;
  }

  get signatureDefs(): LoadedModel['signatureDefs'] {
    return this.#model.signatureDefs;
  }

  returnsInputs(signatureName: string): boolean {
    return this.#model.returnsInputs?.(signatureName) === true;
  }

  async run(call: InferenceCall): ReturnType<LoadedModel['run']> {
    const started = performance.now();
    const embedded = this.#embedded;
    if (embedded === undefined) return this.#model.run(call);
    let refusal: Error | undefined;
    try {
      return await embedded.run(call);
    } catch (error) {
      // A kernel may refuse values; only what the compiler refuses is a reason to move.
      refusal = isRefusal(error) ? await refusalOf(embedded, call.signatureName) : undefined;
      if (refusal === undefined) throw error;
    }
    this.#switch ??= this.#toTensorFlow(refusal);
    // Without TensorFlow every signature is refused in its own words, not in those of the first.
    const model = await within(this.#switch, call).catch((error: unknown) => {
      throw isRefusal(error) ? refusal : error;
    });
    const { timeoutMs } = call;
    return model.run({
      ...call,
      timeoutMs: timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - (performance.now() - started)),
    });
  }

  async close(): Promise<void> {
    this.#closed.abort(new ServingError('UNAVAILABLE', 'MODEL_CLOSED', 'The model is being unloaded'));
    await this.#switch?.catch(() => undefined);
    await Promise.all([this.#model.close(), this.#retired]);
  }

  async #toTensorFlow(refusal: Error): Promise<LoadedModel> {
    const embedded = this.#model;
    const model = await inPlaceOf(refusal, this.#directory, { signal: this.#closed.signal }, this.#engines);
    this.#model = model;
    this.#embedded = undefined;
    // Calls under way end first.
    this.#retired = embedded.close().catch((error: unknown) => {
      this.#engines.logger?.warning(`${this.#directory} was not unloaded from the built-in engine: ${String(error)}`);
    });
    return model;
  }
}

/** Waits for as long as a call may take. */
function within<T>(promise: Promise<T>, { signal, timeoutMs }: InferenceCall): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(ServingError.from(signal?.reason));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () =>
              reject(new ServingError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'The model was not loaded in time')),
            Math.min(timeoutMs, 2 ** 31 - 1),
          );
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  });
}
