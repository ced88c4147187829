import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c } from '../../../tfrecord/crc32c.js';
import type { Checksums } from '../store/object-store.js';

/** Hashes content piece by piece: its SHA-256 always, and whatever else there is to compare with. */
export class ContentHash {
  readonly #expected: Checksums;
  readonly #sha256 = createHash('sha256');
  readonly #others: ReadonlyMap<'md5' | 'sha1', Hash>;
  #crc32 = 0;
  #crc32c = 0;

  constructor(expected: Checksums = {}) {
    this.#expected = expected;
    this.#others = new Map(
      (['md5', 'sha1'] as const).filter((name) => expected[name]).map((name) => [name, createHash(name)]),
    );
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    for (const hash of this.#others.values()) hash.update(bytes);
    if (this.#expected.crc32) this.#crc32 = crc32(bytes, this.#crc32);
    if (this.#expected.crc32c) this.#crc32c = crc32c(bytes, this.#crc32c);
  }

  /** Ends it. @returns the SHA-256 in hex, and what is not as the store says, if anything */
  end(): { readonly sha256: string; readonly mismatch: string | undefined } {
    const sha256 = this.#sha256.digest('hex');
    const given: Checksums = {
      sha256,
      crc32: hex32(this.#crc32),
      crc32c: hex32(this.#crc32c),
      ...Object.fromEntries([...this.#others].map(([name, hash]) => [name, hash.digest('hex')])),
    };
    const wrong = (['sha256', 'sha1', 'md5', 'crc32c', 'crc32'] as const).find(
      (name) => this.#expected[name] && this.#expected[name] !== given[name],
    );
    return {
      sha256,
      mismatch: wrong && `${wrong} is ${given[wrong]}, and the store says ${this.#expected[wrong]}`,
    };
  }
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
