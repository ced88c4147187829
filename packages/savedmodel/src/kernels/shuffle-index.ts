import { invalidRequest } from './elements.js';

/** The constants of Simon's key schedule, of which a schedule takes the low bits. */
const SCHEDULE_CONSTANT = 0xfffffffc;
const SCHEDULE_SEQUENCE = 0x7369f885192c0ef5n;
const LEAST_BLOCK = 16;
/** Walks are this long at most; those that start in range take 2^16 steps for the smallest ranges, and few for others. */
const MOST_STEPS = 2 ** 17;

/**
 * Where an index comes to lie in a random permutation of 0 to `most`: a block cipher that is applied until the result is in
 * range (upstream tensorflow/core/kernels/random_index_shuffle.cc).
 *
 * @param key - three 32-bit words
 * @param rounds - an even number of 4 or more
 */
export function shuffleIndex(index: bigint, key: readonly number[], most: bigint, rounds: number): bigint {
  if (most === 0n) return 0n;
  const cipher = new Cipher(wordBits(most), key, rounds);
  let [left, right] = cipher.split(index);
  // A power of two has one bit more than the blocks.
  const [, mostRight] = cipher.split(most);
  const mostLeft = Number(most >> BigInt(cipher.bits));
  for (let i = 0; i < MOST_STEPS; i++) {
    [left, right] = cipher.encrypt(left, right);
    if (left < mostLeft || (left === mostLeft && right <= mostRight)) return cipher.join(left, right);
  }
  throw invalidRequest('INDEX_OUT_OF_RANGE', `expected an index of 0 to ${most}, given ${index}`);
}

/** Half of the even number of bits that hold `most`. */
function wordBits(most: bigint): number {
  // ceil(log2(most)) as a double has it.
  const bits = Math.ceil(Math.log2(Number(most)));
  return Math.min(Math.max(bits + (bits % 2), LEAST_BLOCK), 64) / 2;
}

/** Simon with words of any number of bits from 8 to 32. */
class Cipher {
  readonly #mask: number;
  readonly #keys: readonly number[];

  constructor(
    readonly bits: number,
    key: readonly number[],
    rounds: number,
  ) {
    this.#mask = 2 ** bits - 1;
    const keys = key.map((word) => this.low(word));
    let sequence = this.low(Number(SCHEDULE_SEQUENCE & 0xffffffffn));
    for (let i = 3; i < rounds; i++) {
      const last = keys[i - 1]!;
      keys.push(
        this.low(SCHEDULE_CONSTANT ^ (sequence & 1) ^ keys[i - 3]! ^ this.right(last, 3) ^ this.right(last, 4)),
      );
      sequence >>>= 1;
    }
    this.#keys = keys;
  }

  private low(x: number): number {
    return (x & this.#mask) >>> 0;
  }

  private left(x: number, by: number): number {
    return this.low(shiftLeft(x, by) | shiftRight(x, this.bits - by));
  }

  private right(x: number, by: number): number {
    return this.low(shiftRight(x, by) | shiftLeft(x, this.bits - by));
  }

  private mix(x: number): number {
    return (this.left(x, 1) & this.left(x, 8)) ^ this.left(x, 2);
  }

  encrypt(left: number, right: number): [left: number, right: number] {
    let [x, y] = [right, left];
    for (let i = 0; i + 1 < this.#keys.length; i += 2) {
      y = this.low(y ^ this.mix(x) ^ this.#keys[i]!);
      x = this.low(x ^ this.mix(y) ^ this.#keys[i + 1]!);
    }
    return [y, x];
  }

  split(value: bigint): [left: number, right: number] {
    const mask = BigInt(this.#mask);
    return [Number((value >> BigInt(this.bits)) & mask), Number(value & mask)];
  }

  join(left: number, right: number): bigint {
    return (BigInt(left) << BigInt(this.bits)) | BigInt(right);
  }
}

/** Shifts by 0 to 32 bits; the processor's own take the number modulo 32. */
const shiftLeft = (x: number, by: number): number => (by >= 32 ? 0 : x << by);
const shiftRight = (x: number, by: number): number => (by >= 32 ? 0 : x >>> by);
