import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadOptions } from '@servable/core';
import { type LoadedModel, modelLoader } from './model-loader.js';
import type { Platform } from './platform.js';

export interface SavedModelPlatformOptions {
  /** Loads a SavedModel directory; default `loadSavedModel` of `@servable/runtime`. */
  readonly load?: ((directory: string, options: LoadOptions) => Promise<LoadedModel>) | undefined;
}

/** Serves TensorFlow SavedModels: directories with a `saved_model.pb`. */
export function savedModelPlatform(options: SavedModelPlatformOptions = {}): Platform {
  // The runtime is native code: imported when the first model is loaded, not when the server starts.
  const load =
    options.load ??
    (async (directory: string, { signal }: LoadOptions) =>
      (await import('@servable/runtime')).loadSavedModel(directory, { signal }));
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
