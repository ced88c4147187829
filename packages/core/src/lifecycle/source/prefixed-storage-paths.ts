import { join } from 'node:path';
import { type SourceAdapter, sourceAdapter } from '../../servable/source.js';
import type { StoragePath } from './storage-path.js';

/**
 * Puts a prefix before the paths that a source finds: for versions that lie elsewhere than where they are listed
 * (upstream: `storage_path_prefix` in model_servers/server_core.h).
 */
export function prefixedStoragePaths(prefix: string): SourceAdapter<StoragePath, StoragePath> {
  return sourceAdapter((_id, path: StoragePath) => join(prefix, path));
}
