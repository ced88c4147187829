import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { AttrValue, DataType } from '@servable/protos/tensorflow';
import { messagesOf, textOf } from './message-parts.js';
import { readAttributes, readMapEntry, storedNodes, type StoredNode } from './stored-node.js';

/** Field numbers of `FunctionDef`, `ArgAttrs`, `OpDef` and `ArgDef` (`tensorflow/core/framework/{function,op_def}.proto`). */
const SIGNATURE = 1;
const NODES = 3;
const RETURNS = 4;
const CONTROL_RETURNS = 6;
const ARGUMENT_ATTRS = 7;
const ARGUMENT_ATTRS_ATTR = 1;
const INPUTS = 2;
const OUTPUTS = 3;
const ARGUMENT_NAME = 1;
const ARGUMENT_TYPE = 3;

/** What is kept of a `FunctionDef`: what calls of it need. */
export interface StoredFunction {
  readonly inputs: readonly FunctionArgument[];
  readonly outputs: readonly FunctionArgument[];
  /** The value of every output, by its name. */
  readonly returns: ReadonlyMap<string, string>;
  /** Nodes that have to run whatever is returned. */
  readonly controlReturns: readonly string[];
  /** The nodes by name, each of which is parsed when it is needed. */
  readonly nodes: ReadonlyMap<string, StoredNode>;
}

/** An argument or result of a function. */
export interface FunctionArgument {
  readonly name: string;
  readonly type: DataType;
  /** Attributes of the argument, such as `_output_shapes`. */
  readonly attr: Readonly<Record<string, AttrValue>>;
}

/** @throws Error when the bytes are no `FunctionDef` */
export function readFunction(bytes: Uint8Array): StoredFunction {
  const attributes = new Map(messagesOf(bytes, ARGUMENT_ATTRS).map(readArgumentAttributes));
  const signature = messagesOf(bytes, SIGNATURE);
  const named = (field: number) =>
    signature.flatMap((part) => messagesOf(part, field)).map((argument) => readArgument(argument));
  const texts = (field: number) => messagesOf(bytes, field).map(readMapEntry);
  return {
    inputs: named(INPUTS).map((argument, index) => {
      const given = attributes.get(index);
      return given === undefined ? argument : { ...argument, attr: readAttributes(argument.name, given) };
    }),
    outputs: named(OUTPUTS),
    returns: new Map(texts(RETURNS).map(([output, value]) => [output, textOf(value)])),
    controlReturns: [...new Map(texts(CONTROL_RETURNS)).values()].map(textOf),
    nodes: storedNodes(messagesOf(bytes, NODES)),
  };
}

function readArgument(bytes: Uint8Array): FunctionArgument {
  const reader = new BinaryReader(bytes);
  let name = '';
  let type: DataType = 0;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === ARGUMENT_NAME && wireType === WireType.LengthDelimited) name = textOf(reader.bytes());
    else if (number === ARGUMENT_TYPE && wireType === WireType.Varint) type = reader.int32();
    else reader.skip(wireType, number);
  }
  return { name, type, attr: {} };
}

/** An entry of the map from an argument's number to its attributes. */
function readArgumentAttributes(entry: Uint8Array): readonly [index: number, attributes: readonly Uint8Array[]] {
  const reader = new BinaryReader(entry);
  let index = 0;
  const attributes: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.Varint) index = reader.uint32();
    else if (number === 2 && wireType === WireType.LengthDelimited) {
      attributes.push(...messagesOf(reader.bytes(), ARGUMENT_ATTRS_ATTR));
    } else reader.skip(wireType, number);
  }
  return [index, attributes];
}
