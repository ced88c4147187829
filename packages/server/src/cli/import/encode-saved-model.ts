import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  MetaGraphDefSchema,
  SignatureDefSchema,
  TensorShapeProtoSchema,
  type SignatureDef,
} from '@servable/protos/tensorflow';
import { dtypeInfo } from '@servable/tensor';
import type { GraphTensor } from './graph-tensors.js';

/** The signature that an imported graph gets. */
export interface ImportedSignature {
  readonly name: string;
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

/** Field numbers of `SavedModel` and `MetaGraphDef` (`tensorflow/core/protobuf/*.proto`). */
const SCHEMA_VERSION = 1;
const META_GRAPHS = 2;
const GRAPH_DEF = 2;

/**
 * The bytes of a `saved_model.pb`, as parts to be written one behind the other: the graph's bytes stand in it as they are.
 *
 * @param graphBytes - a serialised GraphDef
 */
export function encodeSavedModel(
  graphBytes: Uint8Array,
  { name, inputs, outputs }: ImportedSignature,
  tags: readonly string[],
): Uint8Array[] {
  const metaGraph = toBinary(
    MetaGraphDefSchema,
    create(MetaGraphDefSchema, {
      metaInfoDef: { tags: [...tags] },
      signatureDef: {
        [name]: create(SignatureDefSchema, {
          inputs: tensorInfos(inputs),
          outputs: tensorInfos(outputs),
          methodName: 'tensorflow/serving/predict',
        }),
      },
    }),
  );
  const graphHeader = new BinaryWriter().tag(GRAPH_DEF, WireType.LengthDelimited).uint32(graphBytes.length).finish();
  const start = new BinaryWriter()
    .tag(SCHEMA_VERSION, WireType.Varint)
    .int64(1n)
    .tag(META_GRAPHS, WireType.LengthDelimited)
    .uint32(metaGraph.length + graphHeader.length + graphBytes.length)
    .finish();
  return [start, metaGraph, graphHeader, graphBytes];
}

function tensorInfos(tensors: readonly GraphTensor[]): SignatureDef['inputs'] {
  return Object.fromEntries(
    tensors.map(({ alias, name, dtype, shape }) => [
      alias,
      {
        $typeName: 'tensorflow.TensorInfo' as const,
        encoding: { case: 'name' as const, value: name },
        dtype: dtypeInfo(dtype).enum,
        tensorShape: shape ?? create(TensorShapeProtoSchema, { unknownRank: true }),
      },
    ]),
  );
}
