import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { utf8 } from '../kernels/byte-strings.js';
import { WireMessage } from './wire-message.js';

/** `ColumnType` in `dataset/data_spec.proto`. */
const COLUMN_TYPES = [
  'UNKNOWN',
  'NUMERICAL',
  'NUMERICAL_SET',
  'NUMERICAL_LIST',
  'CATEGORICAL',
  'CATEGORICAL_SET',
  'CATEGORICAL_LIST',
  'BOOLEAN',
  'STRING',
  'DISCRETIZED_NUMERICAL',
  'HASH',
  'NUMERICAL_VECTOR_SEQUENCE',
] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** A column of the data that a model was trained with: a feature or the label. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Numbers: what stands for a missing value, rounded to float32. */
  readonly mean: number;
  /** Categories: how many there are, with 0 for those that are not known, and the most frequent one. */
  readonly categories: number;
  readonly mostFrequent: number;
  /** Discretized numbers: where each bin but the first begins. */
  readonly boundaries: readonly number[];
  /** Booleans: whether at least half of them are true. */
  readonly mostlyTrue: boolean;
  /** The names of the categories by number. */
  categoryNames(): ReadonlyMap<number, Uint8Array>;
}

/** Parses a `DataSpecification`. @throws SavedModelError DATA_LOSS `MALFORMED_PROTO` */
export function parseDataSpec(bytes: Uint8Array, file: string): readonly Column[] {
  const columns: Column[] = [];
  for (const message = new WireMessage(bytes, file); message.next();) {
    if (message.field === 1) columns.push(parseColumn(message.data(), file));
  }
  return columns;
}

function parseColumn(bytes: Uint8Array, file: string): Column {
  let [type, name, mean] = [0, '', 0];
  let [categories, mostFrequent, trues, falses] = [0, 0, 0, 0];
  const boundaries: number[] = [];
  let categorical: Uint8Array | undefined;
  for (const column = new WireMessage(bytes, file); column.next();) {
    if (column.field === 1) type = column.integer();
    else if (column.field === 2) name = Buffer.from(column.data()).toString();
    else if (column.field === 5) {
      for (const spec = column.message(); spec.next();) if (spec.field === 1) mean = spec.double();
    } else if (column.field === 6) {
      categorical = column.data();
      for (const spec = column.message(); spec.next();) {
        if (spec.field === 1) mostFrequent = spec.integer();
        else if (spec.field === 2) categories = spec.integer();
      }
    } else if (column.field === 8) {
      for (const spec = column.message(); spec.next();) if (spec.field === 1) spec.addFloats(boundaries);
    } else if (column.field === 9) {
      for (const spec = column.message(); spec.next();) {
        if (spec.field === 1) trues = spec.integer();
        else if (spec.field === 2) falses = spec.integer();
      }
    }
  }
  if (categories < 0 || categories > 2 ** 31) {
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_FOREST',
      `${file}: column '${name}': expected 0 to 2^31 categories, given ${categories}`,
      { file },
    );
  }
  return {
    name,
    type: COLUMN_TYPES[type] ?? 'UNKNOWN',
    mean: Math.fround(mean),
    categories,
    mostFrequent,
    boundaries,
    mostlyTrue: trues >= falses,
    categoryNames: () => categoryNames(categorical, file),
  };
}

/** The vocabulary of a `CategoricalSpec`; of a column of integers, the integers themselves stand for their names. */
function categoryNames(bytes: Uint8Array | undefined, file: string): ReadonlyMap<number, Uint8Array> {
  const names = new Map<number, Uint8Array>();
  if (bytes === undefined) return names;
  let [isIntegers, categories] = [false, 0];
  for (const spec = new WireMessage(bytes, file); spec.next();) {
    if (spec.field === 2) categories = spec.integer();
    else if (spec.field === 5) isIntegers = spec.bool();
    else if (spec.field === 7) {
      let key = utf8('');
      let index = 0;
      for (const item = spec.message(); item.next();) {
        if (item.field === 1) key = item.data();
        else if (item.field === 2) {
          for (const value = item.message(); value.next();) if (value.field === 1) index = value.integer();
        }
      }
      names.set(index, key);
    }
  }
  if (isIntegers && names.size === 0) {
    for (let i = 1; i < Math.min(categories, MAX_INTEGER_NAMES); i++) names.set(i, utf8(String(i)));
  }
  return names;
}

/** Labels that are integers are written out up to this many. */
const MAX_INTEGER_NAMES = 2 ** 16;
