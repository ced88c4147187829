import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadOptions } from '@servable/core';
import { type EnginePlatformOptions, preparedRuntime } from './engine-options.js';
import { type LoadedModel, modelLoader } from './model-loader.js';
import type { Platform } from './platform.js';

export interface SavedModelPlatformOptions extends EnginePlatformOptions {
  /** Tags of the MetaGraph that is served: exactly these, in any order; default `serve`. */
  readonly tags?: readonly string[] | undefined;
  /** Loads a SavedModel directory; default `loadSavedModel` of `@servable/runtime`. */
  readonly load?: ((directory: string, options: LoadOptions) => Promise<LoadedModel>) | undefined;
}

/** Serves TensorFlow SavedModels: directories with a `saved_model.pb`. */
export function savedModelPlatform(options: SavedModelPlatformOptions = {}): Platform {
  // No tags are the default ones (upstream: servables/tensorflow/saved_model_bundle_factory.cc).
  const tags = options.tags?.length ? options.tags : undefined;
  const load =
    options.load ??
    (async (directory: string, { signal }: LoadOptions) =>
      (await preparedRuntime(options)).loadSavedModel(directory, { signal, tags }));
  return {
    name: 'tensorflow',
    accepts: (directory) =>
      access(join(directory, 'saved_model.pb')).then(
        () => true,
        () => false,
      ),
    createLoader: (directory) => modelLoader('tensorflow', directory, (how) => load(directory, how)),
  };
}
