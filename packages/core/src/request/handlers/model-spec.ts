import {
  openServableHandle,
  type ServableHandle,
  type ServableProvider,
  type ServableRequest,
} from '../../servable/servable-handle.js';
import type { ServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';
import type { RequestLimits } from '../execution/open-request.js';
import type { RequestDraft } from '../execution/request-draft.js';
import { DEFAULT_SIGNATURE_NAME } from '../signature/tensor-spec.js';

/** Which model, version and signature a request asks for: `ModelSpec` of tensorflow_serving/apis/model.proto. */
export interface ModelSpec {
  readonly name: string;
  readonly version?: bigint | undefined;
  /** Set only when `version` is not. */
  readonly versionLabel?: string | undefined;
  /** Empty means `serving_default`. */
  readonly signatureName: string;
}

/** What a response says it came from: the version that answered, the signature's real name, never a label. */
export interface ResolvedModelSpec {
  readonly name: string;
  readonly version: bigint;
  readonly signatureName: string;
}

/** @throws ServingError INVALID_ARGUMENT `Missing ModelSpec` */
export function requireModelSpec(spec: ModelSpec | undefined): ModelSpec {
  if (spec === undefined) throw new ServingError('INVALID_ARGUMENT', 'MODEL_SPEC_MISSING', 'Missing ModelSpec');
  return spec;
}

export function resolveSignatureName(spec: ModelSpec): string {
  return spec.signatureName === '' ? DEFAULT_SIGNATURE_NAME : spec.signatureName;
}

export function resolveModelSpec(id: ServableId, signatureName: string): ResolvedModelSpec {
  return { name: id.name, version: id.version, signatureName };
}

/**
 * Runs `use` with a handle of the version that a spec asks for. The handle is released when the promise of `use` has
 * settled, and not before, even if the caller has gone: an engine may still be reading the servable's memory.
 *
 * @param record - notes the name that was asked for, and the version once it is found
 * @param limits - how long a version that has to be loaded first is waited for
 * @throws ServingError of `openServableHandle` (INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED, UNAVAILABLE), and
 * whatever `use` throws
 */
export async function withServableHandle<T, R>(
  provider: ServableProvider<T>,
  spec: ModelSpec,
  use: (handle: ServableHandle<T>) => R | Promise<R>,
  record?: RequestDraft,
  limits?: RequestLimits,
): Promise<R> {
  record?.useModel(spec.name);
  const opened = openServableHandle(provider, servableRequest(spec), limits);
  const handle = opened instanceof Promise ? await opened : opened;
  try {
    if (record !== undefined) record.version = handle.id.version;
    return await use(handle);
  } finally {
    handle.release();
  }
}

function servableRequest(spec: ModelSpec): ServableRequest {
  return { name: spec.name, version: spec.version, label: spec.versionLabel };
}
