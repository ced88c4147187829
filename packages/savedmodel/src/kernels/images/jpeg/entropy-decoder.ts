import { badJpeg } from './jpeg-error.js';

/** A Huffman table: short codes by look-up, long ones by comparison. */
export class HuffmanTable {
  /** By the next 9 bits: length << 8 | symbol, or 0 for a longer code. */
  readonly fast = new Uint16Array(512);
  /** By length: the largest code, or -1. */
  readonly maxCode = new Int32Array(18);
  /** By length: what to add to a code for its index in `symbols`. */
  readonly offset = new Int32Array(17);

  constructor(
    counts: Uint8Array,
    readonly symbols: Uint8Array,
  ) {
    let code = 0;
    let index = 0;
    this.maxCode.fill(-1);
    for (let length = 1; length <= 16; length++) {
      this.offset[length] = index - code;
      const count = counts[length - 1] ?? 0;
      if (code + count > 1 << length) throw badJpeg('a Huffman table has more codes than fit');
      for (let i = 0; i < count; i++, code++, index++) {
        if (length > 9) continue;
        const first = code << (9 - length);
        const entry = (length << 8) | (symbols[index] ?? 0);
        this.fast.fill(entry, first, first + (1 << (9 - length)));
      }
      if (count > 0) this.maxCode[length] = code - 1;
      code <<= 1;
    }
  }
}

/** Order in which coefficients are written, as positions in a row-major block; 16 more guard against corrupt runs. */
export const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
]);

/**
 * Bits of one scan. At a marker zeros are supplied, as libjpeg does after a warning; at the end of the data reading
 * stops with an error, as TensorFlow has it unless it is told to recover.
 */
export class EntropyDecoder {
  private bits = 0;
  private count = 0;
  /** Set when zeros had to be supplied: the blocks that follow are left as they are. */
  exhausted = false;
  endOfBandRun = 0;

  constructor(
    private readonly data: Uint8Array,
    public position: number,
    private readonly recover: boolean,
  ) {}

  /** Makes at least 16 bits available. */
  private fill(): void {
    const { data } = this;
    while (this.count <= 16) {
      let byte = 0;
      if (this.position >= data.length) {
        // libjpeg asks for more data as soon as it has less than a short code's bits.
        if (this.count >= 8 || this.recover) this.pad();
        else throw badJpeg('the data ends in the middle of the image');
        return;
      }
      byte = data[this.position]!;
      if (byte === 0xff) {
        let next = this.position + 1;
        while (data[next] === 0xff) next++;
        if (data[next] === 0) {
          this.position = next + 1;
        } else {
          this.pad();
          return;
        }
      } else {
        this.position++;
      }
      this.bits = (this.bits << 8) | byte;
      this.count += 8;
    }
  }

  /** Zeros behind what is left; `missing` counts how many bits are not in the data. */
  private pad(): void {
    const added = 24 - this.count;
    if (added <= 0) return;
    this.bits <<= added;
    this.count += added;
    this.padded += added;
  }

  private padded = 0;

  private drop(count: number): void {
    this.count -= count;
    if (this.count < this.padded) {
      if (this.position >= this.data.length && !this.recover) throw badJpeg('the data ends in the middle of the image');
      this.exhausted = true;
      this.padded = this.count;
    }
  }

  readBits(count: number): number {
    if (count === 0) return 0;
    if (this.count < count) this.fill();
    const value = (this.bits >>> (this.count - count)) & ((1 << count) - 1);
    this.drop(count);
    return value;
  }

  /** A signed value of `size` bits, whose first bit tells the sign. */
  private receiveExtend(size: number): number {
    const value = this.readBits(size);
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  symbol(table: HuffmanTable): number {
    if (this.count < 16) this.fill();
    const entry = this.count >= 9 ? table.fast[(this.bits >>> (this.count - 9)) & 511]! : 0;
    if (entry !== 0) {
      this.drop(entry >> 8);
      return entry & 255;
    }
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (this.bits >>> (this.count - length)) & ((1 << length) - 1);
      if (code <= table.maxCode[length]!) {
        this.drop(length);
        return table.symbols[code + table.offset[length]!] ?? 0;
      }
    }
    // A code that is not in the table: libjpeg warns and takes it for zero.
    this.drop(16);
    return 0;
  }

  /** How many coefficients behind the first the last sequential block has, up to the last that is not 0. */
  lastCoefficient = 0;

  /**
   * One block of a sequential scan.
   *
   * @param block - 64 zeros
   * @param predictor - the previous DC value
   * @returns the new one
   */
  sequentialBlock(block: Int16Array, dc: HuffmanTable, ac: HuffmanTable, predictor: number): number {
    if (this.padded === 0) {
      const value = this.plainBlock(block, dc, ac, predictor);
      if (value !== undefined) return value;
      block.fill(0);
    }
    return this.carefulBlock(block, dc, ac, predictor);
  }

