import { decoderOf } from '../kernels/unicode-decode.js';
import { unicodeScript } from '../kernels/unicode-script.js';
import {
  unicodeDecode,
  unicodeEncode,
  unicodeTranscode,
  type OutputEncoding,
  type UnicodeErrors,
} from '../kernels/unicode.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import { OpFamily, type OpContext } from './registry.js';
import { hostValue, hostValues } from './host-value.js';

/** Text as code points, and back. */
export const unicode = new OpFamily('unicode')
  .host('UnicodeDecode UnicodeDecodeWithOffsets', (context) => {
    const { attrs, builder } = context;
    const decode = decoderOf(attrs.string('input_encoding'));
    const errors = errorsOf(context);
    const input = context.input(0);
    const splits = attrs.dtype('Tsplits', 'int64');
    const count = builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: splits, shape: [rowsOf(input.shape)] },
      { dtype: 'int32', shape: [count] },
      { dtype: 'int64', shape: [count] },
    ];
    const outputs = context.node.op === 'UnicodeDecode' ? 2 : 3;
    return hostValues(context, [input], specs.slice(0, outputs), (x) =>
      unicodeDecode(x, decode, errors, splits).slice(0, outputs),
    );

    function rowsOf(shape: typeof input.shape) {
      const size = shape?.length === 0 ? 1 : shape?.length === 1 ? shape[0] : undefined;
      return typeof size === 'number' ? size + 1 : builder.unknownDim();
    }
  })
  .host('UnicodeTranscode', (context) => {
    const decode = decoderOf(context.attrs.string('input_encoding'));
    const encoding = outputEncoding(context);
    const errors = errorsOf(context);
    const input = context.input(0);
    return hostValue(context, [input], { dtype: 'string', shape: input.shape }, (x) =>
      unicodeTranscode(x, decode, errors, encoding),
    );
  })
  .host('UnicodeEncode', (context) => {
    const encoding = outputEncoding(context);
    const errors = errorsOf(context);
    const rows = context.input(1).shape?.[0];
    const shape = [typeof rows === 'number' ? Math.max(0, rows - 1) : context.builder.unknownDim()];
    return hostValue(context, context.inputs(), { dtype: 'string', shape }, (values, splits) =>
      unicodeEncode(values, splits, errors, encoding),
    );
  })
  .host('UnicodeScript', (context) =>
    hostValue(context, context.inputs(), { dtype: 'int32', shape: context.input(0).shape }, unicodeScript),
  );

function errorsOf(context: OpContext): UnicodeErrors {
  const { attrs } = context;
  const policy = attrs.string('errors', 'replace');
  if (policy !== 'strict' && policy !== 'replace' && policy !== 'ignore') {
    throw context.refuse(`its errors policy is '${policy}', not 'strict', 'replace' or 'ignore'`);
  }
  const replacement = attrs.int('replacement_char', 0xfffd);
  if (replacement < 0 || replacement > 0x10ffff) throw context.refuse('its replacement_char is no code point');
  return { policy, replacement, controls: attrs.bool('replace_control_characters', false) };
}

function outputEncoding(context: OpContext): OutputEncoding {
  const encoding = context.attrs.string('output_encoding');
  if (encoding === 'UTF-8' || encoding === 'UTF-16-BE' || encoding === 'UTF-32-BE') return encoding;
  throw context.refuse(`its output encoding is '${encoding}', not UTF-8, UTF-16-BE or UTF-32-BE`);
}
