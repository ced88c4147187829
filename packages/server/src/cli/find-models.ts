import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ModelConfigInput, parseVersionDirectory, ServingError } from '@servable/core';
import { frozenGraphHint } from '../platforms/frozen-graph-hint.js';
import type { Platform } from '../platforms/platform.js';
import type { SingleVersionModel } from '../models/served-model.js';

/**
 * The models that a directory stands for:
 *
 * - a model's own directory (`saved_model.pb` or `model.onnx` in it): that one version. A version directory
 *   (`resnet/3`) keeps its number and takes its parent's name;
 * - a base path (numeric directories in it): all versions that come and go there;
 * - a directory of those: one model per child that is one, named like the child.
 *
 * @param directory - absolute path
 * @throws ServingError NOT_FOUND that names the path when there is no directory or no model in it
 */
export async function findModels(
  directory: string,
  platforms: readonly Platform[],
): Promise<(ModelConfigInput | SingleVersionModel)[]> {
  try {
    return await modelsIn(directory, platforms);
  } catch (error) {
    const hint = await frozenGraphHint(directory);
    if (hint === undefined) throw error;
    const { code, reason, message } = ServingError.from(error);
    throw new ServingError(code, reason, `${message}. ${hint}`, { cause: error });
  }
}

async function modelsIn(
  directory: string,
  platforms: readonly Platform[],
): Promise<(ModelConfigInput | SingleVersionModel)[]> {
  const found = await modelAt(directory, platforms);
  if (found) return [found];
  const children = (await directories(directory)).sort();
  const models = await Promise.all(children.map((child) => modelAt(join(directory, child), platforms)));
  const present = models.filter((model) => model !== undefined);
  if (present.length > 0) return present;
  throw new ServingError(
    'NOT_FOUND',
    'MODEL_NOT_FOUND',
    `No model found in ${directory}: expected a saved_model.pb or model.onnx in it, version directories such as ` +
      `${join(directory, '1')}, or directories of models`,
  );
}

async function modelAt(
  directory: string,
  platforms: readonly Platform[],
): Promise<ModelConfigInput | SingleVersionModel | undefined> {
  const accepted = await Promise.all(platforms.map((platform) => platform.accepts(directory)));
  if (accepted.includes(true)) {
    const version = parseVersionDirectory(basename(directory));
    if (version === undefined) return { name: nameOf(directory), directory };
    return { name: nameOf(dirname(directory)), directory, version };
  }
  const hasVersion = (await directories(directory)).some((child) => parseVersionDirectory(child) !== undefined);
  return hasVersion ? { name: nameOf(directory), basePath: directory } : undefined;
}

function nameOf(directory: string): string {
  return basename(directory) || 'model';
}

/** Names of the directories in a directory, links to directories included. */
async function directories(directory: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (error as Error).message;
    throw new ServingError('NOT_FOUND', 'DIRECTORY_NOT_FOUND', `Cannot serve ${directory}: ${why}`, { cause: error });
  }
  const kept = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        (status) => status.isDirectory(),
        () => false,
      ),
    ),
  );
  return names.filter((_, index) => kept[index]);
}
