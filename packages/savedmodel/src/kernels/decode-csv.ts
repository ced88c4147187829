import { Tensor, type DType } from '@servable/tensor';
import { byteKey, NO_BYTES, stringsOf } from './byte-strings.js';
import { numbers } from './decode-bytes.js';
import { invalidRequest, tensorOf } from './elements.js';
import { parseNumber, type ParsedDType } from './parse-number.js';

/** Attributes of `DecodeCSV`. */
export interface CsvOptions {
  readonly dtypes: readonly DType[];
  /** One byte. */
  readonly delimiter: number;
  readonly quotes: boolean;
  /** Text that counts as missing, beside the empty one. */
  readonly missing: Uint8Array;
  /** Numbers of the columns to read, rising; all when empty. */
  readonly columns: readonly number[];
}

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/**
 * `DecodeCSV`: one tensor per column (tensorflow/core/kernels/decode_csv_op.cc).
 *
 * @param defaults - per column one value for missing fields, or none when they are an error
 */
export function decodeCsv(records: Tensor, defaults: readonly Tensor[], options: CsvOptions): Tensor[] {
  const { dtypes, columns, missing } = options;
  defaults.forEach((fallback, i) => {
    if (fallback.size > 1) {
      throw invalidRequest(
        'BAD_DEFAULT',
        `There should only be 1 default per field but field ${i} has ${fallback.size}`,
      );
    }
  });
  const read: unknown[][] = dtypes.map(() => []);
  const none = byteKey(missing);
  stringsOf(records).forEach((record, row) => {
    const all = csvFields(record, options);
    const wanted = columns.length > 0 ? columns.map((column) => all[column]) : all;
    if (columns.length > 0 ? wanted.includes(undefined) : wanted.length !== dtypes.length) {
      throw invalidRequest(
        'BAD_CSV',
        `Expect ${dtypes.length} fields but have ${wanted.filter((field) => field !== undefined).length} in record ${row}`,
      );
    }
    dtypes.forEach((dtype, i) => {
      const field = wanted[i] ?? NO_BYTES;
      if (field.length === 0 || byteKey(field) === none) {
        const fallback = defaults[i];
        if (fallback === undefined || fallback.size === 0) {
          throw invalidRequest('MISSING_FIELD', `Field ${i} is required but missing in record ${row}!`);
        }
        read[i]!.push(fallback.data[0]);
        return;
      }
      const value = dtype === 'string' ? field : parseNumber(field, dtype as ParsedDType);
      if (value === undefined) {
        const name = dtype === 'float32' ? 'float' : dtype === 'float64' ? 'double' : dtype;
        throw invalidRequest(
          'BAD_CSV',
          `Field ${i} in record ${row} is not a valid ${name}: ${byteKey(field.subarray(0, 200))}`,
        );
      }
      read[i]!.push(value);
    });
  });
  return dtypes.map((dtype, i) =>
    dtype === 'string'
      ? new Tensor('string', records.shape, read[i] as Uint8Array[])
      : tensorOf(dtype, records.shape, numbers(dtype as ParsedDType, read[i] as number[])),
  );
}

function csvFields(record: Uint8Array, { delimiter, quotes }: CsvOptions): Uint8Array[] {
  const fields: Uint8Array[] = [];
  const end = record.length;
  let at = 0;
  while (at < end) {
    if (record[at] === LINE_FEED || record[at] === RETURN) {
      at++;
      continue;
    }
    if (quotes && record[at] === QUOTE) {
      const field: number[] = [];
      at++;
      while (at < end - 1 && (record[at] !== QUOTE || record[at + 1] !== delimiter)) {
        if (record[at] === QUOTE) {
          if (record[at + 1] !== QUOTE) {
            throw invalidRequest('BAD_CSV', 'Quote inside a string has to be escaped by another quote');
          }
          at++;
        }
        field.push(record[at]!);
        at++;
      }
      if (at >= end || record[at] !== QUOTE || (at !== end - 1 && record[at + 1] !== delimiter)) {
        throw invalidRequest('BAD_CSV', 'Quoted field has to end with quote followed by delim or end');
      }
      at += 2;
      fields.push(Uint8Array.from(field));
    } else {
      const start = at;
      for (; at < end && record[at] !== delimiter; at++) {
        const byte = record[at];
        if ((quotes && byte === QUOTE) || byte === LINE_FEED || byte === RETURN) {
          throw invalidRequest('BAD_CSV', 'Unquoted fields cannot have quotes/CRLFs inside');
        }
      }
      fields.push(record.subarray(start, at));
      at++;
    }
  }
  if (end > 0 && record[end - 1] === delimiter) fields.push(NO_BYTES);
  return fields;
}
