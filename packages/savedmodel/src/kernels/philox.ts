const { imul } = Math;

/** The high 32 bits of a product of two unsigned 32-bit integers. */
function high(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0;
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
    const words = (value: bigint) => [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)];
    return new Philox(Uint32Array.of(0, 0, ...words(seed2)), Uint32Array.from(words(seed)));
  }

  /** As the stateless ops start: their two seeds are scrambled first (tensorflow/core/kernels/stateless_random_ops.cc). */
  static fromStatelessSeeds(seed0: bigint, seed1: bigint): Philox {
    const words = (value: bigint) => [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)];
    const mix = new Philox(
      Uint32Array.of(...words(seed0), ...words(seed1)),
      Uint32Array.of(0x3ec8f720, 0x02461e29),
    ).next();
    return new Philox(Uint32Array.of(0, 0, mix[2]!, mix[3]!), Uint32Array.of(mix[0]!, mix[1]!));
  }

  clone(): Philox {
    return new Philox(this.counter.slice(), this.key.slice());
  }

  /** Four numbers; the counter moves on by one. */
  next(): Uint32Array {
    let [c0, c1, c2, c3] = this.counter as unknown as [number, number, number, number];
    let [k0, k1] = this.key as unknown as [number, number];
    for (let round = 0; round < 10; round++) {
      const [high0, high1] = [high(0xd2511f53, c0), high(0xcd9e8d57, c2)];
      const [low0, low1] = [imul(0xd2511f53, c0), imul(0xcd9e8d57, c2)];
      [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1 >>> 0, (high0 ^ c3 ^ k1) >>> 0, low0 >>> 0];
      k0 = (k0 + 0x9e3779b9) >>> 0;
      k1 = (k1 + 0xbb67ae85) >>> 0;
    }
    this.skip(1);
    return Uint32Array.of(c0, c1, c2, c3);
  }

  /** Moves on by steps of four numbers. */
  skip(steps: number): void {
    let carry = steps;
    for (let i = 0; i < 4 && carry > 0; i++) {
      const sum = this.counter[i]! + carry;
      this.counter[i] = sum >>> 0;
      carry = Math.floor(sum / 2 ** 32);
    }
  }
}

/** A number in [0, 1) from 23 random bits. */
export const toFloat = (bits: number): number => (bits & 0x7fffff) / 2 ** 23;

/** A number in [0, 1) from 52 random bits, the first word's above the second's. */
export const toDouble = (upper: number, low: number): number => ((upper & 0xfffff) * 2 ** 32 + low) / 2 ** 52;
