import type { Tensor } from '@servable/tensor';
import { type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { byteKey, fromByteKey, textOf } from './byte-strings.js';
import { allocate, invalidRequest, sizeOf, take, tensorOf, type Elements } from './elements.js';

type Key = string | number | bigint | boolean;

/**
 * A hash table of TensorFlow's: scalar keys of any dtype to values of one dtype and shape. It is filled while a model
 * loads; most are only read by requests.
 */
export class LookupTable {
  private readonly places = new Map<Key, number>();
  private readonly keyAt: Key[] = [];
  /** Elements of all values, in the order in which their keys came. */
  private readonly elements: unknown[] = [];
  private storage: Elements<never> | undefined;
  private isChanging = false;
  private readonly width: number;

  /** @param reserved - keys that stand for free and deleted places, which must not be looked up */
  constructor(
    readonly keyDtype: DType,
    readonly valueDtype: DType,
    readonly valueShape: readonly number[] = [],
    private readonly reserved: readonly Tensor[] = [],
  ) {
    this.width = sizeOf(valueShape);
  }

  get size(): number {
    return this.places.size;
  }

  /**
   * Adds pairs.
   *
   * @param values - of the keys' shape followed by the values' shape
   * @param onDuplicate - `refuse`: a key may come again only with the same value, as for `HashTable`; `replace`: the last counts
   * @throws SavedModelError FAILED_PRECONDITION `DUPLICATE_KEY`; INVALID_ARGUMENT for the wrong dtypes or shapes
   */
  insert(keys: Tensor, values: Tensor, onDuplicate: 'refuse' | 'replace'): void {
    this.check(keys, 'keys', this.keyDtype, keys.shape);
    this.check(values, 'values', this.valueDtype, [...keys.shape, ...this.valueShape]);
    const list = keysOf(keys);
    const from = values.data as unknown as Elements<unknown>;
    this.storage = undefined;
    list.forEach((key, i) => {
      const known = this.places.get(key);
      const place = known ?? this.places.size;
      if (known === undefined) {
        this.places.set(key, place);
        this.keyAt[place] = key;
      }
      for (let k = 0; k < this.width; k++) {
        const value = from[i * this.width + k];
        if (known !== undefined && onDuplicate === 'refuse')
          this.checkSame(key, this.elements[known * this.width + k], value);
        this.elements[place * this.width + k] = value;
      }
    });
  }

  /**
   * `LookupTableInsert` and `LookupTableImport` as requests make them.
   *
   * @param anew - whether the pairs take the place of all others
   * @throws SavedModelError INVALID_ARGUMENT for the wrong dtypes or shapes, or a reserved key; nothing has changed then
   */
  write(keys: Tensor, values: Tensor, anew = false): void {
    this.check(keys, 'keys', this.keyDtype, keys.shape);
    this.check(values, 'values', this.valueDtype, [...keys.shape, ...this.valueShape]);
    this.refuseReserved(keysOf(keys), true);
    this.isChanging = true;
    if (anew) {
      this.places.clear();
      this.keyAt.length = 0;
      this.elements.length = 0;
    }
    this.insert(keys, values, 'replace');
  }

  /** `LookupTableRemove`: takes keys away; those that are not there do not matter. */
  remove(keys: Tensor): void {
    this.check(keys, 'keys', this.keyDtype, keys.shape);
    const list = keysOf(keys);
    this.refuseReserved(list, true);
    this.isChanging = true;
    for (const key of list) {
      const place = this.places.get(key);
      if (place === undefined) continue;
      // The last one moves to the place that gets free.
      const last = this.keyAt.pop()!;
      const moved = this.elements.splice(this.keyAt.length * this.width, this.width);
      this.places.delete(key);
      if (last === key) continue;
      this.places.set(last, place);
      this.keyAt[place] = last;
      moved.forEach((value, k) => (this.elements[place * this.width + k] = value));
    }
  }

  private refuseReserved(keys: readonly Key[], always: boolean): void {
    const reserved = this.reserved.flatMap(keysOf);
    if (reserved.length === 0) return;
    for (const key of keys) {
      if (!reserved.includes(key) || (!always && this.places.has(key))) continue;
      const which = reserved[0] === key ? 'empty_key' : 'deleted_key';
      throw invalidRequest('RESERVED_KEY', `Using the ${which} as a table key is not allowed`);
    }
  }

  /**
   * Adds what a checkpoint holds. Dense tables are saved as they lie in memory, free and deleted places included, with keys
   * and values as matrices (`ExportValues` of `MutableDenseHashTable` in tensorflow/core/kernels/lookup_table_op.cc).
   */
  restore(keys: Tensor, values: Tensor): void {
    if (this.reserved.length === 0) return this.insert(keys, values, 'replace');
    const free = new Set(this.reserved.flatMap(keysOf));
    const flat = keys.reshape([keys.size]);
    const used = Int32Array.from(keysOf(flat).flatMap((key, i) => (free.has(key) ? [] : [i])));
    const places = used.length * this.width;
    const elements = Int32Array.from(
      { length: places },
      (_, i) => used[Math.floor(i / this.width)]! * this.width + (i % this.width),
    );
    const shape = [used.length, ...this.valueShape];
    this.insert(take(flat, used, [used.length]), take(values.reshape([values.size]), elements, shape), 'replace');
  }

  /**
   * `LookupTableFind`.
   *
   * @param fallback - the value of keys that are not there, or one value per key
   * @throws SavedModelError INVALID_ARGUMENT for the wrong dtypes or shapes, or a reserved key
   */
  find(keys: Tensor, fallback: Tensor): Tensor {
    this.check(keys, 'keys', this.keyDtype, keys.shape);
    const shape = [...keys.shape, ...this.valueShape];
    const perKey = fallback.rank > this.valueShape.length;
    this.check(fallback, 'default value', this.valueDtype, perKey ? shape : this.valueShape);
    const list = keysOf(keys);
    this.refuseReserved(list, false);
    const data = allocate(this.valueDtype, shape) as Elements<unknown>;
    // While a table changes it is not worth laying its values out anew for every request.
    const stored = this.isChanging ? this.elements : (this.storage ??= this.store());
    const missing = fallback.data as unknown as Elements<unknown>;
    const { width } = this;
    list.forEach((key, i) => {
      const place = this.places.get(key);
      const from = place === undefined ? missing : stored;
      const at = place === undefined ? (perKey ? i : 0) : place;
      for (let k = 0; k < width; k++) data[i * width + k] = from[at * width + k];
    });
    return tensorOf(this.valueDtype, shape, data);
  }

  /** `LookupTableExport`: all keys and values. */
  export(): readonly [keys: Tensor, values: Tensor] {
    const keys = allocate(this.keyDtype, [this.size]) as Elements<unknown>;
    let i = 0;
    for (const key of this.keyAt) {
      keys[i++] = typeof key === 'string' ? fromByteKey(key) : typeof key === 'boolean' ? Number(key) : key;
    }
    const values = this.store();
    return [
      tensorOf(this.keyDtype, [this.size], keys),
      tensorOf(this.valueDtype, [this.size, ...this.valueShape], values),
    ];
  }

  private store(): Elements<never> {
    const storage = allocate(this.valueDtype, [this.size, ...this.valueShape]) as Elements<unknown>;
    for (let i = 0; i < this.elements.length; i++) storage[i] = this.elements[i];
    return storage as Elements<never>;
  }

  private check(tensor: Tensor, what: string, dtype: DType, shape: readonly number[]): void {
    if (tensor.dtype !== dtype) {
      throw invalidRequest(
        'TABLE_DTYPE_MISMATCH',
        `Expected ${what} of dtype ${dtype} for the table, got ${tensor.dtype}`,
      );
    }
    if (tensor.shape.join() !== shape.join()) {
      throw invalidRequest(
        'TABLE_SHAPE_MISMATCH',
        `Expected shape [${shape.join(',')}] for ${what}, got [${tensor.shape.join(',')}]`,
      );
    }
  }

  private checkSame(key: Key, before: unknown, now: unknown): void {
    if (printed(before) === printed(now)) return;
    throw new SavedModelError(
      'FAILED_PRECONDITION',
      'DUPLICATE_KEY',
      `HashTable has different value for same key. Key ${printed(typeof key === 'string' ? fromByteKey(key) : key)} ` +
        `has ${printed(before)} and trying to add value ${printed(now)}`,
    );
  }
}

/** Keys as maps compare them: strings by their bytes. */
function keysOf(tensor: Tensor): readonly Key[] {
  return tensor.is('string') ? tensor.data.map(byteKey) : Array.from(tensor.data as ArrayLike<number | bigint>);
}

function printed(value: unknown): string {
  return value instanceof Uint8Array ? textOf(value) : String(value);
}
