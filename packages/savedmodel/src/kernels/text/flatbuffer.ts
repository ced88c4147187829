import { invalidRequest } from '../elements.js';

/**
 * Reads a flatbuffer, whose root is one table. Everything is checked against the length of the buffer, as the bytes come
 * with a model.
 */
export class FlatTable {
  private constructor(
    private readonly view: DataView,
    private readonly at: number,
    private readonly what: string,
  ) {}

  /**
   * The root of a buffer.
   *
   * @param what - names the buffer in errors
   * @throws SavedModelError INVALID_ARGUMENT `BAD_FLATBUFFER` when offsets lead outside of it
   */
  static root(bytes: Uint8Array, what: string): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const table = new FlatTable(view, 0, what);
    return new FlatTable(view, table.follow(0), what);
  }

  /** The place of a field, or undefined when it has its default. @param field - its number, from 0 */
  private place(field: number): number | undefined {
    const offset = this.within(this.at, 4, () => this.view.getInt32(this.at, true));
    const vtable = this.at - offset;
    const size = this.within(vtable, 2, () => this.view.getUint16(vtable, true));
    const entry = 4 + 2 * field;
    if (entry + 2 > size) return undefined;
    const where = this.within(vtable + entry, 2, () => this.view.getUint16(vtable + entry, true));
    return where === 0 ? undefined : this.at + where;
  }

  bool(field: number): boolean {
    const at = this.place(field);
    return at !== undefined && this.within(at, 1, () => this.view.getUint8(at)) !== 0;
  }

  int(field: number): number {
    const at = this.place(field);
    return at === undefined ? 0 : this.within(at, 4, () => this.view.getInt32(at, true));
  }

  float(field: number): number {
    const at = this.place(field);
    return at === undefined ? 0 : this.within(at, 4, () => this.view.getFloat32(at, true));
  }

  /** A vector of bytes, or a string. */
  bytes(field: number): Uint8Array | undefined {
    const at = this.place(field);
    return at === undefined ? undefined : this.slice(this.follow(at), 1);
  }

  /** A vector of words of 32 bits, or of structs of these. @param words - of each element */
  words(field: number, words = 1): Uint32Array | undefined {
    const at = this.place(field);
    if (at === undefined) return undefined;
    const bytes = this.slice(this.follow(at), 4 * words);
    // Copied, as the buffer may lie at any address.
    return new Uint32Array(bytes.slice().buffer);
  }

  ints(field: number): Int32Array | undefined {
    const words = this.words(field);
    return words && new Int32Array(words.buffer);
  }

  floats(field: number): Float32Array | undefined {
    const words = this.words(field);
    return words && new Float32Array(words.buffer);
  }

  /** A vector of strings. */
  strings(field: number): readonly Uint8Array[] | undefined {
    const at = this.place(field);
    if (at === undefined) return undefined;
    const vector = this.follow(at);
    const count = this.slice(vector, 4).length / 4;
    return Array.from({ length: count }, (_, i) => this.slice(this.follow(vector + 4 + 4 * i), 1));
  }

  /** A table that this one holds. */
  table(field: number): FlatTable | undefined {
    const at = this.place(field);
    return at === undefined ? undefined : new FlatTable(this.view, this.follow(at), this.what);
  }

  private slice(vector: number, width: number): Uint8Array {
    const count = this.within(vector, 4, () => this.view.getUint32(vector, true));
    return this.within(vector + 4, count * width, () => {
      return new Uint8Array(this.view.buffer, this.view.byteOffset + vector + 4, count * width);
    });
  }

  private follow(at: number): number {
    return this.within(at, 4, () => at + this.view.getUint32(at, true));
  }

  private within<T>(at: number, length: number, read: () => T): T {
    if (at >= 0 && at + length <= this.view.byteLength) return read();
    throw invalidRequest(
      'BAD_FLATBUFFER',
      `expected ${this.what} as a flatbuffer, got ${this.view.byteLength} bytes with an offset to byte ${at + length}`,
    );
  }
}

/** What is read of a model, kept as long as its bytes are: a constant of the graph is the same array on every request. */
export function remembered<T>(read: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, T>();
  return (bytes) => {
    let value = known.get(bytes);
    if (value === undefined) known.set(bytes, (value = read(bytes)));
    return value;
  };
}
