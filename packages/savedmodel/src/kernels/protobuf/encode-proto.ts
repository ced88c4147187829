import { Tensor } from '@servable/tensor';
import { boundedBytes, boundedStrings } from '../byte-strings.js';
import { integersOf, invalidRequest, sizeOf, type Elements } from '../elements.js';
import type { FieldType } from './descriptors.js';
import { dtypesOf, writeFieldValue, type FieldValue } from './field-values.js';
import { wireTypeOf } from './message-tree.js';
import { WireType, WireWriter } from './wire-reader.js';

/** `EncodeProto`: one message for each row of all values (tensorflow/core/kernels/encode_proto_op.cc). */
export function encodeProto(sizes: Tensor, values: readonly Tensor[], fields: readonly FieldType[]): Tensor {
  fields.forEach((field, i) => {
    const { dtype, shape } = values[i]!;
    if (!dtypesOf(field.kind).includes(dtype)) {
      throw invalidRequest('OTHER_DTYPE', `Incompatible type for field ${field.name}. Saw dtype: ${dtype}`);
    }
    if (shape.length < 2) {
      throw invalidRequest(
        'BAD_RANK',
        `Invalid shape for field ${field.name}. Saw shape [${shape.join(',')}] but it should be at least a matrix.`,
      );
    }
  });
  const lead = values[0]?.shape.slice(0, -1) ?? [];
  if (values.some(({ shape }) => shape.slice(0, -1).join() !== lead.join())) {
    throw invalidRequest('INCOMPATIBLE_SHAPES', 'Values must match up to the last dimension');
  }
  const expected = [...lead, fields.length];
  if (sizes.shape.join() !== expected.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `sizes should be batch_size + [len(field_names)]. Saw: [${sizes.shape.join(',')}] but expected: [${expected.join(',')}]`,
    );
  }
  const counts = integersOf(sizes);
  counts.forEach((count, i) => {
    const width = values[i % fields.length]!.shape.at(-1)!;
    if (count <= width) return;
    throw invalidRequest(
      'SIZE_OUT_OF_RANGE',
      `Size to write must not be larger than value tensor; but saw: ${count} > ${width} at message ` +
        `${Math.floor(i / fields.length)} field ${i % fields.length}`,
    );
  });
  const order = fields.map((_, i) => i).sort((a, b) => fields[a]!.number - fields[b]!.number);
  let total = 0;
  const messages = Array.from({ length: boundedStrings(sizeOf(lead)) }, (_, row) => {
    const writer = new WireWriter();
    for (const i of order) {
      const width = values[i]!.shape.at(-1)!;
      const data = values[i]!.data as unknown as Elements<FieldValue>;
      const count = counts[row * fields.length + i]!;
      writeField(
        writer,
        fields[i]!,
        Array.from({ length: Math.max(0, count) }, (__, k) => data[row * width + k]!),
      );
    }
    const bytes = writer.finish();
    total = boundedBytes(total + bytes.length);
    return bytes;
  });
  return new Tensor('string', lead, messages);
}

function writeField(writer: WireWriter, field: FieldType, values: readonly FieldValue[]): void {
  if (values.length === 0) return;
  const wire = wireTypeOf(field.kind);
  if (field.isPacked) {
    const packed = new WireWriter();
    for (const value of values) writeFieldValue(packed, field, value);
    writer.tag(field.number, WireType.bytes).lengthDelimited(packed.finish());
    return;
  }
  for (const value of values) {
    writer.tag(field.number, wire);
    writeFieldValue(writer, field, value);
  }
}
