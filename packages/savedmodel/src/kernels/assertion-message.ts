import type { DType, Tensor } from '@servable/tensor';
import { doublesOf, isBig } from './elements.js';
import { formatDouble } from './format-number.js';

/** One value that an assertion names, cut to the elements that its message can show. */
export interface AssertedValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its first elements, in order. */
  readonly elements: readonly string[];
}

/** @param shape - the shape of the whole value, if `tensor` holds only its first elements */
export function assertedValue(tensor: Tensor, count: number, shape = tensor.shape): AssertedValue {
  return { dtype: tensor.dtype, shape, elements: texts(tensor, count) };
}

/** What TensorFlow says when an assertion does not hold (core/kernels/logging_ops). */
export function assertionMessage(values: readonly AssertedValue[], summarize: number): string {
  return `assertion failed: ${values.map((value) => `[${summary(value, summarize)}]`).join(' ')}`;
}

/** The first elements of a tensor in brackets (core/framework/tensor, `SummarizeValue`). */
function summary({ shape, elements }: AssertedValue, summarize: number): string {
  const size = shape.reduce((a, b) => a * b, 1);
  const limit = summarize < 0 ? size : Math.min(summarize, size);
  if (shape.length === 0) return limit === 0 ? '...' : (elements[0] ?? '');
  let at = 0;
  let text = '';
  const dimension = (axis: number) => {
    if (at >= limit) return;
    const count = shape[axis] ?? 0;
    if (axis === shape.length - 1) {
      for (let i = 0; i < count; i++) {
        if (at >= limit) {
          if (axis !== 0) text += '...';
          return;
        }
        text += `${i > 0 ? ' ' : ''}${elements[at++] ?? ''}`;
      }
      return;
    }
    for (let i = 0; i < count; i++) {
      const opened = at < limit;
      if (opened) text += '[';
      dimension(axis + 1);
      if (opened) text += ']';
    }
  };
  dimension(0);
  return size > limit ? `${text}...` : text;
}

function texts(tensor: Tensor, count: number): readonly string[] {
  const size = Math.min(tensor.size, count);
  const indices = Array.from({ length: size }, (_, i) => i);
  const { dtype } = tensor;
  if (dtype === 'string') return tensor.text().slice(0, size).map(escaped);
  if (isBig(dtype)) return indices.map((i) => String(tensor.data[i]));
  const numbers = doublesOf(tensor);
  return indices.map((i) => shortest(numbers[i] ?? 0, dtype === 'float64'));
}

/** As few of C's `%g` digits as give the number back. */
function shortest(value: number, isDouble: boolean): string {
  const [few, enough] = isDouble ? [15, 17] : [6, 9];
  const text = formatDouble(value, { conversion: 'g', precision: few, width: 0, flags: '' });
  const back = isDouble ? Number(text) : Math.fround(Number(text));
  if (back === value || !Number.isFinite(value)) return text;
  return formatDouble(value, { conversion: 'g', precision: enough, width: 0, flags: '' });
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  "'": "\\'",
  '\\': '\\\\',
};

/** A string as C writes it, characters beyond ASCII left alone (`absl::Utf8SafeCEscape`). */
function escaped(text: string): string {
  return text.replaceAll(/["'\\\u0000-\u001f\u007f]/g, (char) => {
    return ESCAPES[char] ?? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
  });
}
