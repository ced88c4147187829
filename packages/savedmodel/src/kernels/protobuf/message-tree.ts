import { FieldKind, type DescriptorPool, type FieldType, type MessageType } from './descriptors.js';
import { MAX_DEPTH, WireError, WireReader, WireType, WireWriter } from './wire-reader.js';

/** A value as it will stand on the wire: varints as 64 bits, fixed numbers and strings as their bytes. */
export type TreeValue = bigint | Uint8Array | MessageTree;

/** A message in parts: what reading and writing it again goes through. */
export class MessageTree {
  readonly values = new Map<number, TreeValue[]>();
  /** Whole fields that the schema does not know. */
  readonly unknown: Uint8Array[] = [];

  constructor(readonly type: MessageType) {}

  /** Of a field that is not repeated the last value counts, and of a oneof the last field. */
  add(field: FieldType, value: TreeValue): void {
    const before = this.values.get(field.number);
    if (field.isRepeated && before !== undefined) before.push(value);
    else this.values.set(field.number, [value]);
    if (field.oneof === undefined) return;
    for (const other of this.type.fields.values()) {
      if (other.oneof === field.oneof && other.number !== field.number) this.values.delete(other.number);
    }
  }
}

/** How values of a field stand on the wire, one by one. */
export function wireTypeOf(kind: FieldKind): number {
  switch (kind) {
    case FieldKind.DOUBLE:
    case FieldKind.FIXED64:
    case FieldKind.SFIXED64:
      return WireType.fixed64;
    case FieldKind.FLOAT:
    case FieldKind.FIXED32:
    case FieldKind.SFIXED32:
      return WireType.fixed32;
    case FieldKind.STRING:
    case FieldKind.BYTES:
    case FieldKind.MESSAGE:
      return WireType.bytes;
    case FieldKind.GROUP:
      return WireType.startGroup;
    default:
      return WireType.varint;
  }
}

