import { gunzip, inflate } from 'node:zlib';
import { Failure } from './failure.js';
import { type FramedMessage, LONGEST_MESSAGE_BYTES } from './message-reader.js';

/** `grpc-accept-encoding` of our answers. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip';

const decoders: Readonly<Record<string, typeof gunzip>> = { gzip: gunzip, deflate: inflate };

/** The bytes of a message that is not compressed. */
export function plainBytes({ flags, bytes }: FramedMessage, encoding: string): Buffer | undefined {
  return flags === 0 || (flags === 1 && encoding === 'identity') ? bytes : undefined;
}

/**
 * The bytes of a compressed message.
 *
 * @param limit - most bytes of the message once decompressed; -1 for none but that of messages that are not compressed
 * @throws Failure UNIMPLEMENTED for an encoding that is not known, RESOURCE_EXHAUSTED over the limit, INTERNAL for bytes
 * that are not compressed that way
 */
export function decompress({ flags, bytes }: FramedMessage, encoding: string, limit: number): Promise<Buffer> {
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (flags > 1) return Promise.reject(new Failure('INTERNAL', `Received message with unknown flags ${flags}`));
  if (decode === undefined) {
    const message = `Received message compressed with unsupported encoding "${encoding}"`;
    return Promise.reject(new Failure('UNIMPLEMENTED', message));
  }
  const most = limit === -1 ? LONGEST_MESSAGE_BYTES : limit;
  return new Promise((resolve, reject) => {
    const done = (error: NodeJS.ErrnoException | null, result: Buffer): void => {
      if (error === null) resolve(result);
      else if (error.code === 'ERR_BUFFER_TOO_LARGE') {
        reject(new Failure('RESOURCE_EXHAUSTED', `Received message that decompresses to a size larger than ${most}`));
      } else reject(new Failure('INTERNAL', 'Failed to decompress message'));
    };
    // A limit of 0 is not to be had from zlib.
    decode(bytes, { maxOutputLength: Math.max(1, most) }, done);
  });
}
