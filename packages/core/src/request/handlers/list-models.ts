import type { RequestDraft } from '../execution/request-draft.js';
import type { HandlerDependencies } from './handler-dependencies.js';
import { getModelStatus, type ModelVersionState } from './get-model-status.js';

/** Version by label of a model, as its configuration assigns them. */
export type ModelLabels = ReadonlyMap<string, bigint>;

export interface ListModelsDependencies extends Pick<HandlerDependencies, 'provider' | 'states'> {
  /** The labels of a model; default: labels are not listed. */
  readonly labelsOf?: ((name: string) => ModelLabels) | undefined;
}

export interface ListedVersion extends ModelVersionState {
  /** What runs the version; absent unless it is AVAILABLE. */
  readonly platform: string | undefined;
  /** Sorted; absent when labels are not known. */
  readonly labels: readonly string[] | undefined;
}

export interface ListedModel {
  readonly name: string;
  /** Highest first. */
  readonly versions: readonly ListedVersion[];
}

/**
 * Lists every model that the server knows of and the caller may see, by name, with all versions that were ever seen.
 */
export function listModels(dependencies: ListModelsDependencies, record?: RequestDraft): readonly ListedModel[] {
  const names = [...dependencies.states.getStreamNames()].filter((name) => record?.maySee(name) ?? true).sort();
  return names.flatMap((name): ListedModel[] => {
    if (dependencies.states.getVersionStates(name).length === 0) return [];
    const labels = dependencies.labelsOf?.(name);
    const versions = getModelStatus(dependencies, { name, signatureName: '' }).map((state) => ({
      ...state,
      platform: state.state === 'AVAILABLE' ? platformOf(dependencies, name, state.version) : undefined,
      labels: labels && [...labels].flatMap(([label, version]) => (version === state.version ? [label] : [])).sort(),
    }));
    return [{ name, versions }];
  });
}

/** A version may go away between the look at its state and the look at itself. */
function platformOf({ provider }: ListModelsDependencies, name: string, version: bigint): string | undefined {
  try {
    const handle = provider.getServableHandle({ name, version });
    try {
      return handle.servable.platform;
    } finally {
      handle.release();
    }
  } catch {
    return undefined;
  }
}
