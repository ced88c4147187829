import type { MessageBlock, MessageMemory } from './message-memory.js';

/** Bytes before each message: one of flags, four of length (gRPC over HTTP/2, Length-Prefixed-Message). */
export const PREFIX_BYTES = 5;

/** What four bytes of length can say. */
export const LONGEST_MESSAGE_BYTES = 2 ** 32 - 1;

/** Messages up to this size get their memory at once; larger ones when an eighth of what they claim is there. */
const TRUSTED_BYTES = 4 * 1024 * 1024;
const TRUSTED_SHARE = 8;

/** What a payload is aligned to: a cache line, and every element. */
const ALIGNMENT = 64;

/** One message as it was sent. */
export interface FramedMessage {
  readonly flags: number;
  readonly bytes: Buffer;
  /** Lets other messages use its memory; absent where it has none of its own. */
  readonly release?: (() => void) | undefined;
}

/** Finds where the largest part of a message will start, given its first bytes; 0 when it cannot tell. */
export type PayloadFinder = (head: Uint8Array) => number;

/** A message that claims to be larger than the limit. */
export class MessageTooLarge extends Error {
  constructor(bytes: number, limit: number) {
    super(`Received message larger than max (${bytes} vs ${limit})`);
  }
}

/**
 * Puts messages together from DATA frames.
 *
 * A message inside one frame stays where it is. A longer one is copied once, as it comes, into memory of its own, placed
 * such that the payload found by `findPayload` can be used as a typed array without another copy.
 */
export class MessageReader {
  readonly #limit: number;
  readonly #memory: MessageMemory;
  readonly #findPayload: PayloadFinder | undefined;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixed = 0;
  #length = 0;
  #received = 0;
  /** Frames of a message that has no memory yet. */
  #parts: Buffer[] = [];
  #block: MessageBlock | undefined;
  #target: Buffer | undefined;

  /**
   * @param limit - most bytes of a message; -1 for no limit
   * @param memory - where messages of several frames are put together
   */
  constructor(limit: number, memory: MessageMemory, findPayload?: PayloadFinder) {
    this.#limit = limit;
    this.#memory = memory;
    this.#findPayload = findPayload;
  }

  /**
   * Takes in the next bytes of the stream.
   *
   * @returns the messages that they complete
   * @throws MessageTooLarge; RangeError when there is no memory for a message
   */
  push(chunk: Buffer): FramedMessage[] {
    const messages: FramedMessage[] = [];
    let at = 0;
    for (;;) {
      if (this.#prefixed < PREFIX_BYTES) {
        while (this.#prefixed < PREFIX_BYTES && at < chunk.length) this.#prefix[this.#prefixed++] = chunk[at++]!;
        if (this.#prefixed < PREFIX_BYTES) return messages;
        this.#begin();
      }
      const take = Math.min(chunk.length - at, this.#length - this.#received);
      const bytes = this.#take(chunk.subarray(at, at + take));
      at += take;
      if (bytes === undefined) return messages;
      messages.push({ flags: this.#prefix[0]!, bytes, release: this.#block?.release });
      this.#block = undefined;
      this.#prefixed = 0;
    }
  }

  /** Gives up the message that is not complete. */
  drop(): void {
    this.#block?.release();
    this.#block = undefined;
    this.#target = undefined;
    this.#parts = [];
  }

  #begin(): void {
    const [, a = 0, b = 0, c = 0, d = 0] = this.#prefix;
    this.#length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    this.#received = 0;
    if (this.#limit !== -1 && this.#length > this.#limit) throw new MessageTooLarge(this.#length, this.#limit);
  }

  /** Adds bytes to the message; gives it once it is whole. */
  #take(part: Buffer): Buffer | undefined {
    const isFirst = this.#received === 0;
    this.#received += part.length;
    const isWhole = this.#received === this.#length;
    if (isFirst && isWhole) return part;
    if (part.length === 0) return undefined;
    if (this.#target !== undefined) {
      this.#target.set(part, this.#received - part.length);
    } else {
      this.#parts.push(part);
      if (this.#length <= TRUSTED_BYTES || this.#received * TRUSTED_SHARE >= this.#length) this.#allocate();
    }
    if (!isWhole) return undefined;
    const whole = this.#target;
    this.#target = undefined;
    return whole;
  }

  /** What a message only claims to be long takes no memory. */
  #allocate(): void {
    const payload = this.#findPayload?.(this.#parts[0]!) ?? 0;
    const before = (ALIGNMENT - (payload % ALIGNMENT)) % ALIGNMENT;
    this.#block = this.#memory.take(before + this.#length);
    const target = this.#block.bytes.subarray(before, before + this.#length);
    let at = 0;
    for (const part of this.#parts) {
      target.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#target = target;
  }
}
