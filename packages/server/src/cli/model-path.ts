import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseVersionDirectory, ServingError } from '@servable/core';
import { frozenGraphHint } from '../platforms/frozen-graph-hint.js';

/** Where a model lies, and of what kind it is. */
export interface ModelPath {
  readonly kind: 'savedmodel' | 'onnx';
  /** The SavedModel's directory, or the ONNX file. */
  readonly path: string;
}

/**
 * Finds the one model that an argument stands for: a SavedModel's directory, an `.onnx` file, a directory with a
 * `model.onnx`, or a directory of versions, of which the greatest is taken.
 *
 * @throws ServingError NOT_FOUND that names the path and what was expected there
 */
export async function findModelPath(cwd: string, argument: string): Promise<ModelPath> {
  const path = resolve(cwd, argument);
  const status = await stat(path).catch((cause: unknown) => {
    throw new ServingError('NOT_FOUND', 'MODEL_NOT_FOUND', `No model found: ${path} does not exist`, { cause });
  });
  if (status.isFile()) {
    if (path.endsWith('.onnx')) return { kind: 'onnx', path };
    if (basename(path) === 'saved_model.pb') return { kind: 'savedmodel', path: resolve(path, '..') };
    throw notFound(path, (await frozenGraphHint(path)) ?? 'expected a directory or an .onnx file');
  }
  const names = await readdir(path);
  const found = modelIn(path, names);
  if (found) return found;
  const versions = names
    .map((name) => ({ name, version: parseVersionDirectory(name) }))
    .filter((each): each is { name: string; version: bigint } => each.version !== undefined)
    .sort((a, b) => (a.version < b.version ? 1 : -1));
  for (const { name } of versions) {
    const directory = join(path, name);
    const inside = modelIn(directory, await readdir(directory).catch(() => []));
    if (inside) return inside;
  }
  throw notFound(
    path,
    (await frozenGraphHint(path)) ??
      `expected a saved_model.pb or model.onnx in it, or version directories such as ${join(path, '1')}`,
  );
}

function modelIn(directory: string, names: readonly string[]): ModelPath | undefined {
  if (names.includes('saved_model.pb')) return { kind: 'savedmodel', path: directory };
  if (names.includes('model.onnx')) return { kind: 'onnx', path: join(directory, 'model.onnx') };
  // Left to the reader, which says what is wrong with these forms.
  const known = names.find((name) => /^(saved_model\.(pbtxt|cpb)|export\.meta)$/.test(name));
  return known === undefined ? undefined : { kind: 'savedmodel', path: directory };
}

function notFound(path: string, expected: string): ServingError {
  return new ServingError('NOT_FOUND', 'MODEL_NOT_FOUND', `No model found in ${path}: ${expected}`);
}
