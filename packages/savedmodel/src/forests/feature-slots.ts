import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { Column } from './data-spec.js';

/**
 * What trees look at of a row: two integers for each slot, such that one step down a tree is the same arithmetic for every
 * kind of condition, without a branch that a processor would have to guess (`TreeWriter`).
 */
export type Slot =
  /**
   * A number or boolean: how many of the feature's thresholds it reaches. A missing one reaches none, or, where
   * `missingAbove`, more than there are.
   */
  | { readonly kind: 'number'; readonly feature: number; readonly missingAbove: boolean }
  /** Which of {@link WORD_CATEGORIES} categories it is, counted from those of the words before. */
  | { readonly kind: 'category'; readonly feature: number; readonly word: number }
  /** 1 where the feature is missing, 0 where it is not. */
  | { readonly kind: 'missing'; readonly feature: number };

/** Categories of one word of bits; behind them are a bit for the categories of other words and one for missing values. */
export const WORD_CATEGORIES = 30;
export const ELSEWHERE_BIT = 30;
export const MISSING_BIT = 31;

/** The features of a row, and what trees look at. Sets of categories are looked at where they are. */
export interface FeatureSlots {
  /** Columns of the numerical input, of the boolean one and of the categorical one, which are the features of a row. */
  readonly numerical: readonly Column[];
  readonly boolean: readonly Column[];
  readonly categorical: readonly Column[];
  readonly sets: readonly Column[];
  readonly slots: readonly Slot[];
}

/** What a feature of the data specification is to a tree. */
export interface Feature {
  readonly column: Column;
  /** Its place among the features of a row; of a set that among the sets. */
  readonly place: number;
}

/** Gives features their slots (`FeatureIndex::Initialize` in TensorFlow Decision Forests' `ops/inference/kernel.cc`). */
export class SlotMap {
  readonly #features = new Map<number, Feature>();
  readonly #banks: Record<'numerical' | 'boolean' | 'categorical' | 'sets', Column[]> = {
    numerical: [],
    boolean: [],
    categorical: [],
    sets: [],
  };
  readonly #slots = new Map<string, { readonly slot: Slot; readonly number: number }>();

  /** @throws SavedModelError UNIMPLEMENTED `UNSUPPORTED_FEATURE`; DATA_LOSS `MALFORMED_FOREST` */
  constructor(
    columns: readonly Column[],
    inputFeatures: readonly number[],
    private readonly file: string,
  ) {
    const banked = inputFeatures.map((index) => {
      const column = columns[index];
      if (column === undefined) {
        throw malformedForest(file, `input features among the ${columns.length} columns`, `feature ${index}`);
      }
      const bank = this.#banks[bankOf(column, file)];
      bank.push(column);
      return { index, column, bank, place: bank.length - 1 };
    });
    const { numerical, boolean, categorical, sets } = this.#banks;
    const starts = new Map([
      [numerical, 0],
      [boolean, numerical.length],
      [categorical, numerical.length + boolean.length],
      [sets, 0],
    ]);
    for (const { index, column, bank, place } of banked) {
      this.#features.set(index, { column, place: (starts.get(bank) ?? 0) + place });
    }
  }

  /** @throws SavedModelError DATA_LOSS `MALFORMED_FOREST` when no input feeds the column */
  feature(index: number): Feature {
    const feature = this.#features.get(index);
    if (feature !== undefined) return feature;
    throw malformedForest(this.file, 'conditions on the input features of the model', `one on column ${index}`);
  }

  /** The number of a slot, which is made when it is asked for first. */
  numberOf(slot: Slot): number {
    const key = JSON.stringify(slot);
    let found = this.#slots.get(key);
    if (found === undefined) {
      found = { slot, number: this.#slots.size };
      this.#slots.set(key, found);
    }
    return found.number;
  }

  slots(): FeatureSlots {
    return { ...this.#banks, slots: [...this.#slots.values()].map(({ slot }) => slot) };
  }
}

function bankOf({ name, type }: Column, file: string) {
  switch (type) {
    case 'NUMERICAL':
    case 'DISCRETIZED_NUMERICAL':
      return 'numerical';
    case 'BOOLEAN':
      return 'boolean';
    case 'CATEGORICAL':
      return 'categorical';
    case 'CATEGORICAL_SET':
      return 'sets';
    default:
      throw new SavedModelError(
        'UNIMPLEMENTED',
        'UNSUPPORTED_FEATURE',
        `${file}: Non supported feature type "${type}" for feature "${name}".`,
        { file },
      );
  }
}

export function malformedForest(file: string, expected: string, given: string): SavedModelError {
  return new SavedModelError('DATA_LOSS', 'MALFORMED_FOREST', `${file}: expected ${expected}, given ${given}`, {
    file,
  });
}
