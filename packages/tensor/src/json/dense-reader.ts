import { ch } from './json-text.js';
import { isSpace, type Scanner, type ValueBuffer } from './value-buffer.js';

/** Deepest nesting that is read in this way. */
const maxDepth = 32;

/** Reads nested lists of plain values in one pass, working out their shape as it goes. */
export class DenseReader {
  readonly #counts = new Int32Array(maxDepth);
  readonly #dims = new Int32Array(maxDepth);
  #rank = 0;

  /** Shape of the value that was read last. */
  get shape(): number[] {
    return Array.from(this.#dims.subarray(0, this.#rank));
  }

  /** Whether the value that was read last has this shape. */
  hasShape(shape: readonly number[]): boolean {
    if (shape.length !== this.#rank) return false;
    for (let axis = 0; axis < shape.length; axis++) if (shape[axis] !== this.#dims[axis]) return false;
    return true;
  }

  /**
   * Appends all values of the list (or the one value) at the scanner, and moves behind it.
   *
   * @returns false when it is ragged, too deep, or has a value that the buffer does not read; the buffer may then hold a
   * part of the values
   */
  read(scanner: Scanner, buffer: ValueBuffer): boolean {
    const { bytes } = scanner;
    const counts = this.#counts;
    const dims = this.#dims.fill(-1);
    let rank = -1;
    let depth = 0;
    let at = scanner.at;
    for (;;) {
      // A value is expected here.
      if (bytes[at] === ch.openBracket) {
        if (depth === rank || depth === maxDepth) return false;
        counts[depth++] = 0;
        at++;
        while (isSpace(bytes[at]!)) at++;
        if (bytes[at] !== ch.closeBracket) continue;
        // The shape follows the first item at each level, so an empty first list ends it.
        if (rank < 0) rank = depth;
      } else {
        if (rank < 0) rank = depth;
        else if (depth !== rank) return false;
        const before = buffer.length;
        const width = depth === 0 ? -1 : Math.max(0, dims[depth - 1]!);
        scanner.at = at;
        if (!buffer.readRun(scanner, width)) return false;
        if (depth === 0) {
          this.#rank = 0;
          return true;
        }
        at = scanner.at;
        const { lists } = scanner;
        counts[depth - 1] = buffer.length - before - lists * width;
        if (lists > 0) counts[depth - 2]! += lists;
      }
      for (;;) {
        if (bytes[at] !== ch.closeBracket) return false;
        at++;
        const count = counts[--depth]!;
        if (dims[depth] === -1) dims[depth] = count;
        else if (dims[depth] !== count) return false;
        if (depth === 0) {
          this.#rank = rank;
          scanner.at = at;
          return true;
        }
        counts[depth - 1]!++;
        while (isSpace(bytes[at]!)) at++;
        if (bytes[at] === ch.comma) {
          at++;
          while (isSpace(bytes[at]!)) at++;
          break;
        }
      }
    }
  }
}
