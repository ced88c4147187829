import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type ModelProto,
  type TensorProto,
} from '@servable/protos/onnx';
import type { PlacedWeight, Weight, WeightFile } from '@servable/savedmodel';

/** Protobuf messages end at 2 GiB; this leaves room for the graph. */
const MOST_EMBEDDED_BYTES = 1.9 * 2 ** 30;

/** Field numbers of `ModelProto`, `GraphProto` and `TensorProto` (`onnx/onnx.proto`). */
const GRAPH = 7;
const INITIALIZER = 5;
const RAW_DATA = 9;

/** What was written. */
export interface WrittenModel {
  readonly file: string;
  readonly bytes: number;
  /** The file with the weights beside it, if there is one. */
  readonly weightFile: string | undefined;
  readonly weightBytes: number;
}

/**
 * Writes a model with its weights, one weight after the other, so that no more than the largest is in memory. Files that
 * were there are replaced when all is written.
 *
 * @param external - writes the weights to `<file>.data` beside the model, as is done with more than `mostEmbeddedBytes`
 */
export async function writeOnnx(
  file: string,
  model: ModelProto,
  weights: WeightFile | undefined,
  external: boolean,
  mostEmbeddedBytes = MOST_EMBEDDED_BYTES,
): Promise<WrittenModel> {
  const weightBytes = weights?.byteLength ?? 0;
  if (weights === undefined || weights.weights.size === 0) {
    return {
      file,
      bytes: await replace(file, (handle) => append(handle, toBinary(ModelProtoSchema, model))),
      weightFile: undefined,
      weightBytes,
    };
  }
  if (!external && weightBytes <= mostEmbeddedBytes) {
    return {
      file,
      bytes: await replace(file, (handle) => writeEmbedded(handle, model, weights)),
      weightFile: undefined,
      weightBytes,
    };
  }
  const weightFile = join(dirname(file), `${basename(file)}.data`);
  await replace(weightFile, (handle) => writeWeights(handle, weights));
  for (const tensor of model.graph?.initializer ?? []) {
    const placed = weights.weights.get(tensor.name);
    if (placed !== undefined && tensor.dataLocation === DataLocation.EXTERNAL) {
      tensor.externalData = Object.entries({
        location: basename(weightFile),
        offset: placed.offset,
        length: placed.weight.byteLength,
      }).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: String(value) }));
    }
  }
  const bytes = await replace(file, (handle) => append(handle, toBinary(ModelProtoSchema, model)));
  return { file, bytes, weightFile, weightBytes };
}

/** The message is put together from its parts: the graph's length is known before its weights are read. */
async function writeEmbedded(handle: FileHandle, model: ModelProto, { weights }: WeightFile): Promise<number> {
  const graph = model.graph!;
  const inside: TensorProto[] = [];
  const outside: { readonly header: Uint8Array; readonly weight: Weight }[] = [];
  let graphBytes = 0;
  for (const tensor of graph.initializer) {
    const placed = tensor.dataLocation === DataLocation.EXTERNAL ? weights.get(tensor.name) : undefined;
    if (placed === undefined) {
      inside.push(tensor);
      continue;
    }
    const { weight } = placed;
    const { name, dims, dataType } = tensor;
    const fields = toBinary(TensorProtoSchema, create(TensorProtoSchema, { name, dims, dataType }));
    const dataHeader = fieldHeader(RAW_DATA, weight.byteLength);
    const length = fields.length + dataHeader.length + weight.byteLength;
    const header = Buffer.concat([fieldHeader(INITIALIZER, length), fields, dataHeader]);
    outside.push({ header, weight });
    graphBytes += header.length + weight.byteLength;
  }
  const graphFields = toBinary(GraphProtoSchema, create(GraphProtoSchema, { ...graph, initializer: inside }));
  const { graph: _, ...rest } = model;
  const modelFields = toBinary(ModelProtoSchema, create(ModelProtoSchema, rest));
  let written = await append(handle, modelFields);
  written += await append(handle, fieldHeader(GRAPH, graphFields.length + graphBytes));
  written += await append(handle, graphFields);
  const reader = weightReader(outside.map(({ weight }) => weight));
  for (const { header, weight } of outside) {
    written += await append(handle, header);
    written += await append(handle, await reader(weight));
  }
  return written;
}

async function writeWeights(handle: FileHandle, { weights }: WeightFile): Promise<number> {
  const placed: PlacedWeight[] = [...weights.values()].sort((a, b) => a.offset - b.offset);
  const reader = weightReader(placed.map(({ weight }) => weight));
  let written = 0;
  for (const { offset, weight } of placed) {
    written += await append(handle, new Uint8Array(offset - written));
    written += await append(handle, await reader(weight));
  }
  return written;
}

/** Reads weights one after the other into the same memory. */
function weightReader(weights: readonly Weight[]): (weight: Weight) => Promise<Uint8Array> {
  const largest = Math.max(0, ...weights.map(({ byteLength }) => byteLength));
  const [target, scratch] = [new ArrayBuffer(largest), new ArrayBuffer(largest)];
  return async (weight) => {
    const bytes = new Uint8Array(target, 0, weight.byteLength);
    await weight.readInto(bytes, new Uint8Array(scratch, 0, weight.byteLength));
    return bytes;
  };
}

function fieldHeader(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}

async function append(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, Math.min(bytes.length - done, 2 ** 30))).bytesWritten;
  }
  return bytes.length;
}

/** Writes a file beside its place, and moves it there when it is whole. */
async function replace(file: string, write: (handle: FileHandle) => Promise<number>): Promise<number> {
  const unfinished = `${file}.${process.pid}.part`;
  const handle = await open(unfinished, 'w');
  try {
    const bytes = await write(handle).finally(() => handle.close());
    await rename(unfinished, file);
    return bytes;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
