import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** Protobuf's wire types. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const TWO_TO_32 = 2 ** 32;

/**
 * A serialised protobuf message that is walked field by field, in place: a forest may have millions of nodes, each of which
 * is a message of its own with messages inside.
 *
 * Call {@link next} until it is false; of each field, read its value by one of the other methods or by none.
 */
export class WireMessage {
  /** The number of the field at hand. */
  field = 0;
  #wireType = VARINT;
  #position: number;
  readonly #end: number;
  readonly #view: DataView;
  /** Where the value of the field at hand begins and ends. */
  #from = 0;
  #to = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly file: string,
    start = 0,
    end = bytes.length,
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    this.#position = start;
    this.#end = end;
    this.#view = view;
  }

  /** Goes on to the next field. @throws SavedModelError DATA_LOSS `MALFORMED_PROTO` */
  next(): boolean {
    if (this.#position >= this.#end) return false;
    const tag = this.#readVarint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.field < 1) throw this.#malformed(`a field number ${this.field}`);
    this.#from = this.#position;
    this.#to = this.#endOfValue();
    this.#position = this.#to;
    return true;
  }

  /** An int32, int64, uint64, enum or bool; beyond 2^53 the nearest number. */
  integer(): number {
    this.#expect(VARINT);
    this.#position = this.#from;
    const value = this.#readVarint();
    return value >= 2 ** 63 ? value - 2 ** 64 : value;
  }

  bool(): boolean {
    return this.integer() !== 0;
  }

  float(): number {
    this.#expect(FIXED32);
    return this.#view.getFloat32(this.#from, true);
  }

  double(): number {
    this.#expect(FIXED64);
    return this.#view.getFloat64(this.#from, true);
  }

  /** A string or bytes, as a view. */
  data(): Uint8Array {
    this.#expect(LENGTH_DELIMITED);
    return this.bytes.subarray(this.#from, this.#to);
  }

  message(): WireMessage {
    this.#expect(LENGTH_DELIMITED);
    return new WireMessage(this.bytes, this.file, this.#from, this.#to, this.#view);
  }

  /** Adds the values of a repeated int32 or int64, packed or not, to a list. */
  addIntegers(list: number[]): void {
    if (this.#wireType !== LENGTH_DELIMITED) {
      list.push(this.integer());
      return;
    }
    const packed = new WireMessage(this.bytes, this.file, this.#from, this.#to, this.#view);
    while (packed.#position < packed.#end) {
      const value = packed.#readVarint();
      list.push(value >= 2 ** 63 ? value - 2 ** 64 : value);
    }
  }

  /** Adds the values of a repeated float. */
  addFloats(list: number[]): void {
    if (this.#wireType !== LENGTH_DELIMITED) list.push(this.float());
    else for (const at of this.#packed(4)) list.push(this.#view.getFloat32(at, true));
  }

  /** Adds the values of a repeated double. */
  addDoubles(list: number[]): void {
    if (this.#wireType !== LENGTH_DELIMITED) list.push(this.double());
    else for (const at of this.#packed(8)) list.push(this.#view.getFloat64(at, true));
  }

  *#packed(width: number): Generator<number> {
    if ((this.#to - this.#from) % width !== 0) throw this.#malformed('a packed field with a part of a number');
    for (let at = this.#from; at < this.#to; at += width) yield at;
  }

  #endOfValue(): number {
    let end: number;
    switch (this.#wireType) {
      case VARINT:
        this.#readVarint();
        return this.#position;
      case FIXED64:
        end = this.#position + 8;
        break;
      case FIXED32:
        end = this.#position + 4;
        break;
      case LENGTH_DELIMITED: {
        const length = this.#readVarint();
        this.#from = this.#position;
        end = this.#position + length;
        break;
      }
      default:
        throw this.#malformed(`wire type ${this.#wireType}`);
    }
    if (end > this.#end) throw this.#malformed('a field that is cut off');
    return end;
  }

  #readVarint(): number {
    let low = 0;
    let high = 0;
    for (let read = 0; read < 10; read++) {
      if (this.#position >= this.#end) throw this.#malformed('a number that is cut off');
      const byte = this.bytes[this.#position++]!;
      const bits = byte & 0x7f;
      if (read < 4) low |= bits << (7 * read);
      else if (read === 4) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (7 * read - 32);
      if (byte < 0x80) return high === 0 ? low >>> 0 : (high >>> 0) * TWO_TO_32 + (low >>> 0);
    }
    throw this.#malformed('a number of over 10 bytes');
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) {
      throw this.#malformed(`field ${this.field} with wire type ${this.#wireType} in place of ${wireType}`);
    }
  }

  #malformed(given: string): SavedModelError {
    return new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_PROTO',
      `${this.file}: expected a serialised message, given ${given} at byte ${this.#position}`,
      { file: this.file, offset: this.#position },
    );
  }
}
