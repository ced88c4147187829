import { dtypeInfo, type DType, type NumericData, type TensorDataMap } from '../dtype/dtype.js';
import type { JsonCursor } from './json-cursor.js';
import { ch } from './json-text.js';

/** A place in a JSON text that was not checked: the readers stop at anything unusual instead of explaining it. */
export interface Scanner {
  /** JSON text whose last byte is a closing brace, so that no number, word or white space runs over the end. */
  readonly bytes: Uint8Array;
  /** The same bytes. */
  readonly view: DataView;
  at: number;
  /** Set by {@link ValueBuffer.readRun}: how many lists were ended and followed by another one on the way. */
  lists: number;
}

/**
 * Collects the values of one tensor in storage of its dtype.
 *
 * Values come in two ways: {@link readRun} takes plain lists straight from the text and gives up on anything unusual;
 * {@link append} takes single values of a checked document and tells a wrong JSON type from a right one.
 */
export interface ValueBuffer {
  /** Values collected so far. */
  readonly length: number;
  /**
   * Reads values separated by commas, and the white space around them, up to the first byte that continues neither. A
   * buffer may go on over `], [` while every list has `width` values, which saves the caller's work for short lists.
   *
   * @param width - how many values a list at this level has; 0 when that is not known yet, -1 to read one value only
   * @returns false when the text there is no plain value of this dtype
   */
  readRun(scanner: Scanner, width: number): boolean;
  /** Appends the value at the cursor, which is no array and no object; false when its JSON type does not fit. */
  append(cursor: JsonCursor): boolean;
  /** Drops all values but the first `length`. */
  truncate(length: number): void;
  /** The first `size` values, as the storage of a tensor. */
  take(size: number): TensorDataMap[DType];
}

/** A typed array that grows: what the buffers of all numeric dtypes are made of. */
export abstract class NumericBuffer<T extends NumericData> {
  protected data: T;
  length = 0;

  constructor(dtype: DType, capacity: number) {
    this.data = new (dtypeInfo(dtype).array!)(capacity) as T;
  }

  protected grow(): T {
    const old = this.data;
    const larger = new (old.constructor as new (length: number) => T)(Math.max(16, old.length * 2));
    larger.set(old as never);
    this.data = larger;
    return larger;
  }

  truncate(length: number): void {
    this.length = length;
  }

  take(size: number): T {
    return (size === this.data.length ? this.data : this.data.slice(0, size)) as T;
  }
}

/**
 * From the closing bracket of a list to the first item of the list after it.
 *
 * @returns -1 when no list follows at the same level
 */
export function nextList(bytes: Uint8Array, at: number): number {
  let c = bytes[++at]!;
  while (isSpace(c)) c = bytes[++at]!;
  if (c !== ch.comma) return -1;
  c = bytes[++at]!;
  while (isSpace(c)) c = bytes[++at]!;
  if (c !== ch.openBracket) return -1;
  c = bytes[++at]!;
  while (isSpace(c)) c = bytes[++at]!;
  return at;
}

/** Whether a byte is JSON white space. */
export function isSpace(c: number): boolean {
  return c === ch.space || c === ch.newline || c === ch.return || c === ch.tab;
}
