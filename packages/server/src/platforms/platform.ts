import { type InferenceServable, type Loader, ServingError, type StoragePath } from '@servable/core';
import { frozenGraphHint } from './frozen-graph-hint.js';
import type { EngineSettings } from './model-engine.js';

/** How a platform is made again in a process of its own; everything in it can be copied (structured clone). */
export interface IsolatedPlatform {
  readonly name: string;
  /** URL of an ES module whose `createPlatform(options)` makes it; absent for those that are built in. */
  readonly module?: string | undefined;
  readonly options: unknown;
}

/** A kind of model and what is needed to run it. */
export interface Platform {
  /** As in `model_platform` of a model config: `tensorflow`, `onnx`. */
  readonly name: string;
  /** For models with `isolation: 'process'`; absent: this platform's models cannot be isolated. */
  readonly isolated?: IsolatedPlatform | undefined;
  /** Whether a version directory is of this kind, by its file names alone. */
  accepts(directory: StoragePath): Promise<boolean>;
  /**
   * Loads what all of its models need, such as a library. Called when a server starts whose models are loaded on demand, so
   * that neither the first request nor the memory of the first model has to bear it. Does not reject.
   */
  prepare?(): Promise<void>;
  /** @param engine - what the built-in engine runs the model on; means nothing to other engines */
  createLoader(directory: StoragePath, engine?: EngineSettings): Loader<InferenceServable>;
}

/**
 * A loader for a version directory whose platform is looked up when it is loaded, so that versions of one model may be
 * of different kinds.
 *
 * @param platformName - the only platform allowed; `undefined` takes the first that accepts the directory
 */
export function platformLoader(
  platforms: readonly Platform[],
  platformName: string | undefined,
  directory: StoragePath,
  engine: EngineSettings = {},
): Loader<InferenceServable> {
  const allowed = platforms.filter(({ name }) => platformName === undefined || name === platformName);
  let chosen: Loader<InferenceServable> | undefined;
  const choose = async (): Promise<Loader<InferenceServable>> => {
    for (const platform of allowed) {
      if (await platform.accepts(directory)) return (chosen = platform.createLoader(directory, engine));
    }
    // Upstream's text: TensorFlow's saved_model/loader.cc, two lines; what to do with a frozen graph is ours.
    const hint = await frozenGraphHint(directory);
    throw new ServingError(
      'NOT_FOUND',
      'MODEL_FILES_NOT_FOUND',
      'Specified file path does not appear to contain a SavedModel bundle ' +
        `(should have a file called \`saved_model.pb\`)\nSpecified file path: ${directory}` +
        (hint === undefined ? '' : `\n${hint}`),
    );
  };
  return {
    load: async (options) => (await choose()).load(options),
    unload: async () => chosen?.unload(),
    measureResources: async () => chosen?.measureResources?.(),
    estimateResources: async () => (await (await choose()).estimateResources?.()) ?? { ramBytes: 0 },
  };
}
