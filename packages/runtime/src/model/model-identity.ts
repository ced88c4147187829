import { basename, dirname, extname, resolve } from 'node:path';
import { badOption } from '../runtime-error.js';
import type { ModelIdentity } from './model.js';

/** Names a model otherwise than by its path. */
export interface IdentityOptions {
  /** Default: from the path, `resnet` for `models/resnet/3`, `models/resnet` and `models/resnet.onnx`. */
  readonly name?: string | undefined;
  /** Default: from the path, 3 for `models/resnet/3`, else 1. */
  readonly version?: bigint | undefined;
}

/**
 * Name and version of the model at a path.
 *
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`
 */
export function modelIdentity(path: string, options: IdentityOptions): ModelIdentity {
  if (options.name !== undefined && (typeof options.name !== 'string' || options.name === '')) {
    throw badOption('name', 'a name', options.name);
  }
  if (options.version !== undefined && (typeof options.version !== 'bigint' || options.version < 0n)) {
    throw badOption('version', 'a bigint of 0 or more', options.version);
  }
  const absolute = resolve(path);
  const last = basename(absolute, extname(absolute) === '.onnx' ? '.onnx' : '');
  const numbered = /^\d+$/.test(last);
  return {
    name: options.name ?? (numbered ? basename(dirname(absolute)) : last),
    version: options.version ?? (numbered ? BigInt(last) : 1n),
  };
}
