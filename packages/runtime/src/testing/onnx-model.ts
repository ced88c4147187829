import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type AttributeProtoSchema,
  type GraphProto,
  type NodeProtoSchema,
  type TensorProto,
  type ValueInfoProtoSchema,
} from '@servable/protos/onnx';
import type { DType, Tensor } from '@servable/tensor';
import { elementType } from '../native/element-type.js';

type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;
type TensorInit = Pick<MessageInitShape<typeof TensorProtoSchema>, 'rawData' | 'dataLocation' | 'externalData'>;
type Dim = number | string | null;

/** A value as a word: `float32[?,3]` (unknown and fixed dimensions), `int64[n]` (named), `string[]` (scalar), `bool` (no shape). */
export type TypeWord = string;

/** What a graph consists of. */
export interface GraphParts {
  readonly nodes: readonly NodeInit[];
  readonly inputs?: Readonly<Record<string, TypeWord>>;
  readonly outputs: Readonly<Record<string, TypeWord>>;
  /** Weights inside the model. */
  readonly weights?: Readonly<Record<string, Tensor>>;
  /** Weights that the model only declares. */
  readonly external?: Readonly<Record<string, Tensor>>;
  /** Weights in the file of weights, and where they stand in it. */
  readonly placed?: Readonly<Record<string, { readonly weight: Tensor; readonly offset: number }>>;
}

/** The bytes of an ONNX model (opset 21). */
export function onnxModel(parts: GraphParts): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 10n,
      opsetImport: [
        { domain: '', version: 21n },
        { domain: 'ai.onnx.ml', version: 3n },
      ],
      graph: onnxGraph(parts),
    }),
  );
}

/** A graph, as the body of a model or of a loop. */
export function onnxGraph({
  nodes,
  inputs = {},
  outputs,
  weights = {},
  external = {},
  placed = {},
}: GraphParts): GraphProto {
  return create(GraphProtoSchema, {
    name: 'graph',
    node: [...nodes],
    input: Object.entries(inputs).map(([name, type]) => valueInfo(name, type)),
    output: Object.entries(outputs).map(([name, type]) => valueInfo(name, type)),
    initializer: [
      ...Object.entries(weights).map(([name, tensor]) => initializer(name, tensor, { rawData: bytesOf(tensor) })),
      ...Object.entries(external).map(([name, tensor]) => initializer(name, tensor, declared)),
      ...Object.entries(placed).map(([name, { weight, offset }]) => initializer(name, weight, at(offset, weight))),
    ],
  });
}

/** A node: `node('Add', ['x', 'y'], ['sum'])`. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, number | bigint | readonly bigint[] | string | GraphProto>> = {},
  domain = '',
): NodeInit {
  return {
    opType,
    domain,
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  };
}

/** A model that hands one value through. */
export function identityModel(type: TypeWord): Uint8Array {
  return onnxModel({ nodes: [node('Identity', ['x'], ['y'])], inputs: { x: type }, outputs: { y: type } });
}

/** `sum = x + y` on vectors of any length. */
export function addModel(type = 'float32[n]'): Uint8Array {
  return onnxModel({
    nodes: [node('Add', ['x', 'y'], ['sum'])],
    inputs: { x: type, y: type },
    outputs: { sum: type },
  });
}

/** Adds one to `x` as many times as `times` says: a call as long as one likes. */
export function loopModel(): Uint8Array {
  const body = onnxGraph({
    nodes: [
      node('Identity', ['go_in'], ['go_out']),
      node('Constant', [], ['one'], { value_float: 1 }),
      node('Add', ['x_in', 'one'], ['x_out']),
    ],
    inputs: { step: 'int64[]', go_in: 'bool[]', x_in: 'float32[]' },
    outputs: { go_out: 'bool[]', x_out: 'float32[]' },
  });
  return onnxModel({
    nodes: [node('Loop', ['times', '', 'x'], ['y'], { body })],
    inputs: { times: 'int64[]', x: 'float32[]' },
    outputs: { y: 'float32[]' },
  });
}

function attribute(name: string, value: number | bigint | readonly bigint[] | string | GraphProto): AttributeInit {
  if (typeof value === 'number') return { name, type: AttributeType.FLOAT, f: value };
  if (typeof value === 'bigint') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('$typeName' in value) return { name, type: AttributeType.GRAPH, g: value };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

function valueInfo(name: string, word: TypeWord): MessageInitShape<typeof ValueInfoProtoSchema> {
  const [, dtype = '', dims] = /^(\w+)(?:\[(.*)\])?$/.exec(word) ?? [];
  const shape = dims === undefined ? undefined : { dim: (dims === '' ? [] : dims.split(',')).map(parseDim).map(dim) };
  const tensorType = { elemType: elementType(dtype as DType) ?? 0, ...(shape === undefined ? {} : { shape }) };
  return { name, type: { value: { case: 'tensorType', value: tensorType } } };
}

function parseDim(word: string): Dim {
  if (word === '?') return null;
  return /^\d+$/.test(word) ? Number(word) : word;
}

function dim(value: Dim) {
  if (value === null) return {};
  if (typeof value === 'number') return { value: { case: 'dimValue' as const, value: BigInt(value) } };
  return { value: { case: 'dimParam' as const, value } };
}

const declared = { dataLocation: DataLocation.EXTERNAL, externalData: [{ key: 'location', value: 'weights' }] };

function at(offset: number, { byteLength }: Tensor): TensorInit {
  const entry = (key: string, value: number) => ({ key, value: String(value) });
  const place = [entry('offset', offset), entry('length', byteLength)];
  return { ...declared, externalData: [...declared.externalData, ...place] };
}

function initializer(name: string, tensor: Tensor, data: TensorInit): TensorProto {
  const dims = tensor.shape.map(BigInt);
  return create(TensorProtoSchema, { name, dims, dataType: elementType(tensor.dtype) ?? 0, ...data });
}

function bytesOf(tensor: Tensor): Uint8Array {
  const data = tensor.data as Float32Array;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
