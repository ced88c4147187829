import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** Most bytes a compressed body may grow to (`kMaxUncompressedBytes` in net_http's evhttp_request.cc): 100 MiB. */
export const DEFAULT_MAX_INFLATED_BYTES = 104_857_600;

const inflate = promisify(gunzip);
const empty = new Uint8Array(0);

/**
 * The body of a request with gzip undone. As upstream has it, any Content-Encoding that has `gzip` somewhere counts, and
 * a body that is broken or grows over the limit is an empty one.
 */
export async function inflateBody(
  body: Uint8Array,
  contentEncoding: string | undefined,
  maxInflatedBytes: number,
): Promise<Uint8Array> {
  if (contentEncoding === undefined || !contentEncoding.includes('gzip') || body.length === 0) return body;
  try {
    return await inflate(body, { maxOutputLength: maxInflatedBytes });
  } catch {
    return empty;
  }
}
