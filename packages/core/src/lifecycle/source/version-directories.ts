import { join } from 'node:path';
import type { ServableData } from '../../servable/source.js';
import type { ServableVersionPolicy } from '../config/servable-version-policy.js';
import type { StoragePath } from './storage-path.js';

/** One stream that a source looks after. */
export interface MonitoredServable {
  readonly name: string;
  /** Absolute path of the directory that holds one sub-directory per version. */
  readonly basePath: string;
  readonly versionPolicy: ServableVersionPolicy;
}

/** A version, and the name of its directory below the base path. */
export interface NamedVersion {
  readonly version: bigint;
  readonly child: string;
}

export interface AspiredVersions {
  readonly versions: readonly NamedVersion[];
  /** What the operator should hear of. */
  readonly warnings: readonly string[];
}

export interface AspiredDirectories {
  readonly versions: readonly ServableData<StoragePath>[];
  /** What the operator should hear of. */
  readonly warnings: readonly string[];
}

/**
 * The version a directory's name stands for: a base-10 int64, leading zeros, a sign and blanks around it allowed;
 * `undefined` for every other name (upstream: `strings::safe_strto64`).
 */
export function parseVersionDirectory(name: string): bigint | undefined {
  const digits = /^[ \t\n\v\f\r]*([+-]?)(\d+)[ \t\n\v\f\r]*$/.exec(name);
  if (!digits) return undefined;
  const magnitude = BigInt(digits[2] as string);
  const version = digits[1] === '-' ? -magnitude : magnitude;
  return BigInt.asIntN(64, version) === version ? version : undefined;
}

/** Which version directories the policy wants of a base path's children: {@link aspiredVersions} with their paths. */
export function aspiredDirectories(servable: MonitoredServable, children: readonly string[]): AspiredDirectories {
  const { name, basePath } = servable;
  const { versions, warnings } = aspiredVersions(servable, children);
  return {
    versions: versions.map(({ version, child }) => ({ id: { name, version }, data: join(basePath, child) })),
    warnings,
  };
}

/**
 * Which versions the policy wants of a base path's children. What kind of file a child is does not matter here: a
 * regular file called `5` is a version that fails to load (upstream:
 * sources/storage_path/file_system_storage_path_source.cc).
 */
export function aspiredVersions(servable: MonitoredServable, children: readonly string[]): AspiredVersions {
  const { name, basePath, versionPolicy } = servable;
  const warnings: string[] = [];
  // Byte order, as upstream's set of children; names are compared by UTF-8 bytes, not by UTF-16 units.
  const ordered = [...children].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const found = ordered.flatMap((child) => {
    const version = parseVersionDirectory(child);
    return version === undefined ? [] : [{ version, child }];
  });
  const byVersion = new Map<bigint, string>();
  for (const { version, child } of found) {
    const other = byVersion.get(version);
    if (other !== undefined) {
      warnings.push(
        `Duplicate version directories detected. Version ${version} will be loaded from ${child}, ` +
          `${other} will be ignored.`,
      );
    }
    byVersion.set(version, child);
  }
  const descending = [...byVersion]
    .map(([version, child]) => ({ version, child }))
    .sort((a, b) => (a.version < b.version ? 1 : -1));

  let versions: NamedVersion[];
  switch (versionPolicy.kind) {
    case 'latest':
      versions = descending.slice(0, versionPolicy.numVersions);
      break;
    case 'all':
      // Duplicates go through, as upstream's do; the manager keeps the first and complains of the other.
      versions = found;
      warnings.length = 0;
      break;
    case 'specific': {
      const wanted = new Set(versionPolicy.versions);
      versions = descending.filter(({ version }) => wanted.has(version)).reverse();
      for (const version of wanted) {
        if (byVersion.has(version)) continue;
        warnings.push(
          `Version ${version} of servable ${name}, which was requested to be served as a 'specific' version in the ` +
            "servable's version policy, was not found in the file system",
        );
      }
      break;
    }
  }
  if (versions.length === 0) {
    warnings.push(
      `No versions of servable ${name} found under base path ${basePath}. ` +
        "Did you forget to name your leaf directory as a number (eg. '/1/')?",
    );
  }
  return { versions, warnings };
}
