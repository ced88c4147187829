import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Field numbers of `SavedModel`, `MetaGraphDef` and `MetaInfoDef` (`tensorflow/core/protobuf/*.proto`). */
const META_GRAPHS = 2;
const META_INFO_DEF = 1;
const TAGS = 4;

/**
 * The tags of every MetaGraph of a SavedModel, in the file's order. Nothing else is parsed: what is wrong with the file is
 * left for its reader to say, which a `undefined` asks for.
 */
export async function readTagSets(directory: string): Promise<readonly (readonly string[])[] | undefined> {
  try {
    const bytes = await readFile(join(directory, 'saved_model.pb'));
    return messages(bytes, META_GRAPHS).map((metaGraph) =>
      messages(metaGraph, META_INFO_DEF).flatMap((info) =>
        messages(info, TAGS).map((tag) => new TextDecoder().decode(tag)),
      ),
    );
  } catch {
    return undefined;
  }
}

function messages(bytes: Uint8Array, field: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === field && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, number);
  }
  return found;
}
