import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What to do with a path that holds a bare GraphDef (a frozen graph of TensorFlow 1) in place of a SavedModel.
 *
 * @param path - a file, or a directory with such a file in it
 * @returns `undefined` when there is none
 */
export async function frozenGraphHint(path: string): Promise<string | undefined> {
  const file = await findGraph(path);
  if (file === undefined) return undefined;
  return (
    `${file} looks like a frozen graph, which has no signatures; make a SavedModel of it with ` +
    `"servable import ${file} --inputs NAME:0 --outputs NAME:0 -o DIR"`
  );
}

async function findGraph(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).isFile()) return (await startsLikeGraph(path)) ? path : undefined;
    for (const name of (await readdir(path)).sort()) {
      if (name.endsWith('.pb') && !/^(saved_model|fingerprint|keras_metadata)\.pb$/.test(name)) {
        if (await startsLikeGraph(join(path, name))) return join(path, name);
      }
    }
  } catch {
    // A path that cannot be read gets the message about that, not this one.
  }
  return undefined;
}

/**
 * Whether a file begins with a `NodeDef` in field 1 of a `GraphDef` (`tensorflow/core/framework/graph.proto`), whose
 * first field is its name. A `SavedModel` has a number in field 1.
 */
async function startsLikeGraph(file: string): Promise<boolean> {
  if (!file.endsWith('.pb')) return false;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(16), 0, 16, 0);
    if (bytesRead < 4 || buffer[0] !== 0x0a) return false;
    let index = 1;
    while (index < bytesRead && buffer[index]! >= 0x80) index += 1;
    return buffer[index + 1] === 0x0a;
  } finally {
    await handle.close();
  }
}
