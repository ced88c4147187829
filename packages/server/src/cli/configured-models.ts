import { modelConfigList, readTextProtoFile, ServingError, TextProtoError } from '@servable/core';
import { ModelServerConfigSchema } from '@servable/protos/serving';
import { ConfigFileError, type ConfigProblem, formatProblem } from '../config-file/config-problem.js';
import { isYamlOrJson, readConfigFile } from '../config-file/read-config-file.js';
import type { ServedModel } from '../models/served-model.js';
import { resolveServerOptions } from '../server-options.js';

/**
 * The models that a configuration of either kind names.
 *
 * @param shown - the file as the user wrote it
 * @throws ConfigFileError, ServingError for what is wrong with it
 */
export async function configuredModels(shown: string, path: string): Promise<readonly ServedModel[]> {
  if (isYamlOrJson(path)) {
    const options = await readConfigFile(path);
    const { models, modelConfigFile } = resolveServerOptions({ grpcPort: 0, ...options });
    return modelConfigFile === undefined ? models : checkModelList(modelConfigFile, modelConfigFile);
  }
  return checkModelList(shown, path);
}

/** @throws a failure that names the list's own file, which may not be the one that was asked about */
async function checkModelList(shown: string, path: string): Promise<readonly ServedModel[]> {
  try {
    return await readModelList(shown, path);
  } catch (error) {
    throw new ConfigFileError(shown, [textProblem(error)]);
  }
}

async function readModelList(shown: string, path: string): Promise<readonly ServedModel[]> {
  const { config } = await readTextProtoFile(ModelServerConfigSchema, path);
  switch (config.case) {
    case 'modelConfigList':
      return modelConfigList(config.value, { platforms: ['tensorflow', 'onnx'] });
    case 'customModelConfig':
      throw new ServingError(
        'UNIMPLEMENTED',
        'CUSTOM_MODEL_CONFIG',
        'ModelServer does not yet support custom model config.',
      );
    default:
      throw new ServingError('INVALID_ARGUMENT', 'CONFIG_EMPTY', `expected a model_config_list in ${shown}; got none`);
  }
}

function textProblem(error: unknown): ConfigProblem {
  const { cause, message } = error as { cause?: unknown; message: string };
  if (!(cause instanceof TextProtoError)) return { key: '', message };
  const { line, column, key } = cause;
  const what = cause.message.replace(/^Error parsing text-format \S+ \d+:\d+: /, '').replace(/ \(in [^)]*\)$/, '');
  return { key, message: what, line, column };
}

/** What is wrong with a file, a line for each problem. */
export function describeProblems(file: string, error: unknown): string {
  if (!(error instanceof ConfigFileError)) {
    return formatProblem(file, { key: '', message: ServingError.from(error).message });
  }
  // Short as it was given, where the problem is in the file that was asked about.
  const at = isYamlOrJson(error.path) ? file : error.path;
  return error.problems.map((problem) => formatProblem(at, problem)).join('\n');
}
