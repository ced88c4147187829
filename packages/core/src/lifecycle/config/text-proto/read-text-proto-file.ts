import { readFile } from 'node:fs/promises';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { type Logger, silentLogger } from '../../../servable/logger.js';
import { ServingError } from '../../../servable/serving-error.js';
import { parseTextProto, type ParseTextProtoOptions } from './parse-text-proto.js';
import { TextProtoError } from './text-proto-error.js';

export interface ReadTextProtoFileOptions extends ParseTextProtoOptions {
  /** Is told what is wrong with the text, as upstream's binary prints it; default silent. */
  readonly logger?: Logger | undefined;
}

/**
 * Reads a file in protobuf's text format (upstream: util/proto_util.h).
 *
 * @throws ServingError NOT_FOUND and others of the file system; INVALID_ARGUMENT for an empty file, which upstream cannot
 * map into memory, while one of blanks and comments is the empty message; INVALID_ARGUMENT
 * `Invalid protobuf file: '<path>'` with a {@link TextProtoError} as its cause
 */
export async function readTextProtoFile<D extends DescMessage>(
  schema: D,
  path: string,
  options: ReadTextProtoFileOptions = {},
): Promise<MessageShape<D>> {
  const bytes = await readWholeFile(path);
  if (bytes.length === 0) throw new ServingError('INVALID_ARGUMENT', 'FILE_EMPTY', `${path}; Invalid argument`);
  try {
    return parseTextProto(schema, decode(schema, bytes), options);
  } catch (error) {
    if (!(error instanceof TextProtoError)) throw error;
    (options.logger ?? silentLogger).error(error.message);
    throw new ServingError('INVALID_ARGUMENT', 'TEXT_PROTO_FILE_INVALID', `Invalid protobuf file: '${path}'`, {
      cause: error,
    });
  }
}

/** @throws ServingError with the codes and words that TensorFlow's file system gives (tsl/platform/default/posix_file_system.cc) */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const because = { cause: error };
    switch (code) {
      case 'ENOENT':
        throw new ServingError('NOT_FOUND', 'FILE_NOT_FOUND', `${path}; No such file or directory`, because);
      case 'EACCES':
      case 'EPERM':
        throw new ServingError('PERMISSION_DENIED', 'FILE_NOT_READABLE', `${path}; Permission denied`, because);
      case 'EISDIR':
        throw new ServingError('FAILED_PRECONDITION', 'FILE_IS_DIRECTORY', `${path}; Is a directory`, because);
      default:
        throw new ServingError('UNKNOWN', 'FILE_NOT_READABLE', `${path}; ${message}`, because);
    }
  }
}

function decode(schema: DescMessage, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TextProtoError(schema.typeName, { line: 1, column: 1 }, 'The text is not UTF-8', '');
  }
}
