import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '@servable/protos/onnx';
import type { DType, Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { WEIGHT_FILE_NAME, type PlacedWeight, type Weight, type WeightFile } from '../plan/plan.js';
import { onnxDataType } from './data-types.js';
import type { OnnxAttribute, OnnxNode, Subgraph } from './lowered-graph.js';
import type { DimSymbol, Value } from './value.js';
import { MIN_WEIGHT_BYTES, weightOf } from './weight.js';

/** The operator set that the lowerings are written for. */
export const ONNX_OPSET = 20;
const IR_VERSION = 9;

/** Where a weight lies in the file of weights that a model refers to. */
const WEIGHT_ALIGNMENT = 64;

/** A serialised model, and the weights that it refers to. */
export interface EncodedModel {
  readonly model: Uint8Array;
  readonly weights: WeightFile;
}

/** @param nodes - native nodes in an order in which every value is made before it is used */
export function encodeModel(
  name: string,
  inputs: readonly Value[],
  outputs: readonly Value[],
  nodes: readonly OnnxNode[],
): EncodedModel {
  const encoder = new Encoder();
  const graph = encoder.graph(name, inputs, outputs, nodes);
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'servable',
    opsetImport: [
      { domain: '', version: BigInt(ONNX_OPSET) },
      { domain: 'com.microsoft', version: 1n },
    ],
    graph,
  });
  return {
    model: toBinary(ModelProtoSchema, model),
    weights: { fileName: WEIGHT_FILE_NAME, byteLength: encoder.weightBytes, weights: encoder.weights },
  };
}

class Encoder {
  readonly weights = new Map<string, PlacedWeight>();
  weightBytes = 0;
  private readonly symbols = new Map<DimSymbol, string>();
  private readonly declared = new Set<string>();
  private returned = 0;

  /** @param declareOutside - for a subgraph: constants are declared once, in the main graph, which all others can read */
  graph(
    name: string,
    inputs: readonly Value[],
    outputs: readonly Value[],
    nodes: readonly OnnxNode[],
    declareOutside?: (value: Value) => void,
  ): GraphProto {
    const initializer: TensorProto[] = [];
    const declareHere = (value: Value) => {
      const { name, constant, weight } = value;
      if ((constant === undefined && weight === undefined) || this.declared.has(name)) return;
      this.declared.add(name);
      initializer.push(weight ? this.external(name, weight) : this.initializer(name, constant as Tensor));
    };
    const declare = declareOutside ?? declareHere;
    const node = nodes.map((each) => {
      for (const input of each.inputs) if (input !== undefined) declare(input);
      return this.node(each, declare);
    });
    // An output must be made by a node: a constant or an input that is handed through needs one.
    const made = new Set(nodes.flatMap((each) => each.outputs.map((output) => output.name)));
    const named = new Set<string>();
    const output = outputs.map((value) => {
      if (made.has(value.name) && !named.has(value.name)) {
        named.add(value.name);
        return this.valueInfo(value, value.name);
      }
      declare(value);
      const alias = `${value.name}/returned:${this.returned++}`;
      named.add(alias);
      node.push(create(NodeProtoSchema, { opType: 'Identity', input: [value.name], output: [alias] }));
      return this.valueInfo(value, alias);
    });
    return create(GraphProtoSchema, {
      name,
      node,
      initializer,
      input: inputs.map((value) => this.valueInfo(value, value.name)),
      output,
    });
  }

  private node(node: OnnxNode, declare: (value: Value) => void): NodeProto {
    return create(NodeProtoSchema, {
      name: node.outputs[0]?.name ?? node.origin,
      opType: node.op,
      domain: node.domain,
      input: node.inputs.map((input) => input?.name ?? ''),
      output: node.outputs.map((output) => output.name),
      attribute: Object.entries(node.attrs).map(([name, attr]) => this.attribute(name, attr, declare)),
    });
  }

