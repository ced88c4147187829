import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type EnginePlatformOptions, nativeBytesInUse, prepareEngine, preparedRuntime } from './engine-options.js';
import type { EngineLoadOptions } from './model-engine.js';
import { type LoadedModel, modelLoader } from './model-loader.js';
import type { Platform } from './platform.js';

export interface OnnxPlatformOptions extends EnginePlatformOptions {
  /** Loads an ONNX file; default `loadOnnxModel` of `@servable/runtime`. */
  readonly load?: ((file: string, options: EngineLoadOptions) => Promise<LoadedModel>) | undefined;
}

/** Serves ONNX models: directories with a `model.onnx`. */
export function onnxPlatform(options: OnnxPlatformOptions = {}): Platform {
  const load =
    options.load ??
    (async (file: string, { signal, instances, executionProviders }: EngineLoadOptions) =>
      (await preparedRuntime(options)).loadOnnxModel(file, { signal, instances, session: { executionProviders } }));
  const fileOf = (directory: string): string => join(directory, 'model.onnx');
  return {
    name: 'onnx',
    isolated: options.load ? undefined : { name: 'onnx', options: { engine: options.engine } },
    ...(options.load === undefined && { prepare: () => prepareEngine(options) }),
    accepts: (directory) =>
      access(fileOf(directory)).then(
        () => true,
        () => false,
      ),
    createLoader: (directory, engine) =>
      modelLoader('onnx', directory, (how) => load(fileOf(directory), { ...how, ...engine }), nativeBytesInUse, engine),
  };
}
