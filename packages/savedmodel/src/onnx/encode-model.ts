import { AttributeProto_AttributeType, TensorProto_DataLocation } from '@servable/protos/onnx';
import type { DType, Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { BOUNDED_LOOP, WEIGHT_FILE_NAME, type PlacedWeight, type Weight, type WeightFile } from '../plan/plan.js';
import { onnxDataType } from './data-types.js';
import type { OnnxAttribute, OnnxNode, Subgraph } from './lowered-graph.js';
import { MessageWriter } from './message-writer.js';
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
  const model = encoder.model(name, inputs, outputs, nodes);
  return {
    model,
    weights: { fileName: WEIGHT_FILE_NAME, byteLength: encoder.weightBytes, weights: encoder.weights },
  };
}

/** Field numbers (`onnx/onnx.proto`); fields are written in their order. */
const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, docString: 6, domain: 7 } as const;
const ATTRIBUTE = { name: 1, f: 2, i: 3, s: 4, t: 5, g: 6, floats: 7, ints: 8, strings: 9, type: 20 } as const;
const TENSOR = {
  dims: 1,
  dataType: 2,
  stringData: 6,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;
const ENTRY = { key: 1, value: 2 } as const;
const VALUE_INFO = { name: 1, type: 2 } as const;
const TYPE = { tensorType: 1 } as const;
const TENSOR_TYPE = { elemType: 1, shape: 2 } as const;
const SHAPE = { dim: 1 } as const;
const DIMENSION = { value: 1, param: 2 } as const;

class Encoder {
  readonly weights = new Map<string, PlacedWeight>();
  weightBytes = 0;
  private readonly writer = new MessageWriter();
  private readonly symbols = new Map<DimSymbol, string>();
  private readonly declared = new Set<string>();
  private returned = 0;

  model(name: string, inputs: readonly Value[], outputs: readonly Value[], nodes: readonly OnnxNode[]): Uint8Array {
    const { writer } = this;
    writer.integer(MODEL.irVersion, IR_VERSION);
    writer.text(MODEL.producerName, 'servable');
    writer.message(MODEL.graph, () => this.graph(name, inputs, outputs, nodes));
    const opset = (domain: string, version: number) => {
      writer.message(MODEL.opsetImport, () => {
        writer.text(OPSET.domain, domain);
        writer.integer(OPSET.version, version);
      });
    };
    opset('', ONNX_OPSET);
    opset('com.microsoft', 1);
    return writer.finish();
  }

  /** @param declareOutside - for a subgraph: constants are declared once, in the main graph, which all others can read */
  private graph(
    name: string,
    inputs: readonly Value[],
    outputs: readonly Value[],
    nodes: readonly OnnxNode[],
    declareOutside?: (value: Value) => void,
  ): void {
    const { writer } = this;
    const initializers = new MessageWriter();
    const declareHere = (value: Value) => {
      const { name, constant, weight } = value;
      if ((constant === undefined && weight === undefined) || this.declared.has(name)) return;
      this.declared.add(name);
      initializers.message(GRAPH.initializer, () => {
        if (weight !== undefined) this.external(initializers, name, weight);
        else this.initializer(initializers, name, constant as Tensor);
      });
    };
    const declare = declareOutside ?? declareHere;
    for (const each of nodes) {
      for (const input of each.inputs) if (input !== undefined) declare(input);
      writer.message(GRAPH.node, () => this.node(each, declare));
    }
    // An output must be made by a node: a constant or an input that is handed through needs one.
    const made = new Set(nodes.flatMap((each) => each.outputs.map((output) => output.name)));
    const named = new Set<string>();
    const returned = new MessageWriter();
    for (const value of outputs) {
      let name = value.name;
      if (!made.has(name) || named.has(name)) {
        declare(value);
        name = `${value.name}/returned:${this.returned++}`;
        this.identity(value.name, name);
      }
      named.add(name);
      returned.message(GRAPH.output, () => this.valueInfo(returned, value, name));
    }
    writer.text(GRAPH.name, name);
    writer.fields(initializers);
    for (const value of inputs) writer.message(GRAPH.input, () => this.valueInfo(writer, value, value.name));
    writer.fields(returned);
  }

  private node(node: OnnxNode, declare: (value: Value) => void): void {
    const { writer } = this;
    for (const input of node.inputs) writer.text(NODE.input, input?.name ?? '');
    for (const output of node.outputs) writer.text(NODE.output, output.name);
    writer.text(NODE.name, node.outputs[0]?.name ?? node.origin);
    writer.text(NODE.opType, node.op);
    for (const [name, attr] of Object.entries(node.attrs)) {
      writer.message(NODE.attribute, () => {
        writer.text(ATTRIBUTE.name, name);
        writer.integer(ATTRIBUTE.type, this.attribute(name, attr, declare));
      });
    }
    if (node.op === 'Loop' && hasKnownCount(node)) writer.text(NODE.docString, BOUNDED_LOOP);
    writer.text(NODE.domain, node.domain);
  }

  private identity(from: string, to: string): void {
    const { writer } = this;
    writer.message(GRAPH.node, () => {
      writer.text(NODE.input, from);
      writer.text(NODE.output, to);
      writer.text(NODE.opType, 'Identity');
    });
  }

  /** Writes the value of an attribute, and gives its type. */
  private attribute(name: string, attr: OnnxAttribute, declare: (value: Value) => void): AttributeProto_AttributeType {
    const type = AttributeProto_AttributeType;
    const { writer } = this;
    switch (attr.kind) {
      case 'int':
        writer.integer(ATTRIBUTE.i, attr.value);
        return type.INT;
      case 'float':
        writer.float(ATTRIBUTE.f, attr.value);
        return type.FLOAT;
      case 'string':
        // Cast's `to` is written as a dtype name by the lowerings and as a number on the wire.
        if (name === 'to' || name === 'dtype') {
          writer.integer(ATTRIBUTE.i, onnxDataType(attr.value as DType));
          return type.INT;
        }
        writer.text(ATTRIBUTE.s, attr.value);
        return type.STRING;
      case 'ints':
        for (const value of attr.value) writer.integer(ATTRIBUTE.ints, value);
        return type.INTS;
      case 'floats':
        for (const value of attr.value) writer.float(ATTRIBUTE.floats, value);
        return type.FLOATS;
      case 'strings':
        for (const value of attr.value) writer.text(ATTRIBUTE.strings, value);
        return type.STRINGS;
      case 'tensor':
        writer.message(ATTRIBUTE.t, () => embeddedTensor(writer, '', attr.value));
        return type.TENSOR;
      case 'graph':
        writer.message(ATTRIBUTE.g, () => this.subgraph(attr.value, declare));
        return type.GRAPH;
    }
  }

  private subgraph(graph: Subgraph, declare: (value: Value) => void): void {
    const nodes = graph.nodes.filter((node): node is OnnxNode => node.kind === 'native');
    this.graph(graph.name, graph.inputs, graph.outputs, nodes, declare);
  }

  private initializer(into: MessageWriter, name: string, tensor: Tensor): void {
    if (tensor.dtype === 'string' || tensor.byteLength < MIN_WEIGHT_BYTES) embeddedTensor(into, name, tensor);
    else this.external(into, name, weightOf(tensor));
  }

  private external(into: MessageWriter, name: string, weight: Weight): void {
    const known = this.weights.get(name);
    const offset = known?.offset ?? Math.ceil(this.weightBytes / WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT;
    if (known === undefined) {
      this.weights.set(name, { offset, weight });
      this.weightBytes = offset + weight.byteLength;
    }
    for (const dim of weight.shape) into.integer(TENSOR.dims, dim);
    into.integer(TENSOR.dataType, onnxDataType(weight.dtype));
    into.text(TENSOR.name, name);
    const entry = (key: string, value: string | number) => {
      into.message(TENSOR.externalData, () => {
        into.text(ENTRY.key, key);
        into.text(ENTRY.value, String(value));
      });
    };
    entry('location', WEIGHT_FILE_NAME);
    entry('offset', offset);
    entry('length', weight.byteLength);
    into.integer(TENSOR.dataLocation, TensorProto_DataLocation.EXTERNAL);
  }

  private valueInfo(into: MessageWriter, { dtype, shape }: Value, name: string): void {
    into.text(VALUE_INFO.name, name);
    into.message(VALUE_INFO.type, () => {
      into.message(TYPE.tensorType, () => {
        into.integer(TENSOR_TYPE.elemType, onnxDataType(dtype));
        if (shape === undefined) return;
        into.message(TENSOR_TYPE.shape, () => {
          for (const dim of shape) {
            into.message(SHAPE.dim, () => {
              if (typeof dim === 'number') into.integer(DIMENSION.value, dim);
              else into.text(DIMENSION.param, this.symbolName(dim));
            });
          }
        });
      });
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

function embeddedTensor(into: MessageWriter, name: string, { dtype, shape, data }: Tensor): void {
  for (const dim of shape) into.integer(TENSOR.dims, dim);
  into.integer(TENSOR.dataType, onnxDataType(dtype));
  if (dtype === 'string') {
    for (const text of data as readonly Uint8Array[]) into.bytes(TENSOR.stringData, text);
    into.text(TENSOR.name, name);
    return;
  }
  if (!ArrayBuffer.isView(data)) {
    throw new SavedModelError('INTERNAL', 'BAD_CONSTANT', `Constant '${name}' of dtype ${dtype} has no bytes.`);
  }
  into.text(TENSOR.name, name);
  into.bytes(TENSOR.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** Whether a loop ends after a number of iterations that is known, or is the size of something. */
function hasKnownCount({ inputs: [count] }: OnnxNode): boolean {
  if (count === undefined) return false;
  const [dim] = count.elements ?? [];
  return count.constant !== undefined || typeof dim === 'number' || dim?.kind === 'size';
}
