import { oipDatatype } from '@servable/tensor';
import type { ServableManagerState } from '../../servable/servable-state.js';
import { ServingError } from '../../servable/serving-error.js';
import type { RequestDraft } from '../execution/request-draft.js';
import { getModelStatus } from '../handlers/get-model-status.js';
import { listModels } from '../handlers/list-models.js';
import { withServableHandle } from '../handlers/model-spec.js';
import { publicSignatures } from '../signature/public-signatures.js';
import { SignatureSpec, type TensorSpec } from '../signature/tensor-spec.js';
import { type OipDependencies, type OipModel, oipModelSpec, oipSignature, oipSignatureName } from './oip-model.js';

/** What the server says of itself. */
export interface OipServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** One input or output. */
export interface OipTensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1 for a size that is not fixed; empty when not even the rank is known, as for a scalar. */
  readonly shape: readonly number[];
}

/** The inputs and outputs of one signature of a model. */
export interface OipModelMetadata {
  readonly name: string;
  /** The versions that can be called, lowest first. */
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly OipTensorMetadata[];
  readonly outputs: readonly OipTensorMetadata[];
  /** `signature_name`, which inputs and outputs belong to, and `signatures`: the names of all, with commas between. */
  readonly properties: Readonly<Record<string, string>>;
}

/** The states of the model repository extension. */
export type OipRepositoryState = 'UNKNOWN' | 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING';

/** One version in the index of the repository. */
export interface OipIndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: OipRepositoryState;
  /** Empty unless the version has failed. */
  readonly reason: string;
}

/** What clients look for before they use it. */
const extensions = ['binary_tensor_data', 'model_repository'] as const;

export function oipServerMetadata({ serverInfo }: OipDependencies): OipServerMetadata {
  return { name: serverInfo?.name ?? 'servable', version: serverInfo?.version ?? '', extensions };
}

/** Whether requests for every model would be taken. */
export function oipServerReady(dependencies: OipDependencies): boolean {
  const { isReady, inFlight, states } = dependencies;
  if (inFlight?.draining === true) return false;
  if (isReady !== undefined) return isReady();
  const isAvailable = (name: string): boolean =>
    states.getVersionStates(name).some(({ managerState }) => managerState === 'AVAILABLE');
  return states.getStreamNames().every(isAvailable);
}

/**
 * A version that is loaded when it is asked for is ready without being in memory.
 *
 * @throws ServingError NOT_FOUND or UNAVAILABLE when the version cannot be called
 */
export function oipRequireReady(dependencies: OipDependencies, model: OipModel, record?: RequestDraft): void {
  const { provider, states, labelsOf } = dependencies;
  const { name, version, versionLabel: label } = oipModelSpec(model);
  record?.useModel(name);
  try {
    provider.getServableHandle({ name, version, label }).release();
  } catch (thrown) {
    const wanted = label === undefined ? version : labelsOf?.(name).get(label);
    const isAvailable = states
      .getVersionStates(name)
      .some(({ id, managerState }) => managerState === 'AVAILABLE' && (wanted === undefined || id.version === wanted));
    if (!isAvailable || (label !== undefined && wanted === undefined)) throw thrown;
  }
}

/** The same as an answer; errors that have nothing to do with readiness stay errors. */
export function oipModelReady(dependencies: OipDependencies, model: OipModel, record?: RequestDraft): boolean {
  try {
    oipRequireReady(dependencies, model, record);
    return true;
  } catch (thrown) {
    const { code } = ServingError.from(thrown);
    if (code === 'NOT_FOUND' || code === 'UNAVAILABLE') return false;
    throw thrown;
  }
}

/**
 * @param signatureName - empty: the one that inference without a name means
 * @throws ServingError NOT_FOUND or UNAVAILABLE when the version cannot be called; INVALID_ARGUMENT for the signature
 */
export async function oipModelMetadata(
  dependencies: OipDependencies,
  model: OipModel,
  signatureName: string,
  record?: RequestDraft,
): Promise<OipModelMetadata> {
  return withServableHandle(
    dependencies.provider,
    oipModelSpec(model),
    ({ id, servable }) => {
      const chosen = oipSignatureName(servable, signatureName);
      const { inputs, outputs } = SignatureSpec.of(oipSignature(servable, chosen));
      const callable = getModelStatus(dependencies, { name: id.name, signatureName: '' })
        .filter(({ state }) => state === 'AVAILABLE')
        .map(({ version }) => String(version));
      return {
        name: id.name,
        versions: callable.reverse(),
        platform: servable.platform,
        inputs: [...inputs.values()].map(tensorMetadata),
        outputs: [...outputs.values()].map(tensorMetadata),
        properties: { signature_name: chosen, signatures: [...publicSignatures(servable).keys()].sort().join(',') },
      };
    },
    record,
  );
}

function tensorMetadata({ alias, dtype, shape }: TensorSpec): OipTensorMetadata {
  return { name: alias, datatype: dtype === undefined ? '' : oipDatatype(dtype), shape: shape ?? [] };
}

const repositoryState: Readonly<Record<ServableManagerState, OipRepositoryState>> = {
  START: 'LOADING',
  LOADING: 'LOADING',
  AVAILABLE: 'READY',
  UNLOADING: 'UNLOADING',
  END: 'UNAVAILABLE',
};

/** @param onlyReady - leaves out what cannot be called */
export function oipRepositoryIndex(
  dependencies: OipDependencies,
  onlyReady: boolean,
  record?: RequestDraft,
): readonly OipIndexEntry[] {
  return listModels(dependencies, record).flatMap(({ name, versions }) =>
    versions
      .filter(({ state }) => !onlyReady || state === 'AVAILABLE')
      .map(({ version, state, message }) => ({
        name,
        version: String(version),
        state: repositoryState[state],
        reason: message,
      })),
  );
}
