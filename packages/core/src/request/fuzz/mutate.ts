/** Numbers in [0, 1) that are the same for the same seed everywhere (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes inputs that are almost right, from ones that are. */
export class Mutator {
  readonly #random: () => number;
  readonly #seeds: readonly Uint8Array[];
  readonly #tokens: readonly Uint8Array[];

  /** @param tokens - pieces that mean something in the format, put in here and there */
  constructor(random: () => number, seeds: readonly Uint8Array[], tokens: readonly Uint8Array[] = []) {
    this.#random = random;
    this.#seeds = seeds;
    this.#tokens = tokens;
  }

  /** One of the seeds with one to eight changes; now and then bytes that have nothing to do with them. */
  next(): Uint8Array {
    if (this.#random() < 0.05) return this.#bytes(this.#below(200));
    let bytes = this.#pick(this.#seeds);
    for (let change = this.#below(8); change >= 0; change--) bytes = this.#change(bytes);
    return bytes;
  }

  #change(bytes: Uint8Array): Uint8Array {
    const at = this.#below(bytes.length + 1);
    const to = Math.min(bytes.length, at + this.#below(1 + this.#below(40)));
    const before = bytes.subarray(0, at);
    const after = bytes.subarray(at);
    switch (this.#below(8)) {
      case 0:
        return Buffer.concat([before, this.#bytes(1), bytes.subarray(Math.min(bytes.length, at + 1))]);
      case 1: {
        const flipped = Uint8Array.from(bytes);
        if (at < flipped.length) flipped[at]! ^= 1 << this.#below(8);
        return flipped;
      }
      case 2:
        return Buffer.concat([before, bytes.subarray(to)]);
      case 3:
        return Buffer.concat([before, bytes.subarray(at, to), after]);
      case 4:
        return Buffer.concat([before, this.#bytes(1 + this.#below(6)), after]);
      case 5:
        return before;
      case 6:
        return Buffer.concat([before, this.#pick(this.#seeds).subarray(this.#below(40))]);
      default:
        return this.#tokens.length === 0 ? bytes : Buffer.concat([before, this.#pick(this.#tokens), after]);
    }
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#below(256));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }
}
