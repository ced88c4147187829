import { ServingError } from '../../servable/serving-error.js';
import type { ServableManagerState } from '../../servable/servable-state.js';

/** The versions that a model's labels stand for. */
export type VersionLabels = ReadonlyMap<string, bigint>;

/**
 * What may be done with labels whose version is not AVAILABLE:
 *
 * - `refuse`: nothing;
 * - `accept-new`: labels that the model did not have, or that keep their version, are taken
 *   (`--allow_version_labels_for_unavailable_models`);
 * - `accept`: all are taken (upstream: `force_allow_any_version_labels_for_unavailable_models`, which has no flag).
 */
export type UnavailableLabels = 'refuse' | 'accept-new' | 'accept';

/** The labels that are asked for, and what is known of the model. */
export interface LabelAssignment {
  readonly name: string;
  readonly labels: VersionLabels;
  /** The labels that count now; `undefined` for a model that is new. */
  readonly current: VersionLabels | undefined;
  /** The public state of a version; `undefined` when it was never seen. */
  readonly stateOf: (version: bigint) => ServableManagerState | undefined;
}

/**
 * Checks the labels of one model (upstream: `UpdateModelVersionLabelMap` in model_servers/server_core.cc). A model that
 * is new may also have labels for versions that are still loading, and a label that was taken so may be repeated: where
 * upstream refuses every label of a first configuration, the label and its version can come together.
 *
 * @throws ServingError FAILED_PRECONDITION in upstream's words
 */
export function checkVersionLabels(assignment: LabelAssignment, unavailableLabels: UnavailableLabels): void {
  const { name, labels, current, stateOf } = assignment;
  for (const [label, version] of labels) {
    const state = stateOf(version);
    if (state === 'AVAILABLE') continue;
    const before = current?.get(label);
    const isComing = state === 'START' || state === 'LOADING';
    if (isComing && (current === undefined || before === version)) continue;
    const isMove = before !== undefined && before !== version;
    if (unavailableLabels === 'accept' || (unavailableLabels === 'accept-new' && !isMove)) continue;
    throw new ServingError(
      'FAILED_PRECONDITION',
      'LABEL_VERSION_NOT_AVAILABLE',
      `Request to assign label to version ${version} of model ${name}, which is not currently available for inference`,
    );
  }
}
