import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { AttrValueSchema, type AttrValue } from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { messagesOf, textOf } from './message-parts.js';

/** Field numbers of `NodeDef`, its map entries and `AttrValue` (`tensorflow/core/framework/*.proto`). */
const NAME = 1;
const OP = 2;
const INPUT = 3;
const ATTR = 5;
const KEY = 1;
const VALUE = 2;
const LIST = 1;
const LIST_FUNC = 9;
const FUNC = 10;
const FUNC_NAME = 1;

/** Tags of those fields of `AttrValue` that are no messages. */
const BYTES = (2 << 3) | WireType.LengthDelimited;
const INT = (3 << 3) | WireType.Varint;
const FLOAT = (4 << 3) | WireType.Bit32;
const BOOL = (5 << 3) | WireType.Varint;
const TYPE = (6 << 3) | WireType.Varint;
/** Of those that may name functions. */
const LIST_TAG = (LIST << 3) | WireType.LengthDelimited;
const FUNC_TAG = (FUNC << 3) | WireType.LengthDelimited;
const LIST_FUNC_TAG = (LIST_FUNC << 3) | WireType.LengthDelimited;

/**
 * A `NodeDef` that is parsed when it is first looked at, and its attributes one by one. A model's file holds thousands of
 * nodes that no request needs: those that save and restore variables, and every function for each of its uses.
 */
export class StoredNode {
  readonly name: string;
  readonly #bytes: Buffer;
  #parts: NodeParts | undefined;

  /**
   * @param bytes - a serialised `NodeDef`, which is kept
   * @throws Error when the bytes are no message
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.name = nameOf(this.#bytes);
  }

  /** @throws SavedModelError DATA_LOSS `MALFORMED_PROTO` */
  get op(): string {
    return this.#read().op;
  }

  /** @throws SavedModelError DATA_LOSS `MALFORMED_PROTO` */
  get input(): readonly string[] {
    return this.#read().input;
  }

  /** Values are parsed when they are read. @throws SavedModelError DATA_LOSS `MALFORMED_PROTO`, from values too */
  get attr(): Readonly<Record<string, AttrValue>> {
    return this.#read().attr;
  }

  /** Names of the functions that attributes name, as callee or body. */
  get functions(): readonly string[] {
    const { attr } = this.#read();
    let names = noNames;
    for (const name in attr) {
      const found = attr[name]?.functions ?? noNames;
      if (found.length > 0) names = [...names, ...found];
    }
    return names;
  }

  #read(): NodeParts {
    this.#parts ??= orMalformed(
      this.name,
      () => readPlainParts(this.name, this.#bytes) ?? readParts(this.name, this.#bytes),
    );
    return this.#parts;
  }
}

/** Nodes by their names. */
export function storedNodes(serialized: Iterable<Uint8Array>): ReadonlyMap<string, StoredNode> {
  const nodes = new Map<string, StoredNode>();
  for (const bytes of serialized) {
    const node = new StoredNode(bytes);
    nodes.set(node.name, node);
  }
  return nodes;
}

interface NodeParts {
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, StoredAttribute>>;
}

const noNames: readonly string[] = [];

/** An `AttrValue` that is parsed when its value is read. */
export class StoredAttribute implements AttrValue {
  readonly $typeName = 'tensorflow.AttrValue';
  #value: AttrValue['value'] | undefined;

  /**
   * @param owner - what it is an attribute of, for messages
   * @param within - bytes that hold the serialised `AttrValue`
   * @param start - where it begins there
   * @param end - where it ends
   */
  constructor(
    private readonly owner: string,
    private readonly within: Uint8Array,
    private readonly start = 0,
    private readonly end = within.length,
  ) {}

  get value(): AttrValue['value'] {
    this.#value ??=
      readShort(this.within, this.start, this.end) ?? orMalformed(this.owner, () => readValue(this.bytes));
    return this.#value;
  }

