import type { DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { utf8 } from '../kernels/byte-strings.js';
import { decodeProto } from '../kernels/protobuf/decode-proto.js';
import {
  localPool,
  poolFromBytes,
  type DescriptorPool,
  type FieldType,
  type MessageType,
} from '../kernels/protobuf/descriptors.js';
import { encodeProto } from '../kernels/protobuf/encode-proto.js';
import { dtypesOf } from '../kernels/protobuf/field-values.js';
import { unknownDim, type OutputSpec } from '../onnx/known-shapes.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

const INLINE = utf8('bytes://');

/** Messages of protocol buffers taken apart and put together. */
export const protocolBuffers = new OpFamily('protocol buffers')
  .host('DecodeProtoV2', (context) => {
    const { attrs } = context;
    const { pool, type } = messageType(context);
    const names = attrs.strings('field_names', []);
    const dtypes = attrs.dtypes('output_types', []);
    if (names.length !== dtypes.length) {
      throw wrongAttribute(context, 'field_names and output_types attributes must have the same length');
    }
    const wanted = names.map((name, i) => {
      const field = fieldNamed(context, type, name);
      const dtype = dtypes[i] as DType;
      if (!dtypesOf(field.kind).includes(dtype)) {
        throw wrongAttribute(context, `Unexpected output type for ${field.fullName}: ${dtype}`);
      }
      return { field, dtype };
    });
    const format = attrs.string('message_format', 'binary');
    if (format !== 'binary' && format !== 'text') {
      throw wrongAttribute(context, `format must be one of binary or text, given '${format}'`);
    }
    const options = { pool, type, wanted, isText: format === 'text', sanitizes: attrs.bool('sanitize', false) };
    const lead = context.input(0).shape;
    const specs: OutputSpec[] = [
      { dtype: 'int32', shape: lead && [...lead, names.length] },
      ...dtypes.map((dtype) => ({ dtype, shape: lead && [...lead, unknownDim()] })),
    ];
    return hostValues(context, context.inputs(), specs, (messages) => decodeProto(messages, options));
  })
  .host('EncodeProto', (context) => {
    const { type } = messageType(context);
    const fields = context.attrs.strings('field_names').map((name) => fieldNamed(context, type, name, false));
    if (fields.length !== context.inputCount - 1) {
      throw wrongAttribute(context, 'Length of inputs list must match field_names');
    }
    const lead = context.input(0).shape?.slice(0, -1);
    return hostValue(context, context.inputs(), { dtype: 'string', shape: lead }, (sizes, ...values) =>
      encodeProto(sizes, values, fields),
    );
  });

function messageType(context: OpContext): { readonly pool: DescriptorPool; readonly type: MessageType } {
  const pool = descriptorPool(context);
  const name = context.attrs.string('message_type');
  const type = pool.messages.get(name);
  if (type === undefined) throw wrongAttribute(context, `No descriptor found for message type ${name}`);
  return { pool, type };
}

/** What the model says its messages are like (tensorflow/core/util/proto/descriptors.cc, `GetDescriptorPool`). */
function descriptorPool(context: OpContext): DescriptorPool {
  const source = context.attrs.bytes('descriptor_source', utf8('local://'));
  const text = new TextDecoder().decode(source.subarray(0, 4096));
  if (text === 'local://') return localPool();
  if (INLINE.every((byte, i) => source[i] === byte)) return poolFromBytes(source.subarray(INLINE.length), 'bytes://');
  const bytes = context.assetBytes(text);
  if (bytes !== undefined) return poolFromBytes(bytes, text);
  throw wrongAttribute(
    context,
    `descriptor_source is '${text}': expected local://, bytes:// with a FileDescriptorSet, or a file in the model's ` +
      'assets folder',
  );
}

function fieldNamed(context: OpContext, type: MessageType, name: string, takesExtensions = true): FieldType {
  const field = type.byName.get(name) ?? (takesExtensions ? type.extensions.get(name) : undefined);
  if (field === undefined) throw wrongAttribute(context, `Unknown field: ${name} in message type ${type.name}`);
  return field;
}

function wrongAttribute({ node }: OpContext, why: string): SavedModelError {
  return new SavedModelError('INVALID_ARGUMENT', 'BAD_ATTRIBUTE', `Op ${node.op} at node '${node.name}': ${why}`, {
    op: node.op,
    node: node.name,
  });
}
