import { resolve } from 'node:path';
import { modelConfigList, readTextProtoFile, ServingError, TextProtoError } from '@servable/core';
import { ModelServerConfigSchema } from '@servable/protos/serving';
import { ConfigFileError, type ConfigProblem, formatProblem } from '../config-file/config-problem.js';
import { isYamlOrJson, readConfigFile } from '../config-file/read-config-file.js';
import { resolveServerOptions } from '../server-options.js';
import type { CommandContext } from './cli-io.js';
import { nearestName } from '../nearest-name.js';

export function configUsage(): string {
  return `usage: servable config check FILE

Checks a configuration without serving it: .yaml, .yml and .json files are those of servable serve --config, every other
one is a ModelServerConfig in text format. Exit status: 0 good, 1 bad, with one line for each problem, 2 wrong usage.
`;
}

/** `servable config check FILE`, for people and for CI. */
export async function config(argv: readonly string[], { io }: Pick<CommandContext, 'io'>): Promise<number> {
  const [action, file, ...rest] = argv;
  if (action === '--help') {
    io.stdout(configUsage());
    return 0;
  }
  if (action !== 'check' || file === undefined || rest.length > 0) {
    const hint =
      action !== undefined && action !== 'check' && nearestName(action, ['check']) ? '; did you mean check?' : '';
    const what =
      action === 'check'
        ? `servable config check takes one file; got ${argv.length - 1}`
        : `Unknown action: ${action ?? '(none)'}${hint}`;
    io.stderr(`${what}\n\n${configUsage()}`);
    return 2;
  }
  try {
    const models = await checkFile(file, resolve(io.cwd, file));
    io.stdout(`${file}: good: ${models.length} model(s)${models.length > 0 ? `: ${models.join(', ')}` : ''}\n`);
    return 0;
  } catch (error) {
    io.stderr(`${describe(file, error)}\n`);
    return 1;
  }
}

/** @returns the names of the models */
async function checkFile(shown: string, path: string): Promise<readonly string[]> {
  if (isYamlOrJson(path)) {
    const options = await readConfigFile(path);
    const { models, modelConfigFile } = resolveServerOptions({ grpcPort: 0, ...options });
    return modelConfigFile === undefined
      ? models.map(({ name }) => name)
      : checkModelList(modelConfigFile, modelConfigFile);
  }
  return checkModelList(shown, path);
}

/** @throws a failure that names the list's own file, which may not be the one that was asked about */
async function checkModelList(shown: string, path: string): Promise<readonly string[]> {
  try {
    return await readModelList(shown, path);
  } catch (error) {
    throw new ConfigFileError(shown, [textProblem(error)]);
  }
}

async function readModelList(shown: string, path: string): Promise<readonly string[]> {
  const { config } = await readTextProtoFile(ModelServerConfigSchema, path);
  switch (config.case) {
    case 'modelConfigList':
      return modelConfigList(config.value, { platforms: ['tensorflow', 'onnx'] }).map(({ name }) => name);
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

function describe(file: string, error: unknown): string {
  if (!(error instanceof ConfigFileError)) {
    return formatProblem(file, { key: '', message: ServingError.from(error).message });
  }
  // Short as it was given, where the problem is in the file that was asked about.
  const at = isYamlOrJson(error.path) ? file : error.path;
  return error.problems.map((problem) => formatProblem(at, problem)).join('\n');
}