  /**
   * {@link carefulBlock} with all state in local variables, for data in which nothing is amiss.
   *
   * @returns undefined, with the decoder as it was, at what only the careful way knows how to handle
   */
  private plainBlock(block: Int16Array, dc: HuffmanTable, ac: HuffmanTable, predictor: number): number | undefined {
    const { data } = this;
    const end = data.length;
    let { bits, count, position } = this;
    let { fast } = dc;
    let table = dc;
    let value = predictor;
    let last = 0;
    for (let k = 0; k < 64; k++) {
      while (count <= 16) {
        if (position >= end) return undefined;
        const byte = data[position]!;
        if (byte !== 0xff) position++;
        else if (data[position + 1] === 0) position += 2;
        else return undefined;
        bits = (bits << 8) | byte;
        count += 8;
      }
      const entry = fast[(bits >>> (count - 9)) & 511]!;
      let symbol = entry & 255;
      if (entry !== 0) {
        count -= entry >> 8;
      } else {
        let length = 10;
        let code = (bits >>> (count - length)) & 1023;
        while (code > table.maxCode[length]!) {
          if (++length > 16) return undefined;
          code = (bits >>> (count - length)) & ((1 << length) - 1);
        }
        count -= length;
        symbol = table.symbols[code + table.offset[length]!] ?? 0;
      }
      const size = symbol & 15;
      let received = 0;
      if (size !== 0) {
        while (count < size) {
          if (position >= end) return undefined;
          const byte = data[position]!;
          if (byte !== 0xff) position++;
          else if (data[position + 1] === 0) position += 2;
          else return undefined;
          bits = (bits << 8) | byte;
          count += 8;
        }
        count -= size;
        received = (bits >>> count) & ((1 << size) - 1);
        if (received < 1 << (size - 1)) received -= (1 << size) - 1;
      }
      if (k === 0) {
        value += received;
        block[0] = value;
        fast = ac.fast;
        table = ac;
        continue;
      }
      k += symbol >> 4;
      if (size !== 0) {
        block[ZIGZAG[k]!] = received;
        last = k;
      } else if (symbol !== 0xf0) {
        break;
      }
    }
    this.bits = bits;
    this.count = count;
    this.position = position;
    this.lastCoefficient = last;
    return value;
  }

  private carefulBlock(block: Int16Array, dc: HuffmanTable, ac: HuffmanTable, predictor: number): number {
    this.lastCoefficient = 63;
    const size = this.symbol(dc) & 15;
    const value = predictor + (size === 0 ? 0 : this.receiveExtend(size));
    block[0] = value;
    for (let k = 1; k < 64; k++) {
      const symbol = this.symbol(ac);
      const bits = symbol & 15;
      k += symbol >> 4;
      if (bits !== 0) block[ZIGZAG[k]!] = this.receiveExtend(bits);
      else if (symbol !== 0xf0) break;
    }
    return value;
  }

  dcFirst(block: Int16Array, at: number, dc: HuffmanTable, predictor: number, low: number): number {
    const size = this.symbol(dc) & 15;
    const value = predictor + (size === 0 ? 0 : this.receiveExtend(size));
    block[at] = value << low;
    return value;
  }

  dcRefine(block: Int16Array, at: number, low: number): void {
    if (this.readBits(1) === 1) block[at] = block[at]! | (1 << low);
  }

  acFirst(block: Int16Array, at: number, ac: HuffmanTable, from: number, to: number, low: number): void {
    if (this.endOfBandRun > 0) {
      this.endOfBandRun--;
      return;
    }
    for (let k = from; k <= to; k++) {
      const symbol = this.symbol(ac);
      const run = symbol >> 4;
      const size = symbol & 15;
      if (size !== 0) {
        k += run;
        block[at + ZIGZAG[k]!] = this.receiveExtend(size) << low;
      } else if (run === 15) {
        k += 15;
      } else {
        this.endOfBandRun = (1 << run) - 1 + this.readBits(run);
        return;
      }
    }
  }

  acRefine(block: Int16Array, at: number, ac: HuffmanTable, from: number, to: number, low: number): void {
    const bit = 1 << low;
    let k = from;
    if (this.endOfBandRun === 0) {
      for (; k <= to; k++) {
        const symbol = this.symbol(ac);
        let run = symbol >> 4;
        let value = 0;
        if ((symbol & 15) !== 0) {
          value = this.readBits(1) === 1 ? bit : -bit;
        } else if (run !== 15) {
          this.endOfBandRun = (1 << run) + this.readBits(run);
          break;
        }
        for (; k <= to; k++) {
          const place = at + ZIGZAG[k]!;
          if (block[place] !== 0) this.refine(block, place, bit);
          else if (--run < 0) break;
        }
        if (value !== 0) block[at + ZIGZAG[k]!] = value;
      }
    }
    if (this.endOfBandRun > 0) {
      for (; k <= to; k++) {
        const place = at + ZIGZAG[k]!;
        if (block[place] !== 0) this.refine(block, place, bit);
      }
      this.endOfBandRun--;
    }
  }

  private refine(block: Int16Array, place: number, bit: number): void {
    const value = block[place]!;
    if (this.readBits(1) === 1 && (value & bit) === 0) block[place] = value >= 0 ? value + bit : value - bit;
  }

  /** Starts anew behind a restart marker, if one is near; without one the following blocks stay as they are. */
  restart(): void {
    this.bits = 0;
    this.count = 0;
    this.padded = 0;
    this.endOfBandRun = 0;
    const { data } = this;
    let at = this.position;
    while (at + 1 < data.length && !(data[at] === 0xff && data[at + 1] !== 0 && data[at + 1] !== 0xff)) at++;
    const marker = data[at + 1];
    if (marker !== undefined && marker >= 0xd0 && marker <= 0xd7) {
      this.position = at + 2;
      this.exhausted = false;
    } else {
      this.position = at;
    }
  }
}
