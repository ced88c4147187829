import { invalidArgument } from '../tensor-error.js';
import { formatShape } from '../tensor/shape.js';

/** How tensors are read from messages. */
export interface DecodeOptions {
  /**
   * Most elements that may be made up: a message may claim a large shape and hold one value, which is then repeated. The
   * elements of a tensor over the count of bytes (for message objects: of values) that came with it are counted against
   * this; for a predict request, those of all its tensors together. Unit: elements. Default: 67,108,864 (2^26).
   */
  readonly maxElements?: number;
  /**
   * `true`: tensors never share memory with the bytes they were read from. `false` (default): strings, and numbers that
   * happen to be aligned, are views on those bytes, so the bytes must not be changed or transferred while the tensors
   * are in use.
   */
  readonly copy?: boolean;
}

const defaultMaxElements = 2 ** 26;

/** Counts the elements that are made up, over all tensors of one message. */
export class ElementBudget {
  private readonly limit: number;
  private spent = 0;

  constructor(options: DecodeOptions | undefined) {
    const limit = options?.maxElements ?? defaultMaxElements;
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw invalidArgument('INVALID_OPTION', `maxElements: expected an integer of 0 or more, given ${String(limit)}`);
    }
    this.limit = limit;
  }

  /**
   * @param carried - an upper bound of the values that came with the tensor
   * @throws TensorError INVALID_ARGUMENT `TOO_MANY_ELEMENTS`
   */
  spend(shape: readonly number[], size: number, carried: number): void {
    if (size <= carried) return;
    this.spent += size - carried;
    if (this.spent > this.limit) {
      throw invalidArgument(
        'TOO_MANY_ELEMENTS',
        `Shape ${formatShape(shape)} claims ${size} elements and at most ${carried} came with it: expected at most ` +
          `${this.limit} elements to fill in (maxElements)`,
      );
    }
  }
}
