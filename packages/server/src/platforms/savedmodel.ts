import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@servable/core';
import { type EnginePlatformOptions, nativeBytesInUse, prepareEngine, preparedRuntime } from './engine-options.js';
import type { EngineLoadOptions } from './model-engine.js';
import { type LoadedModel, modelLoader } from './model-loader.js';
import type { Platform } from './platform.js';
import { openSavedModel, type PlatformChoice, type SavedModelEngines } from './tensorflow.js';

export interface SavedModelPlatformOptions extends EnginePlatformOptions {
  /** Tags of the MetaGraph that is served: exactly these, in any order; default `serve`. */
  readonly tags?: readonly string[] | undefined;
  /**
   * What models run on; default `auto`: the built-in engine, and TensorFlow's own library for what its compiler refuses,
   * where the library is found.
   */
  readonly platform?: PlatformChoice | undefined;
  /** Part of each GPU's memory that TensorFlow takes, above 0 and at most 1; default nearly all. */
  readonly gpuMemoryFraction?: number | undefined;
  /** TensorFlow takes GPU memory as it needs it; default what `TF_FORCE_GPU_ALLOW_GROWTH` says, else `false`. */
  readonly gpuAllowGrowth?: boolean | undefined;
  /** Numbers of the GPUs that TensorFlow may use; default all. */
  readonly visibleDevices?: readonly number[] | undefined;
  /** Is told what a model runs on where that is not the built-in engine. */
  readonly logger?: Logger | undefined;
  /** Loads a SavedModel directory; default `loadSavedModel` of `@servable/runtime`. */
  readonly load?: ((directory: string, options: EngineLoadOptions) => Promise<LoadedModel>) | undefined;
}

/** Serves TensorFlow SavedModels: directories with a `saved_model.pb`. */
export function savedModelPlatform(options: SavedModelPlatformOptions = {}): Platform {
  // No tags are the default ones (upstream: servables/tensorflow/saved_model_bundle_factory.cc).
  const tags = options.tags?.length ? options.tags : undefined;
  const engines = runtimeEngines(options, tags);
  const load =
    options.load ??
    ((directory: string, how: EngineLoadOptions) =>
      openSavedModel(directory, how, options.platform ?? 'auto', engines));
  const { logger: _logger, load: given, ...settings } = options;
  return {
    name: 'tensorflow',
    isolated: given ? undefined : { name: 'tensorflow', options: settings },
    ...(given === undefined && { prepare: () => prepareEngine(options) }),
    accepts: (directory) =>
      access(join(directory, 'saved_model.pb')).then(
        () => true,
        () => false,
      ),
    createLoader: (directory, engine) =>
      modelLoader('tensorflow', directory, (how) => load(directory, { ...how, ...engine }), nativeBytesInUse, {
        ...engine,
        takesOtherTensors: true,
      }),
  };
}

function runtimeEngines(options: SavedModelPlatformOptions, tags: readonly string[] | undefined): SavedModelEngines {
  const { engine, gpuMemoryFraction, gpuAllowGrowth, visibleDevices, logger } = options;
  const { intraOpThreads, interOpThreads } = engine ?? {};
  // Until a first model is there no request waits for the event loop, and loading on it is sooner done.
  let serves = false;
  return {
    embedded: async (directory, { signal, instances, executionProviders, isServing }) => {
      const { loadSavedModel } = await preparedRuntime(options);
      const model = await loadSavedModel(directory, {
        signal,
        tags,
        instances,
        session: { executionProviders },
        compileOn: isServing ? 'always' : serves ? 'thread' : 'caller',
      });
      serves = true;
      return model;
    },
    library: async () => (await preparedRuntime(options)).tensorFlowLibrary(),
    tensorflow: async (directory, { signal }) =>
      (await preparedRuntime(options)).loadTensorFlowModel(directory, {
        signal,
        tags,
        session: { intraOpThreads, interOpThreads, gpuMemoryFraction, gpuAllowGrowth, visibleDevices },
      }),
    logger,
  };
}
