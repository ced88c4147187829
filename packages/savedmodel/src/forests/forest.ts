import type { CompiledTrees } from './tree-writer.js';
import type { FeatureSlots } from './feature-slots.js';
import type { Scoring } from './scoring.js';

/** A model of Yggdrasil Decision Forests that has been read, ready to answer. */
export interface Forest {
  readonly slots: FeatureSlots;
  readonly trees: CompiledTrees;
  /**
   * What stands for a missing value, by feature of a row; NaN where a missing value stays one. `undefined`: it stays one
   * everywhere.
   */
  readonly replacements: Float32Array | undefined;
  /** How predictions are made; throws where TensorFlow Decision Forests has no engine for the forest. */
  readonly scoring: () => Scoring;
  /** What the numbers of a prediction stand for: a classifier's labels. */
  readonly representation: readonly Uint8Array[];
}
