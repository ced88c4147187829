import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ServingError } from '@servable/core';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from '@servable/protos/onnx';
import { byCount, countOps } from './describe-plan.js';
import { describeFailure, describeSignature, type InspectOptions } from './inspect-saved-model.js';
import type { OnnxInspection, SignatureDescription } from './inspection.js';

/** Reads an ONNX model, and has the engine load it. */
export async function inspectOnnx(file: string, { tags, signature }: InspectOptions): Promise<OnnxInspection> {
  if (tags !== undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'NO_TAGS',
      `${file} is an ONNX model, which has no tags; leave --tags out`,
    );
  }
  if (signature !== undefined && signature !== 'serving_default') {
    throw new ServingError(
      'NOT_FOUND',
      'SIGNATURE_NOT_FOUND',
      `No signature ${signature}: expected serving_default, the only one of an ONNX model`,
    );
  }
  const model = await readModel(file);
  const initializers = allInitializers(model.graph);
  const external = new Set(initializers.flatMap(externalFile));
  const ops = countOps(model.graph);
  const weightBytes = initializers.reduce((sum, each) => sum + bytesOf(each), 0);
  let ramBytes = (await stat(file)).size;
  for (const name of external) ramBytes += (await stat(join(dirname(file), name)).catch(() => ({ size: 0 }))).size;
  return {
    path: file,
    format: 'onnx',
    platform: 'onnx',
    estimatedRamBytes: Math.ceil(ramBytes * 1.2),
    irVersion: Number(model.irVersion),
    producer: [model.producerName, model.producerVersion].filter((word) => word !== '').join(' '),
    opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domain || 'ai.onnx', Number(version)])),
    nodes: [...ops.values()].reduce((sum, count) => sum + count, 0),
    ops: byCount(ops),
    parameters: initializers.reduce((sum, { dims }) => sum + Number(dims.reduce((a, b) => a * b, 1n)), 0),
    weightBytes,
    externalFiles: [...external],
    signatures: { serving_default: await load(file, { ops, weightBytes }) },
  };
}

async function load(
  file: string,
  { ops, weightBytes }: { readonly ops: ReadonlyMap<string, number>; readonly weightBytes: number },
): Promise<SignatureDescription> {
  const { loadOnnxModel } = await import('@servable/runtime');
  try {
    await using model = await loadOnnxModel(file);
    const [definition] = model.signatureDefs.values();
    const nodes = [...ops.values()].reduce((sum, count) => sum + count, 0);
    const counted = byCount(ops);
    return {
      ...describeSignature(definition!),
      plan: {
        nativeIslands: 1,
        nativeNodes: nodes,
        hostOps: {},
        variables: [],
        bytes: weightBytes,
        steps: [{ kind: 'native', nodes, ops: counted, weightBytes }],
      },
    };
  } catch (error) {
    return { methodName: 'tensorflow/serving/predict', inputs: {}, outputs: {}, failure: describeFailure(error) };
  }
}

async function readModel(file: string): Promise<ModelProto> {
  const bytes = await readFile(file);
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new ServingError(
      'DATA_LOSS',
      'MALFORMED_PROTO',
      `Cannot read ${file}: expected an ONNX ModelProto, given ${bytes.length} bytes that are none`,
      { cause },
    );
  }
}

function allInitializers(graph: GraphProto | undefined): TensorProto[] {
  if (graph === undefined) return [];
  const bodies = graph.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs)),
  );
  return [...graph.initializer, ...bodies.flatMap(allInitializers)];
}

function externalFile({ dataLocation, externalData }: TensorProto): string[] {
  const location = externalData.find(({ key }) => key === 'location')?.value;
  return dataLocation === DataLocation.EXTERNAL && location !== undefined ? [location] : [];
}

/** Bytes of a tensor's values, wherever they are. */
function bytesOf(tensor: TensorProto): number {
  if (tensor.dataLocation === DataLocation.EXTERNAL) {
    return Number(tensor.externalData.find(({ key }) => key === 'length')?.value ?? 0);
  }
  if (tensor.rawData.length > 0) return tensor.rawData.length;
  const { floatData, int32Data, int64Data, doubleData, uint64Data, stringData } = tensor;
  return (
    4 * (floatData.length + int32Data.length) +
    8 * (int64Data.length + doubleData.length + uint64Data.length) +
    stringData.reduce((sum, text) => sum + text.length, 0)
  );
}
