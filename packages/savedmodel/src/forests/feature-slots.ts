import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { Column } from './data-spec.js';

/** Categories up to this many fit into the bits of one number, with the last bit for missing values. */
export const MAX_MASK_CATEGORIES = 31;

/**
 * Where a row's features lie while trees look at them: one number each, in the order of the op's inputs, then what is made
 * of them. Sets of categories are looked at where they are.
 */
export interface FeatureSlots {
  /** Columns of the numerical input, of the boolean one, of the categorical one and of the sets. */
  readonly numerical: readonly Column[];
  readonly boolean: readonly Column[];
  readonly categorical: readonly Column[];
  readonly sets: readonly Column[];
  /** Numbers of one row. */
  readonly count: number;
  /** Slots whose number is that of another slot with the other sign: pairs of the slot and the other. */
  readonly negated: readonly (readonly [slot: number, of: number])[];
  /** Slots that are 1 where another's value is missing and 0 where it is not. */
  readonly missing: readonly (readonly [slot: number, of: number])[];
}

/** What a feature of the data specification is to a tree. */
export interface Feature {
  readonly column: Column;
  /** Of a set its place among the sets. */
  readonly slot: number;
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
  readonly #negated = new Map<number, number>();
  readonly #missing = new Map<number, number>();
  #count: number;

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
      this.#features.set(index, { column, slot: (starts.get(bank) ?? 0) + place });
    }
    this.#count = numerical.length + boolean.length + categorical.length;
  }

  /** @throws SavedModelError DATA_LOSS `MALFORMED_FOREST` when no input feeds the column */
  feature(index: number): Feature {
    const feature = this.#features.get(index);
    if (feature !== undefined) return feature;
    throw malformedForest(this.file, 'conditions on the input features of the model', `one on column ${index}`);
  }

  /** The slot with the same number and the other sign. */
  negated(of: number): number {
    return this.#derived(this.#negated, of);
  }

  /** The slot that tells whether the value in another is missing. */
  missing(of: number): number {
    return this.#derived(this.#missing, of);
  }

  slots(): FeatureSlots {
    const pairs = (map: ReadonlyMap<number, number>) => [...map].map(([of, slot]) => [slot, of] as const);
    return { ...this.#banks, count: this.#count, negated: pairs(this.#negated), missing: pairs(this.#missing) };
  }

  #derived(map: Map<number, number>, of: number): number {
    let slot = map.get(of);
    if (slot === undefined) {
      slot = this.#count++;
      map.set(of, slot);
    }
    return slot;
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
