const { imul } = Math;

/**
 * The high 32 bits of a product of two unsigned 32-bit integers. The product as a double is off by 1024 at most: without
 * its low bits, which are known, it is so close to a multiple of 2^32 that rounding finds it.
 */
function high(a: number, b: number): number {
  return ((a * b - (imul(a, b) >>> 0)) / 2 ** 32 + 0.5) >>> 0;
}

/**
 * TensorFlow's generator of random numbers: Philox 4x32 with 10 rounds (Salmon et al., 2011; upstream
 * tensorflow/core/lib/random/philox_random.h). A counter is scrambled by a key; every step gives four 32-bit numbers.
 */
export class Philox {
  /** @param counter - four words, lowest first; @param key - two words */
  constructor(
    readonly counter: Uint32Array,
    readonly key: Uint32Array,
  ) {}

  /** As the stateful ops start: the first seed is the key, the second the counter's upper half. */
  static fromSeeds(seed: bigint, seed2: bigint): Philox {
    return new Philox(wordsOf([0n, seed2]), wordsOf([seed]));
  }

  /** As the stateless ops start: their two seeds are scrambled first (tensorflow/core/kernels/stateless_random_ops.cc). */
  static fromStatelessSeeds(seed0: bigint, seed1: bigint): Philox {
    const mix = new Philox(wordsOf([seed0, seed1]), Uint32Array.of(0x3ec8f720, 0x02461e29)).next();
    return new Philox(Uint32Array.of(0, 0, mix[2]!, mix[3]!), Uint32Array.of(mix[0]!, mix[1]!));
  }

  clone(): Philox {
    return new Philox(this.counter.slice(), this.key.slice());
  }

  /** Four numbers; the counter moves on by one. */
  next(): Uint32Array {
    const words = new Uint32Array(4);
    this.fill(words);
    return words;
  }

  /** Fills an array, whose length is a multiple of four, with numbers. */
  fill(words: Uint32Array): void {
    const { counter } = this;
    const [key0 = 0, key1 = 0] = this.key;
    for (let at = 0; at < words.length; at += 4) {
      let c0 = counter[0]!;
      let c1 = counter[1]!;
      let c2 = counter[2]!;
      let c3 = counter[3]!;
      let k0 = key0;
      let k1 = key1;
      for (let round = 0; round < 10; round++) {
        const high0 = high(0xd2511f53, c0);
        const high1 = high(0xcd9e8d57, c2);
        const low0 = imul(0xd2511f53, c0);
        const low1 = imul(0xcd9e8d57, c2);
        c0 = (high1 ^ c1 ^ k0) >>> 0;
        c1 = low1 >>> 0;
        c2 = (high0 ^ c3 ^ k1) >>> 0;
        c3 = low0 >>> 0;
        k0 = (k0 + 0x9e3779b9) >>> 0;
        k1 = (k1 + 0xbb67ae85) >>> 0;
      }
      words[at] = c0;
      words[at + 1] = c1;
      words[at + 2] = c2;
      words[at + 3] = c3;
      if (counter[0] === 0xffffffff) this.skip(1);
      else counter[0] = counter[0]! + 1;
    }
  }

  /** Moves on by steps of four numbers: integers below 2^53, or unsigned 64-bit ones. */
  skip(steps: number | bigint): void {
    if (typeof steps === 'bigint') {
      this.skipWide(steps);
      return;
    }
    let carry = steps;
    for (let i = 0; i < 4 && carry > 0; i++) {
      const sum = this.counter[i]! + carry;
      this.counter[i] = sum >>> 0;
      carry = Math.floor(sum / 2 ** 32);
    }
  }

  /** As PhiloxRandom::Skip has it, where a carry into the high word of `steps` may be lost. */
  private skipWide(steps: bigint): void {
    const { counter } = this;
    const [low = 0, upper = 0] = wordsOf([steps]);
    const first = counter[0]! + low;
    counter[0] = first >>> 0;
    const carried = (upper + (first >= 2 ** 32 ? 1 : 0)) >>> 0;
    const second = counter[1]! + carried;
    counter[1] = second >>> 0;
    if (second < 2 ** 32) return;
    counter[2] = (counter[2]! + 1) >>> 0;
    if (counter[2] === 0) counter[3] = (counter[3]! + 1) >>> 0;
  }
}

/** Words of 64-bit integers, the low one of each first. */
export const wordsOf = (values: readonly bigint[]): Uint32Array =>
  Uint32Array.from(values.flatMap((value) => [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)]));

/** The integers of which {@link wordsOf} made the words. */
export const joinWords = (words: Uint32Array): bigint[] =>
  Array.from({ length: words.length / 2 }, (_, i) => BigInt(words[2 * i]!) | (BigInt(words[2 * i + 1]!) << 32n));

/** A number in [0, 1) from 23 random bits. */
export const toFloat = (bits: number): number => (bits & 0x7fffff) / 2 ** 23;

/** A number in [0, 1) from 52 random bits, the first word's above the second's. */
export const toDouble = (upper: number, low: number): number => ((upper & 0xfffff) * 2 ** 32 + low) / 2 ** 52;
