import type { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { ServingError } from '../../../servable/serving-error.js';
import { type AzureSettings, type Checksums, type ObjectStore, pathBelow, type StoredObject } from './object-store.js';
import { optionalPackage } from './optional-package.js';
import { storeError } from './store-error.js';
import type { ObjectStoreUrl } from './store-url.js';
import { unlessSilent } from './unless-silent.js';

/** Opens Azure Blob Storage through `@azure/storage-blob`; no request is made yet. */
export async function openAzureStore(
  url: ObjectStoreUrl,
  settings: AzureSettings,
  env: NodeJS.ProcessEnv,
): Promise<ObjectStore> {
  const { bucket: name, prefix } = url;
  const base = `az://${name}/${prefix}`;
  const container = await openContainer(url, settings, env, base);
  const root = prefix === '' ? '' : `${prefix}/`;
  /** MD5s of the blobs that were listed, by name. */
  const listed = new Map<string, string | undefined>();

  return {
    place: new URL(container.url).origin,

    async listVersions(signal) {
      const names: string[] = [];
      try {
        const list = (abortSignal: AbortSignal) => container.listBlobsByHierarchy('/', { prefix: root, abortSignal });
        for await (const item of unlessSilent(list, `list ${base}`, signal)) {
          if (item.kind === 'prefix') names.push(item.name.slice(root.length, -1));
        }
      } catch (error) {
        throw storeError(error, `list ${base}`);
      }
      return names;
    },

    async listObjects(version, signal) {
      const folder = `${root}${version}/`;
      const objects: StoredObject[] = [];
      try {
        const list = (abortSignal: AbortSignal) => container.listBlobsFlat({ prefix: folder, abortSignal });
        for await (const { name: key, properties } of unlessSilent(list, `list az://${name}/${folder}`, signal)) {
          const path = pathBelow(folder, key);
          if (path === undefined) continue;
          const { contentLength = 0, contentMD5, etag, lastModified } = properties;
          listed.set(key, contentMD5 && Buffer.from(contentMD5).toString('hex'));
          objects.push({ path, bytes: contentLength, etag, modifiedMs: lastModified.getTime() });
        }
      } catch (error) {
        throw storeError(error, `list az://${name}/${folder}`);
      }
      return objects;
    },

    async checksums(version, { path }): Promise<Checksums> {
      return { md5: listed.get(`${root}${version}/${path}`) };
    },

    async read(version, { path, etag }, start, signal) {
      const key = `${root}${version}/${path}`;
      try {
        const { readableStreamBody } = await container
          .getBlobClient(key)
          .download(start, undefined, { conditions: { ifMatch: etag }, abortSignal: signal, maxRetryRequests: 0 });
        return readableStreamBody as unknown as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw storeError(error, `read az://${name}/${key}`);
      }
    },
  };
}

/** By a connection string, else by an account and its key, a signature, an identity, or nothing at all. */
async function openContainer(
  { bucket, endpoint: named }: ObjectStoreUrl,
  settings: AzureSettings,
  env: NodeJS.ProcessEnv,
  base: string,
): Promise<ContainerClient> {
  const sdk = await optionalPackage('@azure/storage-blob', base, () => import('@azure/storage-blob'));
  const options = {
    retryOptions: { maxTries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 4000, tryTimeoutInMs: 60_000 },
  };
  const {
    AZURE_STORAGE_CONNECTION_STRING: connection,
    AZURE_STORAGE_ACCOUNT: account,
    AZURE_STORAGE_KEY: key,
    AZURE_STORAGE_SAS_TOKEN: signature,
  } = env;
  if (connection && named === undefined && settings.endpoint === undefined) {
    return sdk.BlobServiceClient.fromConnectionString(connection, options).getContainerClient(bucket);
  }
  const endpoint = named ?? settings.endpoint ?? (account && `https://${account}.blob.core.windows.net`);
  if (!endpoint) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      'STORE_ACCOUNT_MISSING',
      `Base path ${base} names no account: set AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT, or write ` +
        'https://<account>.blob.core.windows.net/<container>/<prefix>',
    );
  }
  const open = (address: string, credential?: StorageSharedKeyCredential): ContainerClient =>
    new sdk.BlobServiceClient(address, credential, options).getContainerClient(bucket);
  const owner = account ?? /^https?:\/\/([^.]+)\./.exec(endpoint)?.[1];
  if (key && owner !== undefined) return open(endpoint, new sdk.StorageSharedKeyCredential(owner, key));
  if (signature) return open(`${endpoint}?${signature.replace(/^\?/, '')}`);
  // Not one of our packages: a name in a variable keeps it out of every build.
  const identity = '@azure/identity';
  const found = (await import(identity).catch(() => undefined)) as
    { DefaultAzureCredential: new () => never } | undefined;
  return found ? open(endpoint, new found.DefaultAzureCredential()) : open(endpoint);
}
