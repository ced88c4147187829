import type { File, FileMetadata, GetFilesOptions } from '@google-cloud/storage';
import { type Checksums, type GcsSettings, type ObjectStore, pathBelow, type StoredObject } from './object-store.js';
import { optionalPackage } from './optional-package.js';
import { storeError } from './store-error.js';
import type { ObjectStoreUrl } from './store-url.js';
import { silentMs, unlessSilent } from './unless-silent.js';

/** Opens Google Cloud Storage through `@google-cloud/storage`; no request is made yet. */
export async function openGcsStore(
  { bucket: name, prefix }: ObjectStoreUrl,
  settings: GcsSettings,
  env: NodeJS.ProcessEnv,
): Promise<ObjectStore> {
  const base = `gs://${name}/${prefix}`;
  const { Storage } = await optionalPackage('@google-cloud/storage', base, () => import('@google-cloud/storage'));
  const endpoint = settings.endpoint ?? emulatorEndpoint(env);
  const storage = new Storage({
    // The SDK looks for no credentials where the endpoint is not spelled like Google's own.
    ...(endpoint
      ? { apiEndpoint: endpoint }
      : settings.anonymous
        ? { apiEndpoint: 'https://storage.googleapis.com/' }
        : {}),
    retryOptions: { maxRetries: 2, maxRetryDelay: 1, totalTimeout: 30 },
  });
  // Where STORAGE_EMULATOR_HOST is set, the SDK sends requests to it as it stands, whatever endpoint it was given.
  if (endpoint) storage.baseUrl = `${endpoint.replace(/\/+$/, '')}/storage/v1`;
  const bucket = storage.bucket(name);
  const root = prefix === '' ? '' : `${prefix}/`;
  /** Of the objects that were listed; they are small and there are few of them. */
  const listed = new Map<string, FileMetadata>();

  async function* pages(query: GetFilesOptions) {
    let next: GetFilesOptions | null = { ...query, autoPaginate: false };
    while (next) {
      let files: File[];
      let answer: { prefixes?: string[] } | undefined;
      try {
        [files, next, answer] = (await bucket.getFiles(next)) as [
          File[],
          GetFilesOptions | null,
          { prefixes?: string[] } | undefined,
        ];
      } catch (error) {
        throw storeError(error, `list gs://${name}/${query.prefix}`);
      }
      yield { files, prefixes: answer?.prefixes ?? [] };
    }
  }

  /** The SDK's listings know no signals. */
  const list = (query: GetFilesOptions, signal: AbortSignal) =>
    unlessSilent(() => pages(query), `list gs://${name}/${query.prefix}`, signal);

  return {
    place: endpoint ?? '',
    // The SDK's streams do not end when their connection breaks: that nothing comes is all there is to see.
    stallMs: silentMs,

    async listVersions(signal) {
      const names: string[] = [];
      for await (const { prefixes } of list({ prefix: root, delimiter: '/' }, signal)) {
        for (const found of prefixes) names.push(found.slice(root.length, -1));
      }
      return names;
    },

    async listObjects(version, signal) {
      const folder = `${root}${version}/`;
      const objects: StoredObject[] = [];
      for await (const { files } of list({ prefix: folder }, signal)) {
        for (const { name: key, metadata } of files) {
          const path = pathBelow(folder, key);
          if (path === undefined) continue;
          listed.set(key, metadata);
          objects.push({
            path,
            bytes: Number(metadata.size ?? 0),
            etag: String(metadata.generation ?? metadata.etag ?? ''),
            modifiedMs: metadata.updated === undefined ? undefined : Date.parse(metadata.updated),
          });
        }
      }
      return objects;
    },

    async checksums(version, { path }): Promise<Checksums> {
      const metadata = listed.get(`${root}${version}/${path}`);
      const hex = (base64: string | undefined): string | undefined =>
        base64 ? Buffer.from(base64, 'base64').toString('hex') : undefined;
      return { md5: hex(metadata?.md5Hash), crc32c: hex(metadata?.crc32c) };
    },

    async read(version, { path, etag }, start, signal) {
      const key = `${root}${version}/${path}`;
      const file = bucket.file(key, { generation: etag });
      // Checked here, as the SDK cannot check a part; stored bytes are what was listed, compressed or not.
      const stream = file.createReadStream({ start, validation: false, decompress: false });
      // What goes wrong before somebody reads is heard of when somebody does.
      stream.on('error', () => undefined);
      const cut = (): void => void stream.destroy(signal.reason as Error);
      if (signal.aborted) cut();
      signal.addEventListener('abort', cut, { once: true });
      stream.once('close', () => signal.removeEventListener('abort', cut));
      return (async function* () {
        try {
          for await (const chunk of stream) yield chunk as Uint8Array;
        } catch (error) {
          throw storeError(error, `read gs://${name}/${key}`);
        }
      })();
    },
  };
}

/** `host:port` and `http://host:port`, with the path of the API behind it or not, as the SDKs of other languages read it. */
function emulatorEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  const host = env['STORAGE_EMULATOR_HOST'];
  if (!host) return undefined;
  return (/^https?:\/\//.test(host) ? host : `http://${host}`).replace(/\/+(storage\/v1\/*)?$/, '');
}
