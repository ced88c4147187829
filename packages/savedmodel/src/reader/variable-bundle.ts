import { Tensor, dtypeInfo, type DType, type NumericData, type TensorDataMap } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { fitsBytes, latin1, parseBundleIndex, printable, type BundleEntry, type BundleIndex } from './bundle-index.js';
import { BundleData } from './bundle-data.js';
import { allocateBytes, readWholeFile, type DataFile } from './data-file.js';
import { checkpointOf, type Checkpoint, type ReadOptions } from './read-options.js';
import {
  isFull,
  overlap,
  parseShapeAndSlice,
  sameSlice,
  sliceKey,
  sliceRuns,
  type TensorSlice,
} from './tensor-slice.js';

/** Bytes of the greatest index file that is read; it takes about 100 per variable. */
const MOST_INDEX_BYTES = 1024 ** 3;
/** Most pieces of a partitioned variable; checking them against each other takes the square of it. */
const MOST_SLICES = 10_000;

/** Which part of a tensor to read. */
export interface ReadTensorOptions extends ReadOptions {
  /**
   * RestoreV2's text for a part of the tensor: the dimensions of the whole, then `start,length` or `-` for every axis,
   * as in `8 3 0,4:-`. Default, and when empty: the whole tensor.
   */
  readonly slice?: string | undefined;
}

/** How several tensors are read. */
export interface ReadManyOptions extends ReadOptions {
  /** Tensors whose bytes are read at once, from 1 to 64. Default: 4. */
  readonly concurrency?: number | undefined;
}

/**
 * A tensor bundle: the variables of a SavedModel, or a checkpoint of TensorFlow's second format. `open` reads the index;
 * a tensor's bytes are read when it is asked for, and checked against their checksum.
 *
 * @example
 * await using bundle = await VariableBundle.open('model/1/variables/variables');
 * const kernel = await bundle.read('dense/kernel/.ATTRIBUTES/VARIABLE_VALUE');
 */
