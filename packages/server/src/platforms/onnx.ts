import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadOptions } from '@servable/core';
import { type EnginePlatformOptions, nativeBytesInUse, preparedRuntime } from './engine-options.js';
import { type LoadedModel, modelLoader } from './model-loader.js';
import type { Platform } from './platform.js';

export interface OnnxPlatformOptions extends EnginePlatformOptions {
  /** Loads an ONNX file; default `loadOnnxModel` of `@servable/runtime`. */
  readonly load?: ((file: string, options: LoadOptions) => Promise<LoadedModel>) | undefined;
}

/** Serves ONNX models: directories with a `model.onnx`. */
export function onnxPlatform(options: OnnxPlatformOptions = {}): Platform {
  const load =
    options.load ??
    (async (file: string, { signal }: LoadOptions) => (await preparedRuntime(options)).loadOnnxModel(file, { signal }));
  const fileOf = (directory: string): string => join(directory, 'model.onnx');
  return {
    name: 'onnx',
    accepts: (directory) =>
      access(fileOf(directory)).then(
        () => true,
        () => false,
      ),
    createLoader: (directory) =>
      modelLoader('onnx', directory, (how) => load(fileOf(directory), how), nativeBytesInUse),
  };
}
