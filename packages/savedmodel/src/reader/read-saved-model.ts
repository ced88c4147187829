import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { findAssets } from './assets.js';
import { readWholeFile } from './data-file.js';
import { fileError, isMissing } from './file-error.js';
import { findInitOp } from './init-op.js';
import { selectMetaGraph } from './meta-graph.js';
import { checkpointOf, type Checkpoint, type ReadOptions } from './read-options.js';
import { SavedModel } from './saved-model.js';
import { VariableBundle } from './variable-bundle.js';

/** No protobuf message can be greater; TensorFlow itself writes other files (`saved_model.cpb`) for such models. */
const MOST_PROTO_BYTES = 2 ** 31 - 1;

/** How a SavedModel is read. */
export interface ReadSavedModelOptions extends ReadOptions {
  /** Tags of the MetaGraph: exactly these, in any order. Default: `['serve']`. */
  readonly tags?: readonly string[] | undefined;
}

/**
 * Reads the SavedModel in a directory, an export of TensorFlow 1 or 2: the MetaGraph with the asked tags, the index of
 * its variables (their values are read on demand) and the paths of its assets.
 *
 * @param dir - the directory that holds `saved_model.pb`
 * @throws SavedModelError
 * - NOT_FOUND `SAVED_MODEL_NOT_FOUND`: there is no `saved_model.pb`; upstream's text of
 *   `tensorflow_serving/session_bundle/oss/session_bundle_util.cc`
 * - NOT_FOUND `META_GRAPH_NOT_FOUND`: no MetaGraph has exactly these tags; the message lists those that there are
 * - UNIMPLEMENTED `SESSION_BUNDLE` for the format before SavedModel, `TEXT_FORMAT` for `saved_model.pbtxt`,
 *   `CHUNKED_FORMAT` for `saved_model.cpb`
 * - RESOURCE_EXHAUSTED `FILE_TOO_LARGE`: over 2 GiB, protobuf's limit
 * - DATA_LOSS with `file` and `offset`: a file is truncated or corrupt
 * - INVALID_ARGUMENT `ASSET_OUTSIDE`, FAILED_PRECONDITION `BAD_ASSET`, `BAD_INIT_OP`, PERMISSION_DENIED, CANCELLED,
 *   DEADLINE_EXCEEDED
 *
 * @example
 * await using model = await readSavedModel('models/resnet/1');
 * [...model.signatureDefs.keys()]; // ['__saved_model_init_op', 'serving_default']
 */
export async function readSavedModel(dir: string, options: ReadSavedModelOptions = {}): Promise<SavedModel> {
  const started = performance.now();
  const check = checkpointOf(options);
  check();
  const root = resolve(dir);
  const file = join(root, 'saved_model.pb');
  const bytes = await readProto(file, dir, root, check);
  const { metaGraph, nodes, functions, objectGraph } = selectMetaGraph(bytes, options.tags ?? ['serve'], file);
  check();
  const assets = findAssets(root, metaGraph);
  const initOp = findInitOp(metaGraph, dir);
  const { signal, timeoutMs } = options;
  const left = timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - (performance.now() - started));
  const variables = await openVariables(root, { signal, timeoutMs: left });
  return new SavedModel({ dir: root, metaGraph, nodes, functions, objectGraph, variables, assets, initOp });
}

async function readProto(file: string, dir: string, root: string, check: Checkpoint): Promise<Uint8Array> {
  try {
    return await readWholeFile(file, MOST_PROTO_BYTES, check);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  if (await exists(join(root, 'saved_model.pbtxt'))) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'TEXT_FORMAT',
      `Cannot read ${join(dir, 'saved_model.pbtxt')}: expected the binary form saved_model.pb, given the text form only`,
      { file: join(root, 'saved_model.pbtxt') },
    );
  }
  if (await exists(join(root, 'saved_model.cpb'))) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'CHUNKED_FORMAT',
      `Cannot read ${join(dir, 'saved_model.cpb')}: expected one file saved_model.pb of at most 2 GiB, given the chunked form`,
      { file: join(root, 'saved_model.cpb') },
    );
  }
  if (await exists(join(root, 'export.meta'))) {
    throw new SavedModelError('UNIMPLEMENTED', 'SESSION_BUNDLE', 'Session Bundle is deprecated and removed.', {
      file: join(root, 'export.meta'),
    });
  }
  throw new SavedModelError(
    'NOT_FOUND',
    'SAVED_MODEL_NOT_FOUND',
    'Specified file path does not appear to contain a SavedModel bundle (should have a file called `saved_model.pb`)\n' +
      `Specified file path: ${dir}`,
    { file },
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    const failure = fileError(path, 'look for', error);
    if (isMissing(failure)) return false;
    throw failure;
  }
}

async function openVariables(root: string, options: ReadOptions): Promise<VariableBundle | undefined> {
  try {
    return await VariableBundle.open(join(root, 'variables', 'variables'), options);
  } catch (error) {
    // Upstream logs this and goes on: a SavedModel need not have variables (`RunRestore` in `loader.cc`).
    if (isMissing(error)) return undefined;
    throw error;
  }
}