/** A varint as C++ would write what it has read of it. */
export function normalVarint(kind: FieldKind, value: bigint): bigint {
  switch (kind) {
    case FieldKind.INT32:
    case FieldKind.ENUM:
      return BigInt.asIntN(32, value);
    case FieldKind.UINT32:
    case FieldKind.SINT32:
      return BigInt.asUintN(32, value);
    case FieldKind.BOOL:
      return value === 0n ? 0n : 1n;
    default:
      return value;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function checkUtf8(field: FieldType, bytes: Uint8Array): void {
  if (!field.isUtf8) return;
  try {
    utf8.decode(bytes);
  } catch {
    throw new WireError(`field ${field.fullName} is not UTF-8`);
  }
}

/** Reads a message into parts. @throws WireError for bytes that are none, or lack a required field */
export function readMessage(pool: DescriptorPool, type: MessageType, bytes: Uint8Array): MessageTree {
  const tree = new MessageTree(type);
  readFields(pool, tree, new WireReader(bytes), undefined, 0);
  checkRequired(tree);
  return tree;
}

/** @param group - the number of the group that is read */
function readFields(
  pool: DescriptorPool,
  tree: MessageTree,
  reader: WireReader,
  group: number | undefined,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new WireError('messages are nested too deep');
  for (;;) {
    const start = reader.at;
    const tag = reader.tag();
    if (tag === undefined) {
      if (group !== undefined) throw new WireError('a group does not end');
      return;
    }
    const { number, wire } = tag;
    if (wire === WireType.endGroup) {
      if (number === group) return;
      throw new WireError('a group ends that has not begun');
    }
    const field = tree.type.fields.get(number);
    const expected = field && wireTypeOf(field.kind);
    if (field !== undefined && wire === expected) {
      readValue(pool, tree, field, reader, start, depth);
    } else if (field !== undefined && wire === WireType.bytes && field.isRepeated && expected !== WireType.startGroup) {
      const packed = new WireReader(reader.lengthDelimited());
      while (!packed.isAtEnd) readValue(pool, tree, field, packed, undefined, depth);
    } else {
      reader.skip(number, wire);
      tree.unknown.push(reader.bytes.subarray(start, reader.at));
    }
  }
}

/** @param start - where the field's tag stands, of a value that has one of its own */
function readValue(
  pool: DescriptorPool,
  tree: MessageTree,
  field: FieldType,
  reader: WireReader,
  start: number | undefined,
  depth: number,
): void {
  const { kind, number } = field;
  const wire = wireTypeOf(kind);
  if (wire === WireType.varint) {
    const value = normalVarint(kind, reader.varint());
    const type = kind === FieldKind.ENUM ? pool.enums.get(field.typeName) : undefined;
    if (type?.isClosed === true && ![...type.values.values()].includes(Number(value))) {
      tree.unknown.push(new WireWriter().tag(number, WireType.varint).varint(value).finish());
    } else {
      tree.add(field, value);
    }
    return;
  }
  if (wire === WireType.fixed32 || wire === WireType.fixed64) {
    const view = reader.fixed(wire === WireType.fixed32 ? 4 : 8);
    tree.add(field, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return;
  }
  if (kind === FieldKind.STRING || kind === FieldKind.BYTES) {
    const bytes = reader.lengthDelimited();
    checkUtf8(field, bytes);
    tree.add(field, bytes);
    return;
  }
  if (start === undefined) throw new WireError(`field ${field.fullName} is packed`);
  // What is there of a message that is not repeated is merged with what follows.
  const [before] = field.isRepeated ? [] : (tree.values.get(number) ?? []);
  const inner = before instanceof MessageTree ? before : new MessageTree(pool.messageOf(field));
  if (kind === FieldKind.GROUP) readFields(pool, inner, reader, number, depth + 1);
  else readFields(pool, inner, new WireReader(reader.lengthDelimited()), undefined, depth + 1);
  if (inner !== before) tree.add(field, inner);
}

/** @throws WireError when a field is not there that must be */
export function checkRequired(tree: MessageTree): void {
  for (const field of tree.type.fields.values()) {
    if (field.isRequired && !tree.values.has(field.number)) throw new WireError(`field ${field.fullName} is required`);
  }
  for (const values of tree.values.values()) {
    for (const value of values) if (value instanceof MessageTree) checkRequired(value);
  }
}

const isZero = (value: TreeValue) =>
  typeof value === 'bigint' ? value === 0n : value instanceof Uint8Array && value.every((byte) => byte === 0);

/** Whether a value that is not there reads as the same. */
function isImplied(field: FieldType, value: TreeValue): boolean {
  if (field.hasPresence || field.isRepeated) return false;
  if (value instanceof Uint8Array && (field.kind === FieldKind.STRING || field.kind === FieldKind.BYTES)) {
    return value.length === 0;
  }
  return isZero(value);
}

/** Writes the fields by number, and behind them what the schema does not know, as C++'s reflection does. */
export function writeMessage(tree: MessageTree): Uint8Array {
  const writer = new WireWriter();
  for (const [number, values] of [...tree.values].sort(([a], [b]) => a - b)) {
    const field = tree.type.fields.get(number)!;
    if (field.isPacked) {
      const packed = new WireWriter();
      for (const value of values) writePlain(packed, value as bigint | Uint8Array);
      writer.tag(number, WireType.bytes).lengthDelimited(packed.finish());
      continue;
    }
    for (const value of values) {
      if (isImplied(field, value)) continue;
      writer.tag(number, wireTypeOf(field.kind));
      if (value instanceof MessageTree) {
        const bytes = writeMessage(value);
        if (field.kind === FieldKind.GROUP) writer.raw(bytes).tag(number, WireType.endGroup);
        else writer.lengthDelimited(bytes);
      } else if (field.kind === FieldKind.STRING || field.kind === FieldKind.BYTES) {
        writer.lengthDelimited(value as Uint8Array);
      } else {
        writePlain(writer, value);
      }
    }
  }
  for (const bytes of tree.unknown) writer.raw(bytes);
  return writer.finish();
}

function writePlain(writer: WireWriter, value: bigint | Uint8Array): void {
  if (typeof value === 'bigint') writer.varint(value);
  else writer.raw(value);
}
