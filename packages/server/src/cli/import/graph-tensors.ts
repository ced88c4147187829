import { ServingError } from '@servable/core';
import type { AttrValue, GraphDef, NodeDef, TensorShapeProto } from '@servable/protos/tensorflow';
import { DataType } from '@servable/protos/tensorflow';
import { dtypeFromEnum, isDType, type DType } from '@servable/tensor';

/** A tensor of a graph that a signature is to have. */
export interface GraphTensor {
  /** The name that requests use. */
  readonly alias: string;
  /** `node:0`. */
  readonly name: string;
  readonly dtype: DType;
  /** `undefined` when the graph does not say. */
  readonly shape: TensorShapeProto | undefined;
}

/**
 * Looks up a tensor by a word of the command line: `[alias=]node[:index[:dtype]]`. The alias is the node's name by
 * default.
 *
 * @throws ServingError NOT_FOUND `NODE_NOT_FOUND` naming what is there; INVALID_ARGUMENT `DTYPE_UNKNOWN` when the graph
 * does not say the dtype
 */
export function findTensor(graph: GraphDef, word: string, flag: string): GraphTensor {
  const [, aliasGiven, nodeName, index = '0', dtypeGiven] =
    /^(?:([^=:]+)=)?([^=:]+)(?::(\d{1,4})(?::(\w+))?)?$/.exec(word) ?? [];
  if (nodeName === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'BAD_TENSOR_NAME',
      `Bad ${flag} ${word}: expected NODE:0, ALIAS=NODE:0 or NODE:0:DTYPE`,
    );
  }
  const node = graph.node.find(({ name }) => name === nodeName);
  if (node === undefined) {
    throw new ServingError(
      'NOT_FOUND',
      'NODE_NOT_FOUND',
      `Bad ${flag} ${word}: the graph has no node ${nodeName}. ${suggest(graph)}`,
    );
  }
  if (dtypeGiven !== undefined && !isDType(dtypeGiven)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'BAD_DTYPE',
      `Bad ${flag} ${word}: expected a dtype such as float32, given ${dtypeGiven}`,
    );
  }
  const dtype = dtypeGiven ?? outputDtype(node, Number(index));
  if (dtype === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'DTYPE_UNKNOWN',
      `Bad ${flag} ${word}: the graph does not say the dtype of an output of ${node.op}; give it as ${nodeName}:${index}:DTYPE`,
    );
  }
  return {
    alias: aliasGiven ?? nodeName,
    name: `${nodeName}:${index}`,
    dtype,
    shape: outputShape(graph, node, Number(index)),
  };
}

/** What a graph offers as inputs and outputs, for messages: its placeholders, and the nodes that nothing reads. */
export function suggest({ node }: GraphDef): string {
  const read = new Set(node.flatMap(({ input }) => input.map((name) => name.replace(/^\^/, '').replace(/:\d+$/, ''))));
  const inputs = node.filter(({ op }) => op.startsWith('Placeholder'));
  const outputs = node.filter(
    ({ name, op }) =>
      !read.has(name) && !['NoOp', 'Const', 'Assert'].includes(op) && !inputs.some((each) => each.name === name),
  );
  const list = (nodes: readonly NodeDef[]) => {
    const shown = nodes.slice(0, 10).map(({ name }) => `${name}:0`);
    return `${shown.join(',') || 'none'}${nodes.length > 10 ? ` and ${nodes.length - 10} more` : ''}`;
  };
  return `Its placeholders: ${list(inputs)}. Nodes that nothing reads: ${list(outputs)}`;
}

