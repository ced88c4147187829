import type { MetaGraphDef } from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** Names from `tensorflow/cc/saved_model/constants.h`. */
const INIT_OP_SIGNATURE = '__saved_model_init_op';
const MAIN_OP_COLLECTION = 'saved_model_main_op';
const LEGACY_INIT_OP_COLLECTION = 'legacy_init_op';

/**
 * Finds what is run once after the variables have been restored, such as the filling of lookup tables: the output of the
 * signature `__saved_model_init_op`, else the one node of the collection `saved_model_main_op`, else of
 * `legacy_init_op` (`GetInitOp` in `tensorflow/cc/saved_model/loader_util.cc`).
 *
 * @returns the name of a node or of its output (`init`, `NoOp`, `init:0`); `undefined` when there is nothing to run
 * @throws SavedModelError FAILED_PRECONDITION `BAD_INIT_OP`
 */
export function findInitOp(metaGraph: MetaGraphDef, dir: string): string | undefined {
  const signature = own(metaGraph.signatureDef, INIT_OP_SIGNATURE);
  if (signature !== undefined) {
    const encoding = own(signature.outputs, INIT_OP_SIGNATURE)?.encoding;
    if (encoding === undefined) throw badInitOp(dir, `Could not find output ${INIT_OP_SIGNATURE}`);
    return (encoding.case === 'name' && encoding.value) || undefined;
  }
  const collection =
    own(metaGraph.collectionDef, MAIN_OP_COLLECTION) ?? own(metaGraph.collectionDef, LEGACY_INIT_OP_COLLECTION);
  if (collection === undefined) return undefined;
  const nodes = collection.kind.case === 'nodeList' ? collection.kind.value.value : [];
  if (nodes.length !== 1) throw badInitOp(dir, `Expected exactly one main op in : ${dir}, given ${nodes.length}`);
  return nodes[0] || undefined;
}

/** A map field's own entry: names that all objects inherit are not entries. */
function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function badInitOp(dir: string, message: string): SavedModelError {
  return new SavedModelError('FAILED_PRECONDITION', 'BAD_INIT_OP', message, { file: dir });
}
