import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceEstimate } from '@servable/core';

/** What a loaded model takes for each byte on disk (upstream: servables/tensorflow/bundle_factory_util.cc). */
const ramPerFileByte = 1.2;

/** Estimates a model's memory by the size of all files below its version directory. */
export async function diskEstimate(directory: string): Promise<ResourceEstimate> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isDirectory()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return { ramBytes: bytes * ramPerFileByte };
}
