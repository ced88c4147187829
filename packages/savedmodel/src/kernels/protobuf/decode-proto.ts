import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { boundedList, stringsOf } from '../byte-strings.js';
import { allocate, invalidRequest, tensorOf, type Elements } from '../elements.js';
import { FieldKind, type DescriptorPool, type FieldType, type MessageType } from './descriptors.js';
import { defaultValue, readFieldValue, type FieldValue } from './field-values.js';
import { readMessage, wireTypeOf, writeMessage } from './message-tree.js';
import { parseText } from './text-format.js';
import { WireError, WireReader, WireType } from './wire-reader.js';

/** A field that is asked for, and the dtype that it is to have. */
export interface WantedField {
  readonly field: FieldType;
  readonly dtype: DType;
}

/** What `DecodeProtoV2` is asked for. */
export interface DecodeProtoOptions {
  readonly pool: DescriptorPool;
  readonly type: MessageType;
  readonly wanted: readonly WantedField[];
  readonly isText: boolean;
  /** Whether messages are read as a whole and written again first. */
  readonly sanitizes: boolean;
}

/** `DecodeProtoV2`: how often each field is there, and the fields (tensorflow/core/kernels/decode_proto_op.cc). */
export function decodeProto(messages: Tensor, options: DecodeProtoOptions): readonly Tensor[] {
  const { pool, type, wanted, isText, sanitizes } = options;
  const strings = stringsOf(messages);
  if (strings.length === 0) {
    throw invalidRequest('EMPTY', 'Bufs argument must contain at least one value');
  }
  const found = strings.map((bytes) => {
    try {
      if (isText) return collect(writeMessage(parseText(pool, type, bytes)), wanted);
      return collect(sanitizes ? writeMessage(readMessage(pool, type, bytes)) : bytes, wanted);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new SavedModelError(
        'DATA_LOSS',
        'BAD_PROTO',
        `Unable to parse ${isText ? 'text' : 'binary'} protobuf ${type.name}: ${error.message}`,
        { cause: error },
      );
    }
  });
  const sizes = Int32Array.from(found.flatMap((fields) => fields.map((values) => values.length)));
  const outputs = wanted.map(({ field, dtype }, i) => {
    const width = Math.max(1, ...found.map((fields) => fields[i]!.length));
    const shape = [...messages.shape, width];
    const data = allocate(dtype, shape) as unknown as Elements<FieldValue>;
    const rest = defaultValue(pool, field, dtype);
    found.forEach((fields, row) => {
      for (let k = 0; k < width; k++) data[row * width + k] = fields[i]![k] ?? rest;
    });
    return tensorOf(dtype, shape, data);
  });
  return [new Tensor('int32', [...messages.shape, wanted.length], sizes), ...outputs];
}

/** The values of the fields, in the order in which these are asked for. */
function collect(bytes: Uint8Array, wanted: readonly WantedField[]): readonly FieldValue[][] {
  const found = wanted.map((): FieldValue[] => []);
  const places = new Map(wanted.map(({ field }, i) => [field.number, i]));
  const reader = new WireReader(bytes);
  let count = 0;
  for (let start = reader.at, tag = reader.tag(); tag !== undefined; start = reader.at, tag = reader.tag()) {
    const place = places.get(tag.number);
    const { field, dtype } = (place === undefined ? undefined : wanted[place]) ?? {};
    const expected = field && wireTypeOf(field.kind);
    if (place === undefined || field === undefined || dtype === undefined) {
      reader.skip(tag.number, tag.wire);
      continue;
    }
    const values = found[place]!;
    const keep = (value: FieldValue) => {
      boundedList(++count);
      if (field.isRepeated) values.push(value);
      else values[0] = value;
    };
    if (tag.wire === expected) {
      keep(readFieldValue(reader, field, dtype, start));
    } else if (tag.wire === WireType.bytes) {
      const packed = new WireReader(reader.lengthDelimited());
      if (expected === WireType.startGroup && !packed.isAtEnd) throw new WireError(`field ${field.fullName} is packed`);
      while (!packed.isAtEnd) keep(asPacked(field, readFieldValue(packed, field, dtype, packed.at)));
    } else {
      reader.skip(tag.number, tag.wire);
    }
  }
  return found;
}

/** TensorFlow reads packed int32 into int64 without their sign (tensorflow/core/util/proto/decode.h, `ReadFromArray`). */
function asPacked(field: FieldType, value: FieldValue): FieldValue {
  return field.kind === FieldKind.INT32 && typeof value === 'bigint' ? BigInt.asUintN(32, value) : value;
}
