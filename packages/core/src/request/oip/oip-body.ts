import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { ServingError } from '../../servable/serving-error.js';

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/**
 * The body of a request with its Content-Encoding undone.
 *
 * @throws ServingError INVALID_ARGUMENT for an encoding that is not known, or data that is broken or grows over the limit
 */
export async function decodeOipBody(
  body: Uint8Array,
  contentEncoding: string | undefined,
  maxInflatedBytes: number,
): Promise<Uint8Array> {
  const encoding = (contentEncoding ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'ENCODING_UNKNOWN',
      `Unknown Content-Encoding: expected gzip or deflate, given ${encoding.slice(0, 40)}`,
    );
  }
  try {
    return await decoders[encoding](body, { maxOutputLength: maxInflatedBytes });
  } catch (cause) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'ENCODING_BROKEN',
      `The ${encoding} body is broken, or larger than ${maxInflatedBytes} bytes: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** @throws ServingError INVALID_ARGUMENT for a header that is not a whole number */
export function headerLength(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new ServingError(
    'INVALID_ARGUMENT',
    'HEADER_LENGTH_INVALID',
    `Inference-Header-Content-Length must be a whole number of bytes, given ${header.slice(0, 40)}`,
  );
}