  /** Names of the functions that it names; without parsing most values, which name none. */
  get functions(): readonly string[] {
    const first = this.start < this.end ? this.within[this.start] : undefined;
    if (first !== FUNC_TAG && first !== LIST_TAG) return noNames;
    // The elements of a list are all of one kind; lists of functions are short.
    const size = (this.within[this.start + 1] ?? 0) < 0x80 ? 1 : 2;
    if (first === LIST_TAG && this.within[this.start + 1 + size] !== LIST_FUNC_TAG) return noNames;
    return orMalformed(this.owner, () =>
      [...messagesOf(this.bytes, FUNC), ...messagesOf(this.bytes, LIST).flatMap((list) => messagesOf(list, LIST_FUNC))]
        .flatMap((func) => messagesOf(func, FUNC_NAME).slice(-1))
        .map(textOf),
    );
  }

  private get bytes(): Uint8Array {
    const { buffer, byteOffset } = this.within;
    return new Uint8Array(buffer, byteOffset + this.start, this.end - this.start);
  }
}

/** Tags in front of the first two fields of a node, and of an entry of its attributes, as every writer has them. */
const FIRST_TEXT = (1 << 3) | WireType.LengthDelimited;
const SECOND_TEXT = (2 << 3) | WireType.LengthDelimited;

function nameOf(bytes: Buffer): string {
  const end = 2 + (bytes[1] ?? 0);
  if (bytes[0] === FIRST_TEXT && end < 0x80 && bytes[end] === SECOND_TEXT) return bytes.toString('utf8', 2, end);
  const reader = new BinaryReader(bytes);
  let name: Uint8Array | undefined;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number !== NAME || wireType !== WireType.LengthDelimited) {
      // Writers put fields in the order of their numbers; a name further behind is looked for as well.
      if (name !== undefined) break;
      reader.skip(wireType, number);
    } else name = reader.bytes();
  }
  return name === undefined ? '' : textOf(name);
}

/** Tags of the fields of a node: strings and messages, all of them. */
const LENGTH_DELIMITED: number = WireType.LengthDelimited;
const NODE_TAGS = { op: 0x12, input: 0x1a, attr: 0x2a, lowest: 0x0a, highest: 0x3a } as const;

/**
 * Reads a node as TensorFlow writes it, in place: a model has thousands of nodes with dozens of fields each, and a view of
 * every one would take longer than all the rest. Gives `undefined` for what is written otherwise.
 */
function readPlainParts(name: string, bytes: Buffer): NodeParts | undefined {
  let op = '';
  const input: string[] = [];
  // Names of attributes are not names that objects inherit.
  const attr = Object.create(null) as Record<string, StoredAttribute>;
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    if (tag < NODE_TAGS.lowest || tag > NODE_TAGS.highest || (tag & 7) !== LENGTH_DELIMITED) return undefined;
    let size = bytes[at + 1] ?? 0x80;
    let start = at + 2;
    if (size >= 0x80) {
      const next = bytes[start++] ?? 0x80;
      if (next >= 0x80) return undefined;
      size = (size & 0x7f) | (next << 7);
    }
    const end = start + size;
    if (end > bytes.length) return undefined;
    if (tag === NODE_TAGS.op) op = bytes.toString('utf8', start, end);
    else if (tag === NODE_TAGS.input) input.push(bytes.toString('utf8', start, end));
    else if (tag === NODE_TAGS.attr) {
      const keyEnd = start + 2 + (bytes[start + 1] ?? 0);
      if (bytes[start] !== FIRST_TEXT || bytes[start + 1]! >= 0x80 || bytes[keyEnd] !== SECOND_TEXT) return undefined;
      let valueSize = bytes[keyEnd + 1] ?? 0x80;
      let valueStart = keyEnd + 2;
      if (valueSize >= 0x80) valueSize = (valueSize & 0x7f) | ((bytes[valueStart++] ?? 0) << 7);
      if (valueStart + valueSize !== end) return undefined;
      attr[bytes.toString('utf8', start + 2, keyEnd)] = new StoredAttribute(name, bytes, valueStart, end);
    }
    at = end;
  }
  return { op, input, attr };
}

