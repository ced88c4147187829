import type { Column } from './data-spec.js';
import { malformedForest } from './feature-slots.js';
import { GrowingArray } from './growing-array.js';
import type { ForestHeader, ForestKind, ModelHeader } from './model-headers.js';
import type { LeafOutput } from './tree-node.js';

/** What the leaves of a forest hold, leaf by leaf. */
export interface LeafOutputs {
  /**
   * `value`: one number; `vote`: the number of a class; `distribution`: the share of each class, the unknown one first;
   * `effects`: one number for each treatment but the first.
   */
  readonly kind: 'value' | 'vote' | 'distribution' | 'effects';
  /** Numbers of one leaf. */
  readonly width: number;
  /** As the file has them; of a distribution the weights, and behind them their sum. */
  readonly numbers: Float64Array;
}

const EULER = Math.fround(0.5772156649);
const { fround } = Math;

/** The mean length of a path in a tree of so many examples (`PreissAveragePathLength` in `isolation_forest.cc`). */
export function averagePathLength(examples: number): number {
  if (examples > 2) {
    const n = fround(examples);
    const harmonic = fround(fround(Math.log(fround(n - 1))) + EULER);
    return fround(fround(2 * harmonic) - fround(fround(2 * fround(n - 1)) / n));
  }
  return examples === 2 ? 1 : 0;
}

/** Collects what the leaves of a forest hold. */
export class LeafCollector {
  readonly #numbers = new GrowingArray((length) => new Float64Array(length));
  readonly #kind: LeafOutputs['kind'];
  /** Numbers of one leaf; of a distribution with the sum. */
  readonly #width: number;

  constructor(
    private readonly forest: ForestKind,
    { task }: ModelHeader,
    { winnerTakeAll }: ForestHeader,
    private readonly label: Column | undefined,
    treatments: number,
    private readonly file: string,
  ) {
    const isUplift = task === 'CATEGORICAL_UPLIFT' || task === 'NUMERICAL_UPLIFT';
    if (forest !== 'RANDOM_FOREST' || !(isUplift || task === 'CLASSIFICATION')) this.#kind = 'value';
    else if (isUplift) this.#kind = 'effects';
    else this.#kind = winnerTakeAll ? 'vote' : 'distribution';
    this.#width =
      this.#kind === 'effects' ? treatments : this.#kind === 'distribution' ? (label?.categories ?? 0) + 1 : 1;
  }

  /** @param depth - how many conditions stand above the leaf */
  add(output: LeafOutput, depth: number): void {
    switch (this.#kind) {
      case 'value':
        if (this.forest === 'ISOLATION_FOREST') {
          const { examples } = output;
          if (examples === undefined || examples < 0) throw this.#refuse('a number of examples', String(examples));
          this.#numbers.push(fround(depth + averagePathLength(examples)));
        } else if (output.value === undefined) throw this.#refuse('the value of a regressor', 'none');
        else this.#numbers.push(output.value);
        return;
      case 'vote': {
        const { topClass = -1 } = output;
        const classes = this.label?.categories ?? 0;
        if (topClass < 0 || topClass >= classes)
          throw this.#refuse(`a vote for one of ${classes} classes`, `${topClass}`);
        this.#numbers.push(topClass);
        return;
      }
      case 'distribution': {
        const { counts = [], sum = 0 } = output;
        if (counts.length !== this.#width - 1) {
          throw this.#refuse(`weights of ${this.#width - 1} classes`, String(counts.length));
        }
        for (const count of counts) this.#numbers.push(count);
        this.#numbers.push(sum);
        return;
      }
      case 'effects': {
        const { treatmentEffects = [] } = output;
        if (treatmentEffects.length !== this.#width) {
          throw this.#refuse(`effects of ${this.#width} treatments`, String(treatmentEffects.length));
        }
        for (const effect of treatmentEffects) this.#numbers.push(effect);
      }
    }
  }

  finish(): LeafOutputs {
    return { kind: this.#kind, width: this.#width, numbers: this.#numbers.toArray() };
  }

  #refuse(expected: string, given: string) {
    return malformedForest(this.file, `${expected} at a leaf`, given);
  }
}
