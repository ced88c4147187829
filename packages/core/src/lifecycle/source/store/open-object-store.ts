import { openAzureStore } from './azure-store.js';
import { openGcsStore } from './gcs-store.js';
import type { ObjectStore, ObjectStoreSettings } from './object-store.js';
import { openS3Store } from './s3-store.js';
import { type ObjectStoreUrl, parseStoreUrl } from './store-url.js';

/**
 * Opens the store that a base path lies in. No request is made yet, so that what throws here is the installation or the
 * settings.
 *
 * @throws ServingError FAILED_PRECONDITION that says which package to install or which variable to set
 */
export async function openObjectStore(
  basePath: string,
  settings: ObjectStoreSettings = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<ObjectStore> {
  const url = parseStoreUrl(basePath) as ObjectStoreUrl;
  switch (url.kind) {
    case 's3':
      return openS3Store(url, settings.s3 ?? {}, env);
    case 'gs':
      return openGcsStore(url, settings.gs ?? {}, env);
    case 'az':
      return openAzureStore(url, settings.az ?? {}, env);
  }
}

/**
 * Finds out, without a request, whether a base path's store can be asked at all.
 *
 * @throws ServingError FAILED_PRECONDITION that says which package to install or which variable to set
 */
export async function checkObjectStore(basePath: string, settings: ObjectStoreSettings = {}): Promise<void> {
  if (parseStoreUrl(basePath).kind !== 'tarball') await openObjectStore(basePath, settings);
}
