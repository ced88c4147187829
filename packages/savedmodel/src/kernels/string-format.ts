import { dtypeInfo, Tensor } from '@servable/tensor';
import { boundedBytes, byteKey, fromByteKey, joinBytes, NO_BYTES, utf8 } from './byte-strings.js';
import { doublesOf, invalidRequest } from './elements.js';
import { formatDouble, formatInteger, padText, shortDouble, shortFloat, type NumberFormat } from './format-number.js';

/** Attributes of `AsString`. */
export interface AsStringOptions {
  readonly precision: number;
  readonly scientific: boolean;
  readonly shortest: boolean;
  readonly width: number;
  readonly fill: string;
}

/** Why a form of `AsString` is refused, in TensorFlow's words; undefined when it is fine. */
export function asStringProblem(dtype: Tensor['dtype'], options: AsStringOptions): string | undefined {
  const { kind } = dtypeInfo(dtype);
  if (kind !== 'float' && kind !== 'complex' && dtype !== 'string') {
    if (options.scientific || options.shortest) {
      return `scientific and shortest format not supported for datatype ${dtype}`;
    }
    if (options.precision >= 0) return `precision not supported for datatype ${dtype}`;
  }
  if (options.fill.length > 1) return 'Fill string must be one or fewer characters';
  if (!['', '0', '-', '+', ' ', '#'].includes(options.fill)) return `Fill argument not supported: '${options.fill}'`;
  if (options.scientific && options.shortest) return 'Cannot select both scientific and shortest notation';
  if (options.width > 65_536 || options.precision > 4096) return 'a width above 65536 or a precision above 4096';
  return undefined;
}

/** `AsString` (tensorflow/core/kernels/as_string_op.cc): numbers as `printf` writes them. */
export function asString(input: Tensor, options: AsStringOptions): Tensor<'string'> {
  const { shape } = input;
  const width = Math.max(0, options.width);
  const flags = options.width > -1 ? options.fill : '';
  const conversion = options.shortest ? 'g' : options.scientific ? 'e' : 'f';
  const format: NumberFormat = { conversion, precision: options.precision < 0 ? 6 : options.precision, width, flags };
  const real = (value: number) => formatDouble(value, format);
  const texts = (): string[] => {
    const { dtype } = input;
    if (dtype === 'bool') return Array.from(input.data as Uint8Array, (value) => (value === 0 ? 'false' : 'true'));
    if (dtype === 'complex64' || dtype === 'complex128') {
      const parts = input.data as Float32Array | Float64Array;
      return Array.from(
        { length: input.size },
        (_, i) => `(${real(parts[2 * i] ?? 0)},${real(parts[2 * i + 1] ?? 0)})`,
      );
    }
    if (dtypeInfo(dtype).kind === 'float') return Array.from(doublesOf(input), real);
    const unsigned = dtype.startsWith('u');
    const values = input.data as ArrayLike<number | bigint>;
    return Array.from(values, (value) => formatInteger(value, { ...format, conversion: 'd' }, unsigned));
  };
  boundedBytes(input.size * width);
  if (input.is('string')) {
    const pad = (bytes: Uint8Array) =>
      bytes.length >= width ? bytes : fromByteKey(padText(byteKey(bytes), width, flags));
    return new Tensor('string', shape, input.data.map(pad));
  }
  return new Tensor('string', shape, texts().map(utf8));
}

/**
 * `StringFormat`: a template with its placeholders replaced by summaries of tensors (`Tensor::SummarizeValue` with
 * `print_v2` in tensorflow/core/framework/tensor.cc).
 *
 * @param segments - what stands between the placeholders: one more than there are inputs
 * @param most - elements printed at each end of a dimension; below 0 for all
 */
export function stringFormat(inputs: readonly Tensor[], segments: readonly Uint8Array[], most: number): Tensor {
  if (segments.length !== inputs.length + 1) {
    throw invalidRequest(
      'PLACEHOLDER_COUNT',
      `num placeholders in template and num inputs must match: ${segments.length - 1} vs. ${inputs.length}`,
    );
  }
  const parts = segments.flatMap((segment, i) => {
    const input = inputs[i];
    return input === undefined ? [segment] : [segment, fromByteKey(summarize(input, most))];
  });
  return new Tensor('string', [], [joinBytes(parts)]);
}

/** One character per byte. */
function summarize(tensor: Tensor, most: number): string {
  const ends = Math.min(most < 0 ? tensor.size : most, tensor.size);
  const element = elementText(tensor);
  const { shape, rank } = tensor;
  let size = 0;
  const out: string[] = [];
  const put = (text: string) => {
    size = boundedBytes(size + text.length);
    out.push(text);
  };
  const space = (axis: number) => (axis === rank - 1 ? ' ' : '\n'.repeat(rank - axis - 1) + ' '.repeat(axis + 1));
  const print = (axis: number, at: number) => {
    if (axis === rank) return put(element(at));
    const count = shape[axis] ?? 0;
    const step = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    put('[');
    for (let i = 0; i < ends && i < count; i++) {
      if (i > 0) put(space(axis));
      print(axis + 1, at + step * i);
    }
    if (count > 2 * ends) put(`${space(axis)}...`);
    for (let i = Math.max(ends, count - ends); i < count; i++) {
      put(space(axis));
      print(axis + 1, at + step * i);
    }
    put(']');
  };
  print(0, 0);
  return out.join('');
}

function elementText(tensor: Tensor): (at: number) => string {
  if (tensor.is('string')) return (at) => `"${escapeBytes(tensor.data[at] ?? NO_BYTES)}"`;
  const { kind } = dtypeInfo(tensor.dtype);
  if (kind === 'float') {
    const values = doublesOf(tensor);
    const text = tensor.dtype === 'float64' ? shortDouble : shortFloat;
    return (at) => text(values[at] ?? 0);
  }
  if (kind === 'complex') return () => '?';
  const values = tensor.data as ArrayLike<number | bigint>;
  return (at) => String(values[at]);
}

const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  13: '\\r',
  0x22: '\\"',
  0x27: "\\'",
  0x5c: '\\\\',
};

/** As C writes a string literal, bytes above 127 left as they are. */
function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const escape = ESCAPES[byte];
    if (escape !== undefined) return escape;
    return byte < 0x20 || byte === 0x7f ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
  }).join('');
}

/** The template's bytes between its placeholders. */
export function splitTemplate(template: Uint8Array, placeholder: Uint8Array): Uint8Array[] {
  const text = byteKey(template);
  return (placeholder.length === 0 ? [text] : text.split(byteKey(placeholder))).map(fromByteKey);
}
