import { ServingError } from '../../servable/serving-error.js';

/** Which of the versions found are aspired (upstream: config/file_system_storage_path_source.proto). */
export type ServableVersionPolicy =
  /** The highest `numVersions` ones. */
  | { readonly kind: 'latest'; readonly numVersions: number }
  | { readonly kind: 'all' }
  /** Those listed and found. */
  | { readonly kind: 'specific'; readonly versions: readonly bigint[] };

export const latestVersionPolicy: ServableVersionPolicy = { kind: 'latest', numVersions: 1 };

/** @throws ServingError INVALID_ARGUMENT for a policy of an unknown kind or one whose numbers are out of range */
export function checkVersionPolicy(name: string, policy: ServableVersionPolicy): void {
  const refuse = (message: string): never => {
    throw new ServingError('INVALID_ARGUMENT', 'VERSION_POLICY_INVALID', `Version policy of model ${name}: ${message}`);
  };
  switch (policy.kind) {
    case 'latest':
      if (!Number.isSafeInteger(policy.numVersions) || policy.numVersions < 1) {
        refuse(`numVersions must be a whole number of at least 1; got ${policy.numVersions}`);
      }
      return;
    case 'all':
      return;
    case 'specific':
      for (const version of policy.versions) {
        if (typeof version !== 'bigint' || BigInt.asIntN(64, version) !== version) {
          refuse(`versions must be bigints in the range of int64; got ${String(version)}`);
        }
      }
      return;
    default:
      refuse(`kind must be 'latest', 'all' or 'specific'; got ${String((policy as { kind: unknown }).kind)}`);
  }
}
