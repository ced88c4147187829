import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { parseNumber } from '../kernels/parse-number.js';

/** `kWholeLine` and `kLineNumber` of tensorflow/core/kernels/lookup_util.h; numbers from 0 on are columns. */
const WHOLE_LINE = -2;
const LINE_NUMBER = -1;

/** Attributes of `InitializeTableFromTextFile`. */
export interface TextFileOptions {
  readonly keyIndex: number;
  readonly valueIndex: number;
  /** Lines to read; all below 0. */
  readonly vocabSize: number;
  /** One byte. */
  readonly delimiter: number;
  /** Added to line numbers. */
  readonly offset: number;
}

/**
 * Keys and values of a vocabulary file, as `TextFileLineIterator` of tensorflow/core/kernels/lookup_util.cc reads them.
 *
 * @param file - its path, for messages
 * @throws SavedModelError INVALID_ARGUMENT for empty lines, too few columns or lines, and text that is not of the dtype
 */
export function readTextFileTable(
  bytes: Uint8Array,
  file: string,
  keyDtype: DType,
  valueDtype: DType,
  options: TextFileOptions,
): readonly [keys: Tensor, values: Tensor] {
  const { keyIndex, valueIndex, vocabSize } = options;
  const bad = (message: string) => new SavedModelError('INVALID_ARGUMENT', 'BAD_VOCABULARY', message, { file });
  const columns = Math.max(keyIndex, valueIndex) + 1;
  const keys: unknown[] = [];
  const values: unknown[] = [];
  let number = 0;
  let start = 0;
  while (start < bytes.length && (vocabSize < 0 || number < vocabSize)) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = withoutReturns(bytes.subarray(start, end));
    start = end + 1;
    if (line.length === 0) throw bad(`Invalid content in ${file}: empty line found at position ${start}.`);
    const cells = columns > 0 ? split(line, options.delimiter) : [];
    if (cells.length < columns) {
      throw bad(`Invalid number of columns in ${file} line ${number} : expected ${columns} got ${cells.length}`);
    }
    const pick = (index: number, dtype: DType): unknown => {
      if (index === LINE_NUMBER) return lineNumber(number + options.offset, dtype);
      const text = index === WHOLE_LINE ? line : cells[index];
      if (text === undefined) throw bad(`column ${index} of ${file} is asked for`);
      if (dtype === 'string') return text.slice();
      const parsed = isParsed(dtype) ? parseNumber(text, dtype) : undefined;
      if (parsed === undefined) {
        throw bad(`Field ${new TextDecoder().decode(text)} in line ${number} is not a valid ${dtype}.`);
      }
      return parsed;
    };
    keys.push(pick(keyIndex, keyDtype));
    values.push(pick(valueIndex, valueDtype));
    number++;
  }
  if (vocabSize >= 0 && number < vocabSize) {
    throw bad(`Invalid vocab_size in ${file}: expected ${vocabSize} but got ${number}`);
  }
  return [vector(keyDtype, keys), vector(valueDtype, values)];
}

function withoutReturns(line: Uint8Array): Uint8Array {
  return line.includes(0x0d) ? line.filter((byte) => byte !== 0x0d) : line;
}

function split(line: Uint8Array, delimiter: number): Uint8Array[] {
  const cells: Uint8Array[] = [];
  let start = 0;
  for (let at = line.indexOf(delimiter); at >= 0; at = line.indexOf(delimiter, start)) {
    cells.push(line.subarray(start, at));
    start = at + 1;
  }
  cells.push(line.subarray(start));
  return cells;
}

function isParsed(dtype: DType): dtype is 'float32' | 'float64' | 'int32' | 'int64' {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'int32' || dtype === 'int64';
}

function lineNumber(number: number, dtype: DType): unknown {
  if (dtype === 'string') return new TextEncoder().encode(String(number));
  return dtype === 'int64' ? BigInt(number) : number;
}

function vector(dtype: DType, values: readonly unknown[]): Tensor {
  const shape = [values.length];
  switch (dtype) {
    case 'string':
      return new Tensor('string', shape, values as Uint8Array[]);
    case 'int64':
      return new Tensor('int64', shape, BigInt64Array.from(values as bigint[]));
    case 'int32':
      return new Tensor('int32', shape, Int32Array.from(values as number[]));
    case 'float64':
      return new Tensor('float64', shape, Float64Array.from(values as number[]));
    case 'float32':
      return new Tensor('float32', shape, Float32Array.from(values as number[]));
    default:
      throw new SavedModelError('UNIMPLEMENTED', 'UNSUPPORTED_DTYPE', `A vocabulary file cannot hold ${dtype} values.`);
  }
}
