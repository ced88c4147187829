import { ServingError } from '../../../servable/serving-error.js';

/** A base path in an object store: `prefix` has no slash at either end and is empty for the whole bucket. */
export interface ObjectStoreUrl {
  readonly kind: 's3' | 'gs' | 'az';
  /** The bucket, or Azure's container. */
  readonly bucket: string;
  readonly prefix: string;
  /** `https://<account>.blob.core.windows.net` where the base path says it. */
  readonly endpoint?: string | undefined;
}

/** A tarball on a web server. */
export interface TarballUrl {
  readonly kind: 'tarball';
  /** What to ask for, without the fragment. */
  readonly url: string;
  /** What its bytes must hash to: lower-case hex from a `#sha256=` fragment. */
  readonly sha256: string | undefined;
}

/** Whether a base path lies in an object store or on a web server, by its scheme. */
export function isStoreUrl(basePath: string): boolean {
  return /^(s3|gs|az|https?):\/\//.test(basePath);
}

/** Whether a base path is a web address of a tarball rather than a place in an object store. */
export function isTarballUrl(basePath: string): boolean {
  return isStoreUrl(basePath) && parseStoreUrl(basePath).kind === 'tarball';
}

/**
 * Reads a base path such as `s3://bucket/models/resnet`, `gs://…`, `az://container/…`,
 * `https://account.blob.core.windows.net/container/…` or `https://host/model.tar.gz#sha256=…`.
 *
 * @throws ServingError INVALID_ARGUMENT that says what is wrong with it
 */
export function parseStoreUrl(basePath: string): ObjectStoreUrl | TarballUrl {
  const refuse = (why: string): ServingError =>
    new ServingError('INVALID_ARGUMENT', 'BASE_PATH_INVALID', `Base path ${withoutSecrets(basePath)} ${why}`);
  if (/^https?:/.test(basePath)) return parseWebUrl(basePath, refuse);
  const parts = /^(s3|gs|az):\/\/([^/?#]+)(?:\/(.*))?$/.exec(basePath);
  if (!parts) throw refuse('must be <scheme>://<bucket>/<prefix>');
  const [, kind, bucket = '', path = ''] = parts;
  return { kind: kind as ObjectStoreUrl['kind'], bucket, prefix: checkedPrefix(path, refuse) };
}

/** The base path as logs and messages may show it: signatures in a query and passwords are left out. */
export function withoutSecrets(basePath: string): string {
  return basePath.replace(/^(https?:\/\/)[^/@]*@/, '$1').replace(/[?#].*$/, '');
}

/**
 * The place that holds a base path, with a slash at its end: `s3://bucket/models/` for `s3://bucket/models/resnet`, the
 * bucket for one that is directly below it.
 */
export function storeUrlParent(basePath: string): string {
  const path = withoutSecrets(basePath).replace(/\/+$/, '');
  const cut = path.lastIndexOf('/');
  return cut <= path.indexOf('://') + 2 ? `${path}/` : path.slice(0, cut + 1);
}

function parseWebUrl(basePath: string, refuse: (why: string) => ServingError): ObjectStoreUrl | TarballUrl {
  let url: URL;
  try {
    url = new URL(basePath);
  } catch {
    throw refuse('is no valid URL');
  }
  if (url.username !== '' || url.password !== '') throw refuse('must not have a user or a password in it');
  if (url.hostname.endsWith('.blob.core.windows.net')) {
    if (url.search !== '' || url.hash !== '') {
      throw refuse('must not have a query; a signature belongs into AZURE_STORAGE_SAS_TOKEN');
    }
    const [container = '', ...rest] = decoded(url.pathname, refuse).slice(1).split('/');
    if (container === '') throw refuse('must name a container: https://<account>.blob.core.windows.net/<container>');
    return { kind: 'az', bucket: container, prefix: checkedPrefix(rest.join('/'), refuse), endpoint: url.origin };
  }
  if (!/\.(tar|tar\.gz|tgz)$/.test(url.pathname)) {
    throw refuse('must end in .tar, .tar.gz or .tgz: web servers have no folders to list');
  }
  const sha256 = /^#sha256=([0-9a-fA-F]{64})$/.exec(url.hash)?.[1]?.toLowerCase();
  if (url.hash !== '' && sha256 === undefined) throw refuse('may end in #sha256=<64 hexadecimal digits> only');
  url.hash = '';
  return { kind: 'tarball', url: url.href, sha256 };
}

function decoded(path: string, refuse: (why: string) => ServingError): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw refuse('has a percent sign in it that does not stand for a character');
  }
}

function checkedPrefix(path: string, refuse: (why: string) => ServingError): string {
  const prefix = path.replace(/\/+$/, '');
  if (prefix === '') return '';
  if (/[?#]/.test(prefix)) throw refuse('must not have a query or a fragment');
  const isPlain = prefix.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!isPlain) throw refuse('must not have empty segments, . or .. in it');
  return prefix;
}