/** Ops whose outputs have one dtype, whatever goes in (`tensorflow/core/ops/*.cc`). */
const fixed: Readonly<Record<string, DType | readonly DType[]>> = {
  ...Object.fromEntries(
    (
      'Equal NotEqual Less LessEqual Greater GreaterEqual ApproximateEqual LogicalAnd LogicalOr LogicalNot IsNan IsInf ' +
      'IsFinite All Any InTopK InTopKV2 RegexFullMatch StaticRegexFullMatch'
    )
      .split(' ')
      .map((op) => [op, 'bool'] as const),
  ),
  ...Object.fromEntries(
    (
      'AsString StringJoin ReduceJoin StringLower StringUpper StringStrip Substr RegexReplace StaticRegexReplace ' +
      'EncodeBase64 DecodeBase64 EncodeJpeg EncodePng ReadFile StringFormat UnicodeTranscode UnicodeEncode'
    )
      .split(' ')
      .map((op) => [op, 'string'] as const),
  ),
  Where: 'int64',
  Rank: 'int32',
  StringLength: 'int32',
  StringToHashBucket: 'int64',
  StringToHashBucketFast: 'int64',
  StringToHashBucketStrong: 'int64',
  NonMaxSuppression: 'int32',
  NonMaxSuppressionV2: 'int32',
  NonMaxSuppressionV3: 'int32',
  CombinedNonMaxSuppression: ['float32', 'float32', 'float32', 'int32'],
  DecodeJpeg: 'uint8',
  DecodeBmp: 'uint8',
  DecodeGif: 'uint8',
  DecodeWebP: 'uint8',
  ResizeBilinear: 'float32',
  ResizeBicubic: 'float32',
  CropAndResize: 'float32',
};

/** Attributes that name the dtype of an output, and the dtype without them. */
const byAttribute: Readonly<Record<string, readonly (readonly [attribute: string, otherwise?: DType])[]>> = {
  Cast: [['DstT']],
  ArgMax: [['output_type', 'int64']],
  ArgMin: [['output_type', 'int64']],
  Shape: [['out_type', 'int32']],
  Size: [['out_type', 'int32']],
  TopK: [['T'], ['', 'int32']],
  TopKV2: [['T'], ['index_type', 'int32']],
  Unique: [['T'], ['out_idx', 'int32']],
  Bucketize: [['', 'int32']],
  LookupTableFind: [['Tout']],
  LookupTableFindV2: [['Tout']],
  HashTableV2: [],
  StringToNumber: [['out_type', 'float32']],
  DecodeRaw: [['out_type']],
  DecodePng: [['dtype', 'uint8']],
  DecodeImage: [['dtype', 'uint8']],
  Dequantize: [['dtype', 'float32']],
  NonMaxSuppressionV4: [
    ['', 'int32'],
    ['', 'int32'],
  ],
  NonMaxSuppressionV5: [['', 'int32'], ['T'], ['', 'int32']],
  Multinomial: [['output_dtype', 'int64']],
  GatherV2: [['Tparams']],
  Gather: [['Tparams']],
  GatherNd: [['Tparams']],
  ComplexAbs: [['Tout', 'float32']],
};

function outputDtype(node: NodeDef, index: number): DType | undefined {
  const known = Object.hasOwn(fixed, node.op) ? fixed[node.op] : undefined;
  if (known !== undefined) return typeof known === 'string' ? (index === 0 ? known : undefined) : known[index];
  if (Object.hasOwn(byAttribute, node.op)) {
    const [attribute, otherwise] = byAttribute[node.op]![index] ?? [];
    return attribute === undefined ? undefined : (typeAttribute(node.attr[attribute], 0) ?? otherwise);
  }
  // The names that most ops have for the dtype of what goes through them; a list has one for each output.
  for (const attribute of ['T', 'dtype', 'Tout', 'output_types', 'out_type', 'U']) {
    const found = typeAttribute(node.attr[attribute], index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function typeAttribute(attribute: AttrValue | undefined, index: number): DType | undefined {
  const value = attribute?.value;
  const type = value?.case === 'type' ? value.value : value?.case === 'list' ? value.value.type[index] : undefined;
  if (type === undefined || type === DataType.DT_INVALID) return undefined;
  try {
    return dtypeFromEnum(type);
  } catch {
    return undefined;
  }
}

function outputShape(graph: GraphDef, { op, attr }: NodeDef, index: number): TensorShapeProto | undefined {
  const inferred = attr['_output_shapes']?.value;
  if (inferred?.case === 'list' && inferred.value.shape[index] !== undefined) return inferred.value.shape[index];
  const own = attr['shape']?.value;
  if (!op.startsWith('Placeholder') || own?.case !== 'shape' || index !== 0) return undefined;
  // Until version 24 of graphs an unknown shape was written like a scalar's (`Placeholder` in core/ops/array_ops.cc).
  const isOld = (graph.versions?.producer ?? 0) < 24;
  return isOld && own.value.dim.length === 0 ? undefined : own.value;
}
