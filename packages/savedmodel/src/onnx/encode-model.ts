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
import { onnxDataType } from './data-types.js';
import type { OnnxAttribute, OnnxNode, Subgraph } from './lowered-graph.js';
import type { DimSymbol } from './value.js';
import { type Value } from './value.js';

/** The operator set that the lowerings are written for. */
export const ONNX_OPSET = 20;
const IR_VERSION = 9;

/** Constants up to this many bytes are written into the model; larger ones are handed to the engine by address. */
const MAX_EMBEDDED_BYTES = 1024;

/** A serialised model, and the weights that it only declares. */
export interface EncodedModel {
  readonly model: Uint8Array;
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** @param nodes - native nodes in an order in which every value is made before it is used */
export function encodeModel(
  name: string,
  inputs: readonly Value[],
  outputs: readonly Value[],
  nodes: readonly OnnxNode[],
): EncodedModel {
  const encoder = new Encoder();
  const graph = encoder.graph(name, inputs, outputs, nodes, true);
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'servable',
    opsetImport: [
      { domain: '', version: BigInt(ONNX_OPSET) },
      { domain: 'com.microsoft', version: 1n },
    ],
    graph,
  });
  return { model: toBinary(ModelProtoSchema, model), initializers: encoder.external };
}

class Encoder {
  readonly external = new Map<string, Tensor>();
  private readonly symbols = new Map<DimSymbol, string>();
  private readonly declared = new Set<string>();

  graph(
    name: string,
    inputs: readonly Value[],
    outputs: readonly Value[],
    nodes: readonly OnnxNode[],
    isMain: boolean,
  ): GraphProto {
    const initializer: TensorProto[] = [];
    const declare = (value: Value) => {
      if (value.constant === undefined || this.declared.has(value.name)) return;
      this.declared.add(value.name);
      initializer.push(this.initializer(value.name, value.constant));
    };
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
      const alias = `${value.name}/returned:${named.size}`;
      named.add(alias);
      node.push(create(NodeProtoSchema, { opType: 'Identity', input: [value.name], output: [alias] }));
      return this.valueInfo(value, alias);
    });
    if (!isMain) this.forget(initializer);
    return create(GraphProtoSchema, {
      name,
      node,
      initializer,
      input: inputs.map((value) => this.valueInfo(value, value.name)),
      output,
    });
  }

  /** Names declared in a subgraph are not visible outside of it. */
  private forget(initializers: readonly TensorProto[]): void {
    for (const { name } of initializers) this.declared.delete(name);
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

  private subgraph(graph: Subgraph, _declare: (value: Value) => void): GraphProto {
    const nodes = graph.nodes.filter((node): node is OnnxNode => node.kind === 'native');
    return this.graph(graph.name, graph.inputs, graph.outputs, nodes, false);
  }

  private initializer(name: string, tensor: Tensor): TensorProto {
    if (tensor.byteLength <= MAX_EMBEDDED_BYTES || tensor.dtype === 'string') return embeddedTensor(name, tensor);
    this.external.set(name, tensor);
    return create(TensorProtoSchema, {
      name,
      dims: tensor.shape.map(BigInt),
      dataType: onnxDataType(tensor.dtype),
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      // The engine is handed the tensor under its name; a location is what the format requires.
      externalData: [create(StringStringEntryProtoSchema, { key: 'location', value: 'weights' })],
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
