import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { anyIs, anyUnpack } from '@bufbuild/protobuf/wkt';
import { AssetFileDefSchema, type AssetFileDef, type MetaGraphDef } from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';

const ASSETS_FOLDER = 'assets';
/** Collection in which TensorFlow 1 kept what is `asset_file_def` today (`tensorflow/cc/saved_model/constants.h`). */
const ASSETS_COLLECTION = 'saved_model_assets';

/**
 * Finds the asset files of a MetaGraph: `asset_file_def`, or the collection of TensorFlow 1 when there is none
 * (`GetAssetFileDefs` in `tensorflow/cc/saved_model/loader_util.cc`).
 *
 * @param dir - the SavedModel's directory
 * @returns absolute paths inside `<dir>/assets`, by the name of the graph tensor that stands for the path (`Const:0`).
 * The files need not exist: one that is never used may be missing, as upstream has it. Symbolic links are followed.
 * @throws SavedModelError INVALID_ARGUMENT `ASSET_OUTSIDE` when a file name leads out of the folder; FAILED_PRECONDITION
 * `BAD_ASSET` when the collection holds something else, or an asset has no tensor
 */
export function findAssets(dir: string, metaGraph: MetaGraphDef): Map<string, string> {
  const folder = resolve(dir, ASSETS_FOLDER);
  const assets = new Map<string, string>();
  for (const { tensorInfo, filename } of assetFileDefs(metaGraph)) {
    const tensor = tensorInfo?.encoding.case === 'name' ? tensorInfo.encoding.value : '';
    if (tensor === '') {
      throw new SavedModelError(
        'FAILED_PRECONDITION',
        'BAD_ASSET',
        `Asset '${filename}': expected the name of a tensor`,
        {
          file: dir,
        },
      );
    }
    assets.set(tensor, assetPath(folder, filename));
  }
  return assets;
}

/**
 * The bytes of a file that an attribute of the graph names. The path is that of the machine which saved the model: what
 * stands behind its last `assets` is looked for in the model's own folder, and nowhere else.
 *
 * @returns undefined when there is no such file
 */
export function readAsset(dir: string, path: string): Uint8Array | undefined {
  const parts = path.split(/[/\\]/);
  const name = parts.slice(parts.lastIndexOf(ASSETS_FOLDER) + 1).join('/');
  try {
    return readFileSync(assetPath(resolve(dir, ASSETS_FOLDER), name));
  } catch {
    return undefined;
  }
}

/**
 * The path of a file inside a folder.
 *
 * @throws SavedModelError INVALID_ARGUMENT `ASSET_OUTSIDE` for absolute names, `..`, drive letters and the like
 */
function assetPath(folder: string, filename: string): string {
  // Both separators count on every platform, so that a model is as safe on one as on another.
  const parts = filename.split(/[/\\]/);
  const safe = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\0:]/.test(part));
  if (!safe) {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'ASSET_OUTSIDE',
      `Asset file name ${JSON.stringify(filename)}: expected the name of a file inside ${folder}`,
      { file: folder },
    );
  }
  return resolve(folder, ...parts);
}

function assetFileDefs(metaGraph: MetaGraphDef): readonly AssetFileDef[] {
  if (metaGraph.assetFileDef.length > 0) return metaGraph.assetFileDef;
  const kind = metaGraph.collectionDef[ASSETS_COLLECTION]?.kind;
  if (kind?.case !== 'anyList') return [];
  return kind.value.value.map((any) => {
    let asset: AssetFileDef | undefined;
    let cause: unknown;
    try {
      asset = anyIs(any, AssetFileDefSchema) ? anyUnpack(any, AssetFileDefSchema) : undefined;
    } catch (error) {
      cause = error;
    }
    if (asset !== undefined) return asset;
    throw new SavedModelError(
      'FAILED_PRECONDITION',
      'BAD_ASSET',
      `Collection ${ASSETS_COLLECTION}: expected Any type_url for: tensorflow.AssetFileDef. Got: ${any.typeUrl}`,
      { cause },
    );
  });
}