function readParts(name: string, bytes: Uint8Array): NodeParts {
  const reader = new BinaryReader(bytes);
  let op = '';
  const input: string[] = [];
  const attributes: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else {
      const contents = reader.bytes();
      if (number === OP) op = textOf(contents);
      else if (number === INPUT) input.push(textOf(contents));
      else if (number === ATTR) attributes.push(contents);
    }
  }
  return { op, input, attr: readAttributes(name, attributes) };
}

/**
 * Attributes by name.
 *
 * @param owner - what they are attributes of, for messages
 * @param entries - entries of a map from names to `AttrValue`s
 */
export function readAttributes(
  owner: string,
  entries: readonly Uint8Array[],
): Readonly<Record<string, StoredAttribute>> {
  // Names of attributes are not names that objects inherit.
  const attributes = Object.create(null) as Record<string, StoredAttribute>;
  for (const entry of entries) {
    const [name, value] = readMapEntry(entry);
    attributes[name] = new StoredAttribute(owner, value);
  }
  return attributes;
}

/** Key and value of an entry of a map from strings to messages or strings. */
export function readMapEntry(entry: Uint8Array): [key: string, value: Uint8Array] {
  const end = 2 + (entry[1] ?? 0);
  if (entry[0] === FIRST_TEXT && end < 0x80 && entry[end] === SECOND_TEXT) {
    const size = entry[end + 1] ?? 0;
    if (size < 0x80 && end + 2 + size === entry.length)
      return [textOf(entry.subarray(2, end)), entry.subarray(end + 2)];
  }
  const reader = new BinaryReader(entry);
  let key: Uint8Array | undefined;
  let value: Uint8Array | undefined;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else {
      const contents = reader.bytes();
      if (number === KEY) key = contents;
      // Messages one behind the other are what they are merged.
      else if (number === VALUE) value = value === undefined ? contents : Buffer.concat([value, contents]);
    }
  }
  return [key === undefined ? '' : textOf(key), value ?? new Uint8Array()];
}

/** Values of one byte, which most are. */
function readShort(bytes: Uint8Array, start: number, end: number): AttrValue['value'] | undefined {
  const byte = bytes[start + 1] ?? 0x80;
  if (end - start !== 2 || byte >= 0x80) return undefined;
  switch (bytes[start]) {
    case INT:
      return { case: 'i', value: BigInt(byte) };
    case BOOL:
      return { case: 'b', value: byte !== 0 };
    case TYPE:
      return { case: 'type', value: byte };
    default:
      return undefined;
  }
}

function readValue(bytes: Uint8Array): AttrValue['value'] {
  const reader = new BinaryReader(bytes);
  const value = reader.len === 0 ? undefined : readPlain(reader);
  if (value !== undefined && reader.pos === reader.len) return value;
  return fromBinary(AttrValueSchema, bytes, { readUnknownFields: false }).value;
}

function readPlain(reader: BinaryReader): AttrValue['value'] | undefined {
  switch (reader.uint32()) {
    case BYTES:
      return { case: 's', value: reader.bytes() };
    case INT:
      return { case: 'i', value: BigInt(reader.int64()) };
    case FLOAT:
      return { case: 'f', value: reader.float() };
    case BOOL:
      return { case: 'b', value: reader.bool() };
    case TYPE:
      return { case: 'type', value: reader.int32() };
    default:
      return undefined;
  }
}

function orMalformed<T>(owner: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_PROTO',
      `'${owner.slice(0, 200)}' of the model cannot be parsed: expected a NodeDef: ${(cause as Error).message}`,
      { cause },
    );
  }
}
