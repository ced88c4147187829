import { createReadStream } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContentHash } from './content-hash.js';

/** One file of a version that is complete. */
export interface CachedFile {
  /** Below the version's directory, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What is written last of all into an entry of the cache, so that an entry with a manifest is a complete one. */
export interface Manifest {
  readonly format: 1;
  /** The base path, without secrets. */
  readonly source: string;
  /** Name of the version's directory. */
  readonly version: string;
  readonly bytes: number;
  readonly files: readonly CachedFile[];
  /** Whether a model was loaded from it. */
  readonly loaded: boolean;
  /** What its source wants to know of it again. */
  readonly notes: Readonly<Record<string, string>>;
}

const fileName = 'manifest.json';

/** @returns `undefined` where there is none, or none that can be read */
export async function readManifest(entry: string): Promise<Manifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(entry, fileName), 'utf8')) as Manifest;
    const isOne = manifest.format === 1 && typeof manifest.version === 'string' && Array.isArray(manifest.files);
    return isOne ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the manifest as a whole: a crash leaves the old one, or none. */
export async function writeManifest(entry: string, manifest: Manifest): Promise<void> {
  const path = join(entry, fileName);
  await writeFile(`${path}.new`, JSON.stringify(manifest, undefined, 1), { flush: true });
  await rename(`${path}.new`, path);
}

/**
 * Compares an entry with its manifest.
 *
 * @param how - `sizes`, or `content` to read everything
 * @returns what is wrong
 */
export async function verifyEntry(
  entry: string,
  { version, files }: Manifest,
  how: 'sizes' | 'content',
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { path, bytes, sha256 } of files) {
    signal.throwIfAborted();
    const at = join(entry, version, path);
    try {
      const { size } = await stat(at);
      if (size !== bytes) return `${path} has ${size} of ${bytes} bytes`;
      if (how === 'sizes') continue;
      const hash = new ContentHash({ sha256 });
      for await (const chunk of createReadStream(at, { signal })) hash.update(chunk as Uint8Array);
      const { mismatch } = hash.end();
      if (mismatch !== undefined) return `${path} has other content: ${mismatch}`;
    } catch (error) {
      signal.throwIfAborted();
      return `${path} cannot be read: ${(error as Error).message}`;
    }
  }
  return undefined;
}
