import type { DType } from '@servable/tensor';
import { utf8 } from '../byte-strings.js';
import { FieldKind, type DescriptorPool, type FieldType } from './descriptors.js';
import { normalVarint } from './message-tree.js';
import { WireType, type WireReader, type WireWriter } from './wire-reader.js';
import { zigZag } from './text-format.js';

/** An element of the tensor that a field is read into or written from. */
export type FieldValue = number | bigint | Uint8Array;

const dtypes = new Map<FieldKind, readonly DType[]>([
  [FieldKind.DOUBLE, ['float64']],
  [FieldKind.FLOAT, ['float32', 'float64']],
  [FieldKind.INT64, ['int64']],
  [FieldKind.SFIXED64, ['int64']],
  [FieldKind.SINT64, ['int64']],
  [FieldKind.UINT64, ['uint64']],
  [FieldKind.FIXED64, ['uint64']],
  [FieldKind.INT32, ['int32', 'int64']],
  [FieldKind.SFIXED32, ['int32', 'int64']],
  [FieldKind.SINT32, ['int32', 'int64']],
  [FieldKind.UINT32, ['uint32', 'uint64']],
  [FieldKind.FIXED32, ['uint32', 'uint64']],
  [FieldKind.ENUM, ['int32']],
  [FieldKind.BOOL, ['bool']],
  [FieldKind.STRING, ['string']],
  [FieldKind.BYTES, ['string']],
  [FieldKind.MESSAGE, ['string']],
  [FieldKind.GROUP, ['string']],
]);

/** Dtypes that values of a field may have (tensorflow/core/util/proto/proto_utils.cc, `IsCompatibleType`). */
export const dtypesOf = (kind: FieldKind): readonly DType[] => dtypes.get(kind) ?? [];

const isBig = (dtype: DType) => dtype === 'int64' || dtype === 'uint64';
const sized = (value: bigint, dtype: DType): FieldValue => (isBig(dtype) ? value : Number(value));

/** Reads one value (tensorflow/core/util/proto/decode.h). @param start - where the field's tag begins */
export function readFieldValue(reader: WireReader, field: FieldType, dtype: DType, start: number): FieldValue {
  const { kind, number } = field;
  switch (kind) {
    case FieldKind.DOUBLE:
      return reader.fixed(8).getFloat64(0, true);
    case FieldKind.FLOAT:
      return reader.fixed(4).getFloat32(0, true);
    case FieldKind.FIXED64:
      return reader.fixed(8).getBigUint64(0, true);
    case FieldKind.SFIXED64:
      return reader.fixed(8).getBigInt64(0, true);
    case FieldKind.FIXED32:
      return sized(BigInt(reader.fixed(4).getUint32(0, true)), dtype);
    case FieldKind.SFIXED32:
      return sized(BigInt(reader.fixed(4).getInt32(0, true)), dtype);
    case FieldKind.STRING:
    case FieldKind.BYTES:
    case FieldKind.MESSAGE:
      return reader.lengthDelimited();
    case FieldKind.GROUP:
      // With the tags around it.
      reader.skip(number, WireType.startGroup);
      return reader.bytes.subarray(start, reader.at);
    case FieldKind.SINT32:
    case FieldKind.SINT64: {
      const value = normalVarint(kind, reader.varint());
      return sized((value >> 1n) ^ -(value & 1n), dtype);
    }
    case FieldKind.INT64:
      return BigInt.asIntN(64, reader.varint());
    default:
      return sized(normalVarint(kind, reader.varint()), dtype);
  }
}

/** What stands for a field that is not there. */
export function defaultValue(pool: DescriptorPool, field: FieldType, dtype: DType): FieldValue {
  const { kind, defaultText: text } = field;
  if (dtype === 'string') {
    if (kind === FieldKind.BYTES) return cUnescape(text);
    return kind === FieldKind.STRING ? untilNul(utf8(text)) : new Uint8Array();
  }
  if (kind === FieldKind.ENUM) {
    const type = pool.enums.get(field.typeName);
    return type?.values.get(text) ?? type?.first ?? 0;
  }
  if (kind === FieldKind.BOOL) return text === 'true' ? 1 : 0;
  if (kind === FieldKind.DOUBLE || kind === FieldKind.FLOAT) {
    return text === '' ? 0 : text === 'nan' ? NaN : Number(text.replace('inf', 'Infinity'));
  }
  return sized(BigInt(text.startsWith('-') ? -BigInt(text.slice(1)) : text || 0), dtype);
}

/** TensorFlow keeps defaults as C strings. */
function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Descriptors hold default bytes with C's escape sequences. */
function cUnescape(text: string): Uint8Array {
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  const plain = text.replace(/\\(?:([0-7]{1,3})|(.))/g, (_, octal: string | undefined, other: string) =>
    octal === undefined ? (named[other] ?? other) : String.fromCharCode(parseInt(octal, 8)),
  );
  return untilNul(Uint8Array.from(Buffer.from(plain, 'latin1')));
}

/** Writes one value without its tag. */
export function writeFieldValue(writer: WireWriter, field: FieldType, value: FieldValue): void {
  const { kind, number } = field;
  if (value instanceof Uint8Array) {
    if (kind === FieldKind.GROUP) writer.raw(value).tag(number, WireType.endGroup);
    else writer.lengthDelimited(value);
    return;
  }
  const bytes = new DataView(new ArrayBuffer(8));
  const plain = (size: 4 | 8) => writer.raw(new Uint8Array(bytes.buffer, 0, size));
  switch (kind) {
    case FieldKind.DOUBLE:
      bytes.setFloat64(0, Number(value), true);
      plain(8);
      return;
    case FieldKind.FLOAT:
      bytes.setFloat32(0, Number(value), true);
      plain(4);
      return;
    case FieldKind.FIXED64:
    case FieldKind.SFIXED64:
    case FieldKind.FIXED32:
    case FieldKind.SFIXED32:
      bytes.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
      plain(kind === FieldKind.FIXED64 || kind === FieldKind.SFIXED64 ? 8 : 4);
      return;
    case FieldKind.SINT32:
      writer.varint(zigZag(BigInt.asIntN(32, BigInt(value))));
      return;
    case FieldKind.SINT64:
      writer.varint(zigZag(BigInt(value)));
      return;
    default:
      writer.varint(normalVarint(kind, BigInt(value)));
  }
}
