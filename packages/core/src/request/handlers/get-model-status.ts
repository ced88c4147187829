import type { ServableManagerState, ServableState } from '../../servable/servable-state.js';
import { ServingError, type StatusCode } from '../../servable/serving-error.js';
import type { RequestDraft } from '../execution/request-draft.js';
import type { HandlerDependencies } from './handler-dependencies.js';
import { requireModelSpec, type ModelSpec } from './model-spec.js';

/** The state of one version as the world sees it. */
export interface ModelVersionState {
  readonly version: bigint;
  readonly state: ServableManagerState;
  /** `OK`, or the code of the error that ended the version. */
  readonly code: StatusCode;
  /** Empty when the code is `OK`; never has the code as a prefix. */
  readonly message: string;
}

/**
 * The states of one version or of all that were ever seen, highest first (model_servers/get_model_status_impl.cc).
 * A label or a signature in the spec is ignored, as upstream does.
 *
 * @throws ServingError INVALID_ARGUMENT without a model spec, NOT_FOUND for an unknown name or version
 */
export function getModelStatus(
  dependencies: Pick<HandlerDependencies, 'states'>,
  modelSpec: ModelSpec | undefined,
  record?: RequestDraft,
): readonly ModelVersionState[] {
  const { name, version } = requireModelSpec(modelSpec);
  record?.useModel(name);
  const states = dependencies.states.getVersionStates(name);
  if (version !== undefined) {
    const state = states.find(({ id }) => id.version === version);
    if (state === undefined) {
      throw new ServingError('NOT_FOUND', 'VERSION_NOT_FOUND', `Could not find version ${version} of model ${name}`);
    }
    return [versionState(state)];
  }
  if (states.length === 0) {
    const problem = dependencies.states.problemOf?.(name);
    const why = problem ? `: ${problem.message}` : '';
    throw new ServingError('NOT_FOUND', 'MODEL_NOT_FOUND', `Could not find any versions of model ${name}${why}`);
  }
  return states.map(versionState);
}

function versionState({ id, managerState, health }: ServableState): ModelVersionState {
  return { version: id.version, state: managerState, code: health?.code ?? 'OK', message: health?.message ?? '' };
}
