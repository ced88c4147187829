import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Unpack } from 'tar';
import { ServingError } from '../../../servable/serving-error.js';
import { fileError } from '../store/store-error.js';
import { parseVersionDirectory } from '../version-directories.js';

export interface UnpackLimits {
  /** Bytes of all files together. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/**
 * Unpacks a tarball, compressed or not. Only files and folders that stay below the directory are taken: anything else ends
 * it, as does more than the limits allow, before it is on the disk.
 *
 * @throws ServingError INVALID_ARGUMENT for an entry that is not taken, RESOURCE_EXHAUSTED beyond a limit, DATA_LOSS for
 * what is no whole tarball
 */
export async function unpackTarball(
  body: AsyncIterable<Uint8Array>,
  directory: string,
  what: string,
  { maxBytes, maxEntries }: UnpackLimits,
  signal: AbortSignal,
): Promise<void> {
  const refused = new AbortController();
  let bytes = 0;
  let entries = 0;
  const refuse = (code: 'INVALID_ARGUMENT' | 'RESOURCE_EXHAUSTED', reason: string, message: string): false => {
    refused.abort(new ServingError(code, reason, `${what} ${message}`));
    return false;
  };
  const unpack = new Unpack({
    cwd: directory,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter(path, entry) {
      if (refused.signal.aborted) return false;
      const type = 'type' in entry ? entry.type : undefined;
      const isPlain = !path.startsWith('/') && !/^[A-Za-z]:/.test(path) && !path.split(/[\\/]/).includes('..');
      if (!isPlain || !['File', 'OldFile', 'ContiguousFile', 'Directory'].includes(type ?? '')) {
        return refuse('INVALID_ARGUMENT', 'TARBALL_ENTRY_INVALID', `has an entry that is not taken: ${type} ${path}`);
      }
      bytes += entry.size ?? 0;
      entries += 1;
      if (bytes > maxBytes || entries > maxEntries) {
        const limit = `${maxBytes} bytes and ${maxEntries} entries`;
        return refuse('RESOURCE_EXHAUSTED', 'TARBALL_TOO_LARGE', `holds more than ${limit}`);
      }
      return true;
    },
  });
  try {
    await pipeline(body, unpack, { signal: AbortSignal.any([signal, refused.signal]) });
  } catch (error) {
    signal.throwIfAborted();
    if (refused.signal.aborted) throw refused.signal.reason;
    if ((error as { tarCode?: string }).tarCode === undefined && !/^Z_/.test((error as { code?: string }).code ?? '')) {
      throw fileError(error, `unpack ${what}`);
    }
    throw new ServingError('DATA_LOSS', 'TARBALL_BROKEN', `${what} is no whole tarball: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (refused.signal.aborted) throw refused.signal.reason;
}

/** Where the versions in an unpacked tarball lie, below folders that hold nothing else. */
export async function findVersions(
  directory: string,
): Promise<{ readonly root: string; readonly children: readonly string[] }> {
  for (let root = ''; ;) {
    const found = await readdir(join(directory, root), { withFileTypes: true });
    const folders = found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const children = folders.filter((name) => parseVersionDirectory(name) !== undefined);
    if (children.length > 0 || found.length !== 1 || folders.length !== 1) return { root, children };
    root = join(root, folders[0]!);
  }
}
