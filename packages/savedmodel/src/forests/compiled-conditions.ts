import { GrowingArray } from './growing-array.js';

/** Kinds of conditions that are more than the comparison of a number. */
export const BITMAP = 0;
export const LIST = 1;
export const SET_BITMAP = 2;
export const SET_LIST = 3;
export const OBLIQUE = 4;
export const SET_MISSING = 5;

/** The conditions of a forest that are more than the comparison of a number, one behind the other in typed arrays. */
export interface CompiledConditions {
  readonly kind: Uint8Array;
  /** The place of the feature in a row; of a set that among the sets. */
  readonly place: Int32Array;
  /** Where the condition's part begins: in `bits` (bytes), `elements`, or `attributes` and `weights`. */
  readonly start: Int32Array;
  /** How many bits, elements or attributes it has. */
  readonly count: Int32Array;
  /** What a missing value answers: 0 or 1. */
  readonly naValue: Uint8Array;
  readonly bits: Uint8Array;
  readonly elements: Int32Array;
  /** Features whose numbers are added up. */
  readonly attributes: Int32Array;
  /** Their weights, and behind those of one condition its threshold. */
  readonly weights: Float32Array;
  /** What stands for missing numbers; NaN: nothing does, and the whole condition is missing. */
  readonly replacements: Float32Array;
}

/** Writes {@link CompiledConditions}. */
export class ConditionWriter {
  readonly #kind = new GrowingArray((length) => new Uint8Array(length));
  readonly #place = new GrowingArray((length) => new Int32Array(length));
  readonly #start = new GrowingArray((length) => new Int32Array(length));
  readonly #count = new GrowingArray((length) => new Int32Array(length));
  readonly #naValue = new GrowingArray((length) => new Uint8Array(length));
  readonly #bits = new GrowingArray((length) => new Uint8Array(length));
  readonly #elements = new GrowingArray((length) => new Int32Array(length));
  readonly #attributes = new GrowingArray((length) => new Int32Array(length));
  readonly #weights = new GrowingArray((length) => new Float32Array(length));
  readonly #replacements = new GrowingArray((length) => new Float32Array(length));

  /** Whether a category, or one of a set, is among those whose bits are set. @returns the condition's number */
  bitmap(isSet: boolean, place: number, bitmap: Uint8Array, naValue: boolean): number {
    const start = this.#bits.length;
    for (const byte of bitmap) this.#bits.push(byte);
    return this.#add(isSet ? SET_BITMAP : BITMAP, place, start, bitmap.length * 8, naValue);
  }

  /** Whether a category, or one of a set, is in a list in ascending order. */
  list(isSet: boolean, place: number, elements: readonly number[], naValue: boolean): number {
    const start = this.#elements.length;
    for (const element of elements) this.#elements.push(element);
    return this.#add(isSet ? SET_LIST : LIST, place, start, elements.length, naValue);
  }

  /** Whether a weighted sum of numbers reaches a threshold. */
  oblique(
    places: readonly number[],
    weights: readonly number[],
    replacements: readonly number[],
    threshold: number,
    naValue: boolean,
  ): number {
    const start = this.#weights.length;
    places.forEach((place, i) => {
      this.#attributes.push(place);
      this.#weights.push(weights[i] ?? 0);
      this.#replacements.push(replacements[i] ?? NaN);
    });
    this.#attributes.push(0);
    this.#weights.push(threshold);
    this.#replacements.push(NaN);
    return this.#add(OBLIQUE, 0, start, places.length, naValue);
  }

  setMissing(place: number): number {
    return this.#add(SET_MISSING, place, 0, 0, false);
  }

  finish(): CompiledConditions {
    return {
      kind: this.#kind.toArray(),
      place: this.#place.toArray(),
      start: this.#start.toArray(),
      count: this.#count.toArray(),
      naValue: this.#naValue.toArray(),
      bits: this.#bits.toArray(),
      elements: this.#elements.toArray(),
      attributes: this.#attributes.toArray(),
      weights: this.#weights.toArray(),
      replacements: this.#replacements.toArray(),
    };
  }

  #add(kind: number, place: number, start: number, count: number, naValue: boolean): number {
    this.#kind.push(kind);
    this.#place.push(place);
    this.#start.push(start);
    this.#count.push(count);
    this.#naValue.push(naValue ? 1 : 0);
    return this.#kind.length - 1;
  }
}

/** A row's set of categories: where its items are. */
export interface SetAccess {
  readonly items: Int32Array;
  /** Where each set begins and ends: row by row, in each the sets in the order of the features. */
  readonly splits: Int32Array;
  readonly setsPerRow: number;
}

/**
 * Whether a condition holds of a row.
 *
 * @param x - features of rows; the row's begin at `base`
 * @param row - the row's place among those of the sets
 */
export function holds(
  conditions: CompiledConditions,
  condition: number,
  x: Float32Array,
  base: number,
  sets: SetAccess,
  row: number,
): boolean {
  const place = conditions.place[condition]!;
  const naValue = conditions.naValue[condition]! !== 0;
  switch (conditions.kind[condition]) {
    case BITMAP:
    case LIST: {
      const category = x[base + place]!;
      return Number.isNaN(category) ? naValue : contains(conditions, condition, category);
    }
    case SET_BITMAP:
    case SET_LIST: {
      const at = row * sets.setsPerRow + place;
      for (let i = sets.splits[at]!; i < sets.splits[at + 1]!; i++) {
        const item = sets.items[i]!;
        if (item < 0 ? naValue : contains(conditions, condition, item)) return true;
      }
      return false;
    }
    case OBLIQUE: {
      const start = conditions.start[condition]!;
      const end = start + conditions.count[condition]!;
      let sum = 0;
      for (let i = start; i < end; i++) {
        let value = x[base + conditions.attributes[i]!]!;
        if (Number.isNaN(value)) {
          value = conditions.replacements[i]!;
          if (Number.isNaN(value)) return naValue;
        }
        sum = Math.fround(sum + Math.fround(value * conditions.weights[i]!));
      }
      return sum >= conditions.weights[end]!;
    }
    default: {
      const at = row * sets.setsPerRow + place;
      return sets.splits[at]! < sets.splits[at + 1]! && sets.items[sets.splits[at]!]! < 0;
    }
  }
}

function contains(
  { kind, start, count, bits, elements }: CompiledConditions,
  condition: number,
  item: number,
): boolean {
  const from = start[condition]!;
  const length = count[condition]!;
  if ((kind[condition]! & 1) === 0) return item < length && (bits[from + (item >> 3)]! & (1 << (item & 7))) !== 0;
  let low = from;
  let high = from + length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (elements[middle]! < item) low = middle + 1;
    else high = middle;
  }
  return low < from + length && elements[low] === item;
}