export class VariableBundle {
  /** The path before `.index` and `.data-?????-of-?????`. */
  readonly prefix: string;
  /** Every tensor by its key. */
  readonly entries: ReadonlyMap<string, BundleEntry>;
  readonly #index: BundleIndex;
  readonly #data: BundleData;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  private constructor(prefix: string, index: BundleIndex) {
    this.prefix = prefix;
    this.entries = index.entries;
    this.#index = index;
    this.#data = new BundleData(prefix, index.shards);
  }

  /**
   * @param prefix - `variables/variables` for the files `variables/variables.index` and so on
   * @throws SavedModelError NOT_FOUND `FILE_NOT_FOUND` without an index; DATA_LOSS when it is corrupt, with the file and
   * the byte; UNIMPLEMENTED `BIG_ENDIAN`; INVALID_ARGUMENT `UNKNOWN_BUNDLE_VERSION`
   */
  static async open(prefix: string, options: ReadOptions = {}): Promise<VariableBundle> {
    const file = `${prefix}.index`;
    const check = checkpointOf(options);
    check();
    return new VariableBundle(prefix, parseBundleIndex(await readWholeFile(file, MOST_INDEX_BYTES, check), file));
  }

  /**
   * Reads one tensor. Its bytes go from the file into a buffer of their own, which the tensor keeps; strings are views
   * of one buffer.
   *
   * @throws SavedModelError NOT_FOUND `UNKNOWN_KEY`; INVALID_ARGUMENT `BAD_SLICE`; UNIMPLEMENTED `UNSUPPORTED_DTYPE`;
   * DATA_LOSS `TRUNCATED`, `CHECKSUM_MISMATCH`, `MALFORMED_STRINGS`, `SLICES_INCOMPLETE` with the file and the byte;
   * NOT_FOUND `FILE_NOT_FOUND` without the data file; FAILED_PRECONDITION `CLOSED`; CANCELLED; DEADLINE_EXCEEDED
   */
  read(key: string, options: ReadTensorOptions = {}): Promise<Tensor> {
    return this.#tracked(() => this.#read(key, options));
  }

  /**
   * Reads the values of a tensor into memory of the caller, such as memory that an engine will use: no string tensors.
   *
   * @param target - exactly as many bytes as the values have; what is in it after a failure is undefined
   * @throws SavedModelError as {@link read}; INVALID_ARGUMENT `BAD_TARGET` for a string tensor or another size
   */
  readInto(key: string, target: Uint8Array, options: ReadOptions = {}): Promise<void> {
    return this.#tracked(() => this.#readInto(key, target, options));
  }

  /**
   * Reads several tensors, a bounded number at a time.
   *
   * @param keys - default: all of the bundle
   * @returns the tensors by key, in the order of `keys`
   * @throws SavedModelError as {@link read}, for the first tensor that fails; INVALID_ARGUMENT `BAD_OPTION`
   */
  readMany(keys: Iterable<string> = this.entries.keys(), options: ReadManyOptions = {}): Promise<Map<string, Tensor>> {
    return this.#tracked(() => this.#readMany(keys, options));
  }

  /** Waits for the readings under way and closes the data files; later readings fail with `CLOSED`. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
    await this.#data.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(key: string, options: ReadTensorOptions): Promise<Tensor> {
    const check = checkpointOf(options);
    check();
    const entry = this.#entry(key);
    if (options.slice === undefined || options.slice === '') return this.#whole(key, entry, check);
    const slice = parseShapeAndSlice(options.slice, entry.shape);
    const stored = entry.slices.find((candidate) => sameSlice(candidate, slice));
    if (stored !== undefined) return this.#values(key, this.#sliceEntry(key, entry, stored), check);
    const whole = await this.#whole(key, entry, check);
    return cut(whole, slice);
  }

  async #readInto(key: string, target: Uint8Array, options: ReadOptions): Promise<void> {
    const check = checkpointOf(options);
    check();
    const entry = this.#entry(key);
    const bytes = entry.size * dtypeInfo(entry.dtype).bytes;
    if (entry.dtype === 'string' || target.byteLength !== bytes) {
      const expected = entry.dtype === 'string' ? 'a tensor of numbers' : `a target of ${bytes} bytes`;
      const given = entry.dtype === 'string' ? 'one of strings' : `one of ${target.byteLength} bytes`;
      throw new SavedModelError(
        'INVALID_ARGUMENT',
        'BAD_TARGET',
        `Cannot read '${key}': expected ${expected}, given ${given}`,
      );
    }
    if (entry.slices.length === 0) return this.#data.fill(key, entry, target, check);
    await this.#checkedSlices(key, entry);
    await this.#stitchBytes(key, entry, target, check);
  }

  async #readMany(keys: Iterable<string>, options: ReadManyOptions): Promise<Map<string, Tensor>> {
    const { concurrency = 4 } = options;
    if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64)) {
      throw new SavedModelError(
        'INVALID_ARGUMENT',
        'BAD_OPTION',
        `Bad concurrency: expected an integer from 1 to 64, given ${String(concurrency)}`,
      );
    }
    const check = checkpointOf(options);
    const wanted = [...new Set(keys)];
    const tensors = new Array<Tensor>(wanted.length);
    let next = 0;
    let failed = false;
    const work = async () => {
      while (next < wanted.length && !failed) {
        const at = next++;
        try {
          check();
          tensors[at] = await this.#whole(wanted[at]!, this.#entry(wanted[at]!), check);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: Math.min(concurrency, wanted.length) }, work));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return new Map(wanted.map((key, at) => [key, tensors[at]!]));
  }

  /** Runs a reading, for which `close` waits. */
  async #tracked<T>(reading: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new SavedModelError('FAILED_PRECONDITION', 'CLOSED', `The bundle ${this.prefix} is closed`);
    }
    const promise = reading();
    this.#underWay.add(promise);
    try {
      return await promise;
    } finally {
      this.#underWay.delete(promise);
    }
  }

  #entry(key: string): BundleEntry {
    const entry = this.entries.get(key);
    if (entry !== undefined) return entry;
    const dtype = this.#index.unreadable.get(key);
    if (dtype !== undefined) {
      throw new SavedModelError(
        'UNIMPLEMENTED',
        'UNSUPPORTED_DTYPE',
        `Cannot read '${key}' of ${this.prefix}.index: expected values, given dtype ${dtype}`,
        { file: `${this.prefix}.index` },
      );
    }
    throw new SavedModelError(
      'NOT_FOUND',
      'UNKNOWN_KEY',
      `Key ${printable(key)} not found in checkpoint ${this.prefix}`,
      {
        file: `${this.prefix}.index`,
      },
    );
  }

  #sliceEntry(key: string, whole: BundleEntry, slice: TensorSlice): BundleEntry {
    // "All of every axis" stands under the tensor's own key.
    const entry = isFull(slice) ? whole : this.#index.sliceEntries.get(latin1(sliceKey(Buffer.from(key), slice)));
    const problem =
      entry === undefined
        ? 'it is not stored'
        : entry.dtype !== whole.dtype
          ? `it is of ${entry.dtype}, the tensor of ${whole.dtype}`
          : entry.shape.some((dim, axis) => dim !== slice.lengths[axis]) || entry.shape.length !== slice.lengths.length
            ? 'it is stored with another shape'
            : !fitsBytes(entry)
              ? `its ${entry.size} elements cannot be in ${entry.byteLength} bytes`
              : undefined;
    if (entry === undefined || problem !== undefined) {
      throw this.#corrupt('SLICES_INCOMPLETE', `slice ${slice.starts.join(',')} of '${key}': ${problem}`);
    }
    return entry;
  }

  async #whole(key: string, entry: BundleEntry, check: Checkpoint): Promise<Tensor> {
    if (entry.slices.length === 0) return this.#values(key, entry, check);
    if (entry.dtype === 'string') return this.#stitchStrings(key, entry, check);
    const bytes = await this.#checkedSlices(key, entry);
    const target = allocateBytes(bytes, `'${key}'`);
    await this.#stitchBytes(key, entry, target, check);
    return numericTensor(entry, target);
  }

  async #values(key: string, entry: BundleEntry, check: Checkpoint): Promise<Tensor> {
    if (entry.dtype === 'string') {
      return new Tensor('string', entry.shape, await this.#data.strings(key, entry, check));
    }
    // The size is looked up in the file before there is a buffer of it.
    await this.#data.fileOf(key, entry);
    const target = allocateBytes(entry.byteLength, `'${key}'`);
    await this.#data.fill(key, entry, target, check);
    return numericTensor(entry, target);
  }

  /**
   * Sees to it that the slices of a partitioned tensor cover it exactly, and that the files hold as many bytes.
   *
   * @returns bytes of the whole tensor as stored
   */
  async #checkedSlices(key: string, entry: BundleEntry): Promise<number> {
    const { slices } = entry;
    if (slices.length > MOST_SLICES) {
      throw new SavedModelError(
        'RESOURCE_EXHAUSTED',
        'TOO_MANY_SLICES',
        `'${key}' of ${this.prefix}.index: expected at most ${MOST_SLICES} slices, given ${slices.length}`,
        { file: `${this.prefix}.index` },
      );
    }
    let size = 0;
    let bytes = 0;
    const files = new Set<DataFile>();
    for (const [at, slice] of slices.entries()) {
      const stored = this.#sliceEntry(key, entry, slice);
      if (slices.some((other, before) => before < at && overlap(slice, other))) {
        throw this.#corrupt('SLICES_INCOMPLETE', `'${key}': expected slices that do not overlap`);
      }
      size += stored.size;
      bytes += stored.byteLength;
      files.add(await this.#data.fileOf(key, stored));
    }
    if (size !== entry.size) {
      throw this.#corrupt(
        'SLICES_INCOMPLETE',
        `does not have sufficient slices for partitioned tensor '${key}': expected ${entry.size} elements, given ${size}`,
      );
    }
    // Slices that claim the same bytes could make a small file fill any amount of memory.
    const available = [...files].reduce((sum, file) => sum + file.size, 0);
    if (bytes > available) {
      throw this.#corrupt('TRUNCATED', `slices of '${key}': expected at most ${available} bytes, given ${bytes}`);
    }
    return bytes;
  }

  /** Reads the slices of a tensor, which have been checked, to their places in `target`. */
  async #stitchBytes(key: string, entry: BundleEntry, target: Uint8Array, check: Checkpoint): Promise<void> {
    const unit = dtypeInfo(entry.dtype).bytes;
    for (const slice of entry.slices) {
      const stored = this.#sliceEntry(key, entry, slice);
      const [first] = sliceRuns(entry.shape, slice);
      if (first === undefined) continue;
      if (first.length === stored.size) {
        // The usual case, slices along the first axis: the piece lies in one run, so it needs no second buffer.
        const from = first.whole * unit;
        await this.#data.fill(key, stored, target.subarray(from, from + stored.byteLength), check);
        continue;
      }
      const piece = allocateBytes(stored.byteLength, `a slice of '${key}'`);
      await this.#data.fill(key, stored, piece, check);
      for (const { whole, part, length } of sliceRuns(entry.shape, slice)) {
        target.set(piece.subarray(part * unit, (part + length) * unit), whole * unit);
      }
    }
  }

  async #stitchStrings(key: string, entry: BundleEntry, check: Checkpoint): Promise<Tensor> {
    await this.#checkedSlices(key, entry);
    const values = new Array<Uint8Array>(entry.size);
    for (const slice of entry.slices) {
      const piece = await this.#data.strings(key, this.#sliceEntry(key, entry, slice), check);
      for (const { whole, part, length } of sliceRuns(entry.shape, slice)) {
        for (let at = 0; at < length; at++) values[whole + at] = piece[part + at]!;
      }
    }
    return new Tensor('string', entry.shape, values);
  }

  #corrupt(reason: string, problem: string): SavedModelError {
    const file = `${this.prefix}.index`;
    return new SavedModelError('DATA_LOSS', reason, `${file}: ${problem}`, { file });
  }
}

