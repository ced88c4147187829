import { ServingError } from '../../../servable/serving-error.js';

/** What a store says that the bytes of an object hash to: lower-case hex, where it says anything. */
export interface Checksums {
  readonly md5?: string | undefined;
  readonly crc32?: string | undefined;
  readonly crc32c?: string | undefined;
  readonly sha1?: string | undefined;
  readonly sha256?: string | undefined;
}

/** One object of a version. */
export interface StoredObject {
  /** Path below the version, with slashes: `variables/variables.index`. */
  readonly path: string;
  readonly bytes: number;
  /** Changes whenever the content does. */
  readonly etag: string;
  /** When it was written, in milliseconds since 1970 by the store's clock. */
  readonly modifiedMs: number | undefined;
}

/** The few things that a source asks of an object store, below one base path. Every failure is a ServingError. */
export interface ObjectStore {
  /** The endpoint that was chosen, so that the same base path at two of them is not taken for one. */
  readonly place: string;
  /** Milliseconds without a byte after which a read is given up and gone on with; default 30 000. */
  readonly stallMs?: number | undefined;
  /** Names of the folders directly below the base path: listings only, a request for every 1000 names. */
  listVersions(signal: AbortSignal): Promise<readonly string[]>;
  /** All objects below one of those folders, the store's marks of folders left out. */
  listObjects(version: string, signal: AbortSignal): Promise<readonly StoredObject[]>;
  /** What the store has recorded of an object's content. */
  checksums(version: string, object: StoredObject, signal: AbortSignal): Promise<Checksums>;
  /**
   * The bytes from `start` to the end.
   *
   * @throws ServingError ABORTED when the object is not the one that was listed any more
   */
  read(version: string, object: StoredObject, start: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** Where stores are and how to ask them; what is left out comes from the environment, as each SDK reads it. */
export interface ObjectStoreSettings {
  readonly s3?: S3Settings | undefined;
  readonly gs?: GcsSettings | undefined;
  readonly az?: AzureSettings | undefined;
}

/** S3, and what speaks its language. */
export interface S3Settings {
  /** `https://minio.example:9000`; default the environment's `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or `S3_ENDPOINT`. */
  readonly endpoint?: string | undefined;
  /** Default the environment's or the profile's; `us-east-1` where there is an endpoint and nothing says otherwise. */
  readonly region?: string | undefined;
  /** `https://host/bucket/key` in place of `https://bucket.host/key`; default `true` where there is an endpoint. */
  readonly pathStyle?: boolean | undefined;
  /** Sends unsigned requests: for public buckets. Default `false`. */
  readonly anonymous?: boolean | undefined;
}

/** Google Cloud Storage. */
export interface GcsSettings {
  /** Default the environment's `STORAGE_EMULATOR_HOST`, then Google's. */
  readonly endpoint?: string | undefined;
  /** Sends requests without credentials: for public buckets. Default `false`. */
  readonly anonymous?: boolean | undefined;
}

/** Azure Blob Storage. */
export interface AzureSettings {
  /**
   * `https://<account>.blob.core.windows.net`; default the one in the base path, or that of `AZURE_STORAGE_CONNECTION_STRING`
   * or `AZURE_STORAGE_ACCOUNT`.
   */
  readonly endpoint?: string | undefined;
}

/**
 * The path of an object below its version, from its whole key.
 *
 * @returns `undefined` for the mark of a folder
 * @throws ServingError INVALID_ARGUMENT for a key that would leave the version's folder on a disk
 */
export function pathBelow(folder: string, key: string): string | undefined {
  const path = key.slice(folder.length);
  if (path === '' || path.endsWith('/')) return undefined;
  const isPlain = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part));
  if (isPlain) return path;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'OBJECT_KEY_INVALID',
    `Object ${JSON.stringify(key)} is no path of a file`,
  );
}
