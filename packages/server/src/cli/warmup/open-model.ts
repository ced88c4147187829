import { dirname } from 'node:path';
import type { InferenceServable } from '@servable/core';
import { commaSeparated } from '../tool.js';
import { findModelPath } from '../model-path.js';
import type { LoadedModel } from '../../platforms/model-loader.js';

/** A model of the command line, loaded, and its version directory. */
export interface OpenModel extends AsyncDisposable {
  readonly directory: string;
  readonly model: LoadedModel;
  readonly servable: InferenceServable;
}

/**
 * Loads the model that an argument stands for.
 *
 * @param tags - of the MetaGraph, separated by commas
 * @param eager - whether every signature is compiled now, and not when it is first called
 */
export async function openModel(cwd: string, argument: string, tags: string, eager: boolean): Promise<OpenModel> {
  const { kind, path } = await findModelPath(cwd, argument);
  const { loadOnnxModel, loadSavedModel } = await import('@servable/runtime');
  const model =
    kind === 'onnx'
      ? await loadOnnxModel(path)
      : await loadSavedModel(path, { tags: commaSeparated(tags), ...(eager ? {} : { eager: [] }) });
  return {
    directory: kind === 'onnx' ? dirname(path) : path,
    model,
    servable: { platform: kind, signatureDefs: model.signatureDefs, run: (call) => model.run(call) },
    [Symbol.asyncDispose]: () => model.close(),
  };
}