/** Gives bytes the dtype of their entry; `bytes` begins its buffer, so the typed array is aligned. */
function numericTensor(entry: BundleEntry, bytes: Uint8Array): Tensor {
  const { array, lanes } = dtypeInfo(entry.dtype);
  const data = new array!(bytes.buffer, 0, entry.size * lanes);
  return new Tensor<DType>(entry.dtype, entry.shape, data as TensorDataMap[DType]);
}

/** Copies a slice out of a tensor. */
function cut(tensor: Tensor, slice: TensorSlice): Tensor {
  const runs = sliceRuns(tensor.shape, slice);
  if (tensor.is('string')) {
    const values: Uint8Array[] = [];
    for (const { whole, length } of runs) for (let at = 0; at < length; at++) values.push(tensor.data[whole + at]!);
    return new Tensor('string', slice.lengths, values);
  }
  const { array, lanes } = dtypeInfo(tensor.dtype);
  const from = tensor.data as NumericData;
  const size = slice.lengths.reduce((product, length) => product * length, 1);
  const data = new array!(size * lanes);
  for (const { whole, part, length } of runs) {
    data.set(from.subarray(whole * lanes, (whole + length) * lanes) as never, part * lanes);
  }
  return new Tensor<DType>(tensor.dtype, slice.lengths, data as TensorDataMap[DType]);
}
