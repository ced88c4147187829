import { mergeFromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Merges a serialised message into `target` except for some message fields, whose contents it returns as views. */
export function mergeWithout<Desc extends DescMessage>(
  schema: Desc,
  target: MessageShape<Desc>,
  bytes: Uint8Array,
  left: readonly number[],
): ReadonlyMap<number, readonly Uint8Array[]> {
  const found = new Map<number, Uint8Array[]>(left.map((number) => [number, []]));
  const reader = new BinaryReader(bytes);
  let start = 0;
  const mergeUntil = (end: number) => {
    if (end > start) mergeFromBinary(schema, target, bytes.subarray(start, end), { readUnknownFields: false });
  };
  while (reader.pos < reader.len) {
    const from = reader.pos;
    const [number, wireType] = reader.tag();
    const contents = wireType === WireType.LengthDelimited ? found.get(number) : undefined;
    if (contents === undefined) reader.skip(wireType, number);
    else {
      contents.push(reader.bytes());
      mergeUntil(from);
      start = reader.pos;
    }
  }
  mergeUntil(reader.len);
  return found;
}

/** The contents of every length-delimited field of this number, as views. */
export function messagesOf(message: Uint8Array, fieldNumber: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === fieldNumber && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, number);
  }
  return found;
}

/** UTF-8 as text; a text decoder takes several times as long for the few bytes of a name. */
export function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
