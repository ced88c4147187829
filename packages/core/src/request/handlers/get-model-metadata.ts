import type { SignatureDef } from '@servable/protos/tensorflow';
import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import { ServingError } from '../../servable/serving-error.js';
import type { RequestDraft } from '../execution/request-draft.js';
import type { HandlerDependencies } from './handler-dependencies.js';
import { requireModelSpec, withServableHandle, type ModelSpec } from './model-spec.js';

/** The one `metadata_field` there is. */
export const SIGNATURE_DEF_FIELD = 'signature_def';

export interface ModelMetadataCall {
  readonly modelSpec?: ModelSpec | undefined;
  readonly metadataFields: readonly string[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly version: bigint;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
}

/**
 * Tells what can be called on a model (servables/tensorflow/get_model_metadata_impl.cc).
 *
 * @throws ServingError INVALID_ARGUMENT for a missing model spec, no field, or a field other than `signature_def`;
 * NOT_FOUND when the version is not ready
 */
export async function getModelMetadata(
  dependencies: Pick<HandlerDependencies, 'provider'>,
  call: ModelMetadataCall,
  record?: RequestDraft,
): Promise<ModelMetadata> {
  const spec = requireModelSpec(call.modelSpec);
  if (call.metadataFields.length === 0) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'METADATA_FIELD_MISSING',
      'GetModelMetadataRequest must specify at least one metadata_field',
    );
  }
  for (const field of call.metadataFields) {
    if (field !== SIGNATURE_DEF_FIELD) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        'METADATA_FIELD_UNSUPPORTED',
        `Metadata field ${field} is not supported`,
      );
    }
  }
  const use = ({ id, servable }: ServableHandle<InferenceServable>): ModelMetadata => ({
    name: id.name,
    version: id.version,
    signatureDefs: servable.signatureDefs,
  });
  return withServableHandle(dependencies.provider, spec, use, record);
}
