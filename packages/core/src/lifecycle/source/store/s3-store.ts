import type { GetObjectCommandInput, S3ClientConfig } from '@aws-sdk/client-s3';
import { type Checksums, type ObjectStore, pathBelow, type S3Settings, type StoredObject } from './object-store.js';
import { optionalPackage } from './optional-package.js';
import { storeError } from './store-error.js';
import type { ObjectStoreUrl } from './store-url.js';
import { silentMs, unlessSilent } from './unless-silent.js';

/** Opens S3, or what speaks its language, through `@aws-sdk/client-s3`; no request is made yet. */
export async function openS3Store(
  { bucket, prefix }: ObjectStoreUrl,
  settings: S3Settings,
  env: NodeJS.ProcessEnv,
): Promise<ObjectStore> {
  const base = `s3://${bucket}/${prefix}`;
  const sdk = await optionalPackage('@aws-sdk/client-s3', base, () => import('@aws-sdk/client-s3'));
  const config = clientConfig(settings, env);
  const client = new sdk.S3Client(config);
  const root = prefix === '' ? '' : `${prefix}/`;

  async function* pages(folder: string, delimiter: string | undefined, signal: AbortSignal) {
    let token: string | undefined;
    do {
      const page = await client
        .send(
          new sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: folder,
            Delimiter: delimiter,
            ContinuationToken: token,
          }),
          { abortSignal: signal },
        )
        .catch((error: unknown) => {
          throw storeError(error, `list s3://${bucket}/${folder}`);
        });
      yield page;
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  const list = (folder: string, delimiter: string | undefined, signal: AbortSignal) =>
    unlessSilent((ends) => pages(folder, delimiter, ends), `list s3://${bucket}/${folder}`, signal);

  const at = (version: string, { path, etag }: StoredObject): GetObjectCommandInput => ({
    Bucket: bucket,
    Key: `${root}${version}/${path}`,
    IfMatch: etag,
  });

  return {
    place: typeof config.endpoint === 'string' ? config.endpoint : '',

    async listVersions(signal) {
      const names: string[] = [];
      for await (const { CommonPrefixes = [] } of list(root, '/', signal)) {
        for (const { Prefix = '' } of CommonPrefixes) names.push(Prefix.slice(root.length, -1));
      }
      return names;
    },

    async listObjects(version, signal) {
      const folder = `${root}${version}/`;
      const objects: StoredObject[] = [];
      for await (const { Contents = [] } of list(folder, undefined, signal)) {
        for (const { Key = '', Size = 0, ETag = '', LastModified } of Contents) {
          const path = pathBelow(folder, Key);
          if (path === undefined) continue;
          objects.push({ path, bytes: Size, etag: ETag, modifiedMs: LastModified?.getTime() });
        }
      }
      return objects;
    },

    async checksums(version, object, signal): Promise<Checksums> {
      try {
        const head = await client.send(new sdk.HeadObjectCommand({ ...at(version, object), ChecksumMode: 'ENABLED' }), {
          abortSignal: signal,
        });
        // Checksums of parts are no checksums of the bytes.
        const whole = head.ChecksumType !== 'COMPOSITE';
        const hex = (base64: string | undefined): string | undefined =>
          whole && base64 !== undefined && !base64.includes('-')
            ? Buffer.from(base64, 'base64').toString('hex')
            : undefined;
        // An ETag is the MD5 of objects that were written in one go and are not encrypted with a key of one's own.
        const isPlain = head.ServerSideEncryption === undefined || head.ServerSideEncryption === 'AES256';
        const md5 = /^"?([0-9a-f]{32})"?$/.exec(head.ETag ?? '')?.[1];
        return {
          md5: isPlain && head.SSECustomerAlgorithm === undefined ? md5 : undefined,
          crc32: hex(head.ChecksumCRC32),
          crc32c: hex(head.ChecksumCRC32C),
          sha1: hex(head.ChecksumSHA1),
          sha256: hex(head.ChecksumSHA256),
        };
      } catch (error) {
        throw storeError(error, `look at s3://${bucket}/${root}${version}/${object.path}`);
      }
    },

    async read(version, object, start, signal) {
      try {
        const { Body } = await client.send(
          new sdk.GetObjectCommand({ ...at(version, object), ...(start > 0 ? { Range: `bytes=${start}-` } : {}) }),
          { abortSignal: signal },
        );
        return Body as unknown as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw storeError(error, `read s3://${bucket}/${root}${version}/${object.path}`);
      }
    },
  };
}

function clientConfig(settings: S3Settings, env: NodeJS.ProcessEnv): S3ClientConfig {
  const endpoint = settings.endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? upstreamEndpoint(env);
  const region =
    settings.region ??
    env['AWS_REGION'] ??
    env['AWS_DEFAULT_REGION'] ??
    env['S3_REGION'] ??
    (endpoint === undefined ? undefined : 'us-east-1');
  const pathStyle = settings.pathStyle ?? endpoint !== undefined;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(settings.anonymous
      ? { credentials: { accessKeyId: '', secretAccessKey: '' }, signer: { sign: async (request) => request } }
      : {}),
    forcePathStyle: pathStyle,
    followRegionRedirects: true,
    // Content is checked against the store's checksums here, over all the parts of a download.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Without the last one, a time that is over is but a warning on the console.
    requestHandler: { connectionTimeout: 5000, requestTimeout: silentMs, throwOnRequestTimeout: true },
  };
}

/** The variables of TensorFlow's own S3 file system: a host without a scheme, and whether it speaks TLS. */
function upstreamEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  const host = env['S3_ENDPOINT'];
  if (host === undefined || host === '') return undefined;
  if (/^https?:\/\//.test(host)) return host;
  return `${env['S3_USE_HTTPS'] === '0' ? 'http' : 'https'}://${host}`;
}