  private attribute(name: string, attr: OnnxAttribute, declare: (value: Value) => void): AttributeProto {
    const type = AttributeProto_AttributeType;
    const utf8 = new TextEncoder();
    switch (attr.kind) {
      case 'int':
        return create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(attr.value) });
      case 'float':
        return create(AttributeProtoSchema, { name, type: type.FLOAT, f: attr.value });
      case 'string':
        // Cast's `to` is written as a dtype name by the lowerings and as a number on the wire.
        return name === 'to' || name === 'dtype'
          ? create(AttributeProtoSchema, { name, type: type.INT, i: BigInt(onnxDataType(attr.value as DType)) })
          : create(AttributeProtoSchema, { name, type: type.STRING, s: utf8.encode(attr.value) });
      case 'ints':
        return create(AttributeProtoSchema, { name, type: type.INTS, ints: attr.value.map(BigInt) });
      case 'floats':
        return create(AttributeProtoSchema, { name, type: type.FLOATS, floats: [...attr.value] });
      case 'strings':
        return create(AttributeProtoSchema, {
          name,
          type: type.STRINGS,
          strings: attr.value.map((s) => utf8.encode(s)),
        });
      case 'tensor':
        return create(AttributeProtoSchema, { name, type: type.TENSOR, t: embeddedTensor('', attr.value) });
      case 'graph':
        return create(AttributeProtoSchema, { name, type: type.GRAPH, g: this.subgraph(attr.value, declare) });
    }
  }

  private subgraph(graph: Subgraph, declare: (value: Value) => void): GraphProto {
    const nodes = graph.nodes.filter((node): node is OnnxNode => node.kind === 'native');
    return this.graph(graph.name, graph.inputs, graph.outputs, nodes, declare);
  }

  private initializer(name: string, tensor: Tensor): TensorProto {
    const embedded = tensor.dtype === 'string' || tensor.byteLength < MIN_WEIGHT_BYTES;
    return embedded ? embeddedTensor(name, tensor) : this.external(name, weightOf(tensor));
  }

  private external(name: string, weight: Weight): TensorProto {
    const known = this.weights.get(name);
    const offset = known?.offset ?? Math.ceil(this.weightBytes / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT;
    if (known === undefined) {
      this.weights.set(name, { offset, weight });
      this.weightBytes = offset + weight.byteLength;
    }
    const entry = (key: string, value: string | number) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) });
    return create(TensorProtoSchema, {
      name,
      dims: weight.shape.map(BigInt),
      dataType: onnxDataType(weight.dtype),
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [entry('location', WEIGHT_FILE_NAME), entry('offset', offset), entry('length', weight.byteLength)],
    });
  }

  private valueInfo(value: Value, name: string): ValueInfoProto {
    const shape =
      value.shape &&
      create(TensorShapeProtoSchema, {
        dim: value.shape.map((dim) =>
          create(TensorShapeProto_DimensionSchema, {
            value:
              typeof dim === 'number'
                ? { case: 'dimValue', value: BigInt(dim) }
                : { case: 'dimParam', value: this.symbolName(dim) },
          }),
        ),
      });
    const tensorType = create(TypeProto_TensorSchema, { elemType: onnxDataType(value.dtype) });
    if (shape !== undefined) tensorType.shape = shape;
    return create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
    });
  }

  private symbolName(symbol: DimSymbol): string {
    let name = this.symbols.get(symbol);
    if (name === undefined) {
      name = `d${this.symbols.size}`;
      this.symbols.set(symbol, name);
    }
    return name;
  }
}

function embeddedTensor(name: string, tensor: Tensor): TensorProto {
  const dims = tensor.shape.map(BigInt);
  const dataType = onnxDataType(tensor.dtype);
  if (tensor.dtype === 'string') {
    return create(TensorProtoSchema, { name, dims, dataType, stringData: [...(tensor.data as readonly Uint8Array[])] });
  }
  if (!ArrayBuffer.isView(tensor.data)) {
    throw new SavedModelError('INTERNAL', 'BAD_CONSTANT', `Constant '${name}' of dtype ${tensor.dtype} has no bytes.`);
  }
  const { buffer, byteOffset, byteLength } = tensor.data;
  return create(TensorProtoSchema, { name, dims, dataType, rawData: new Uint8Array(buffer, byteOffset, byteLength) });
}
