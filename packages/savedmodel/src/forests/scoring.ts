import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { averagePathLength, type LeafOutputs } from './leaf-outputs.js';
import type { ForestHeader, ForestKind, ModelHeader } from './model-headers.js';
import type { TreeStructure } from './tree-writer.js';

const { fround } = Math;

/** The bound of the logarithm of a rate (`kPoissonLossClampBounds` in `gradient_boosted_trees.h`). */
const POISSON_BOUND = 19;
/** Limits of the engine that goes through conditions in place of trees (`quick_scorer_extended.h`). */
const QUICK_SCORER_LEAVES = 64;
const QUICK_SCORER_TREES = 65_535;

/**
 * How the leaves of a row's trees become its prediction. Sums are rounded as those of Yggdrasil's engines are: these round to
 * float32 after each tree, beginning with what the engine begins with.
 */
export interface Scoring {
  /** Numbers of a prediction. */
  readonly outputs: number;
  /** Sums that are kept for each row. */
  readonly sums: number;
  /** What the sums are kept in. */
  readonly precision: 'float32' | 'float64';
  /** What each sum begins with. */
  readonly initial: readonly number[];
  /**
   * What a leaf adds: `value`: one number to the sum whose turn the tree is; `vote`: `weight` to the sum that it names;
   * `table`: a number to each sum.
   */
  readonly adds: 'value' | 'vote' | 'table';
  /** By leaf; of a vote the sum that it names. */
  readonly leaves: Float32Array | Float64Array;
  readonly weight: number;
  /** Writes a prediction from a row's sums. */
  finish(sums: Float32Array | Float64Array, from: number, predictions: Float32Array, to: number): void;
}

/** All that decides on the scoring of a forest. */
export interface ScoredForest {
  readonly kind: ForestKind;
  readonly model: ModelHeader;
  readonly header: ForestHeader;
  /** Categories of the label with the unknown one; 0 when it has none. */
  readonly categories: number;
  /** Categories of the treatment with the unknown one. */
  readonly treatments: number;
  readonly leaves: LeafOutputs;
  readonly structure: TreeStructure;
  readonly file: string;
}

/**
 * Whether one of Yggdrasil's fast engines takes the forest (`IsCompatible` and `CreateEngine` in
 * `serving/decision_forest/register_engines.cc`). These put a column's mean or most frequent value in the place of what is
 * missing, in booleans and categories always, and in numbers unless `higherAsImputed` is false.
 */
export function isFast({ kind, model, header, categories, leaves, structure }: ScoredForest): boolean {
  const isImputed = structure.othersAsImputed && (!structure.hasOblique || structure.higherAsImputed);
  if (kind === 'ISOLATION_FOREST') return structure.othersAsImputed && model.task === 'ANOMALY_DETECTION';
  if (!isImputed) return false;
  if (kind === 'RANDOM_FOREST') return !(leaves.kind === 'vote' && leaves.numbers.includes(0));
  const { loss, initialPredictions } = header;
  const isBinary = loss === 'BINOMIAL_LOG_LIKELIHOOD' || loss === 'BINARY_FOCAL_LOSS';
  switch (model.task) {
    case 'CLASSIFICATION':
      return categories === 3 ? isBinary && initialPredictions.length === 1 : loss === 'MULTINOMIAL_LOG_LIKELIHOOD';
    case 'REGRESSION':
      return loss === 'POISSON' || loss === 'SQUARED_ERROR' || loss === 'MEAN_AVERAGE_ERROR';
    case 'RANKING':
      return loss === 'LAMBDA_MART_NDCG5' || loss === 'LAMBDA_MART_NDCG' || loss === 'XE_NDCG_MART';
    default:
      return model.task === 'SURVIVAL_ANALYSIS';
  }
}

/** @param fast - which of Yggdrasil's engines answers: see {@link isFast}. @throws SavedModelError UNIMPLEMENTED */
export function scoringOf(forest: ScoredForest, fast: boolean): Scoring {
  switch (forest.kind) {
    case 'RANDOM_FOREST':
      return forest.leaves.kind === 'value'
        ? meanOfValues(forest, fast)
        : forest.leaves.kind === 'effects'
          ? meanOfEffects(forest, fast)
          : votes(forest, fast);
    case 'GRADIENT_BOOSTED_TREES':
      return boosted(forest, fast);
    case 'ISOLATION_FOREST':
      return isolation(forest, fast);
  }
}

const single = { outputs: 1, sums: 1, weight: 0 } as const;

/** A regression: the mean of the trees' values. */
function meanOfValues({ leaves, header }: ScoredForest, fast: boolean): Scoring {
  const trees = header.trees;
  if (!fast) {
    const finish: Scoring['finish'] = (sums, from, to, at) => (to[at] = sums[from]! / trees);
    return { ...single, precision: 'float64', initial: [0], adds: 'value', leaves: leaves.numbers, finish };
  }
  const shares = Float32Array.from(leaves.numbers, (value) => value / fround(trees));
  return { ...single, precision: 'float32', initial: [0], adds: 'value', leaves: shares, finish: identity };
}

function meanOfEffects({ leaves, header }: ScoredForest, fast: boolean): Scoring {
  const { width } = leaves;
  const trees = fround(header.trees);
  return {
    outputs: width,
    sums: width,
    precision: 'float32',
    initial: new Array<number>(width).fill(0),
    adds: 'table',
    leaves: Float32Array.from(leaves.numbers, (value) => (fast ? value / trees : value)),
    weight: 0,
    finish(sums, from, to, at) {
      for (let i = 0; i < width; i++) to[at + i] = fast ? sums[from + i]! : sums[from + i]! / trees;
    },
  };
}

/** A classification by a random forest: the share of the votes, or the mean of the distributions. */
function votes(forest: ScoredForest, fast: boolean): Scoring {
  const { leaves, header, categories } = forest;
  const classes = categories - 1;
  if (!fast) return slowVotes(forest, classes);
  const { trees } = header;
  if (leaves.kind === 'vote') {
    const weight = fround(1 / fround(trees));
    if (classes === 2) {
      const shares = Float32Array.from(leaves.numbers, (vote) => (vote === 2 ? weight : 0));
      return { ...binary, precision: 'float32', initial: [0], adds: 'value', leaves: shares, finish: bothClasses };
    }
    return {
      outputs: classes,
      sums: classes,
      precision: 'float32',
      initial: new Array<number>(classes).fill(0),
      adds: 'vote',
      leaves: leaves.numbers.map((vote) => vote - 1),
      weight,
      finish: clamped(classes),
    };
  }
  // The sum stands behind the weights.
  const { numbers, width } = leaves;
  const count = numbers.length / width;
  const share = (leaf: number, category: number) =>
    numbers[leaf * width + category]! / (numbers[(leaf + 1) * width - 1]! * trees);
  if (classes === 2) {
    const shares = Float32Array.from({ length: count }, (_, leaf) => share(leaf, 2));
    return { ...binary, precision: 'float32', initial: [0], adds: 'value', leaves: shares, finish: bothClasses };
  }
  const table = new Float32Array(count * classes);
  for (let i = 0; i < table.length; i++) table[i] = share(Math.floor(i / classes), (i % classes) + 1);
  return {
    outputs: classes,
    sums: classes,
    precision: 'float32',
    initial: new Array<number>(classes).fill(0),
    adds: 'table',
    leaves: table,
    weight: 0,
    finish: clamped(classes),
  };
}

function slowVotes({ leaves, header, categories }: ScoredForest, classes: number): Scoring {
  const { numbers, width } = leaves;
  const isVote = leaves.kind === 'vote';
  const common = { outputs: classes, precision: 'float32', weight: 1 } as const;
  // The engine as it is compiled divides once, and multiplies for each class.
  const share = (sum: number, all: number) => clamp01(fround(sum * fround(1 / all)));
  if (isVote) {
    return {
      ...common,
      sums: categories,
      initial: new Array<number>(categories).fill(0),
      adds: 'vote',
      leaves: numbers,
      finish(sums, from, to, at) {
        for (let i = 0; i < classes; i++) to[at + i] = share(sums[from + i + 1]!, header.trees);
      },
    };
  }
  // In the place of each sum stands what the leaf counts for: nothing where its weights are all 0.
  const table = numbers.map((number, i) => {
    const sum = numbers[i - (i % width) + width - 1]!;
    return sum === 0 ? 0 : i % width === width - 1 ? 1 : number / sum;
  });
  return {
    ...common,
    sums: width,
    initial: new Array<number>(width).fill(0),
    adds: 'table',
    leaves: table,
    finish(sums, from, to, at) {
      for (let i = 0; i < classes; i++) to[at + i] = share(sums[from + i + 1]!, sums[from + width - 1]!);
    },
  };
}

const binary = { outputs: 2, sums: 1, weight: 0 } as const;

function boosted(forest: ScoredForest, fast: boolean): Scoring {
  const { model, header, categories, leaves, file } = forest;
  const { loss, initialPredictions, treesPerIteration } = header;
  if (model.task === 'CLASSIFICATION' && loss === 'MULTINOMIAL_LOG_LIKELIHOOD') return multinomial(forest, fast);
  const [first = 0] = initialPredictions;
  if (initialPredictions.length !== 1 || treesPerIteration !== 1) {
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_FOREST',
      `${file}: expected one initial prediction and one tree per iteration of loss ${loss}, given ` +
        `${initialPredictions.length} and ${treesPerIteration}`,
      { file },
    );
  }
  const isQuick = fast && isQuickScored(forest);
  const common = {
    ...single,
    adds: 'value',
    leaves: fast ? Float32Array.from(leaves.numbers) : leaves.numbers,
  } as const;
  const sums = fast
    ? ({ precision: 'float32', initial: [isQuick ? first : 0] } as const)
    : ({ precision: 'float64', initial: [first] } as const);
  const last = fast && !isQuick ? first : 0;
  const total = (values: Float32Array | Float64Array, at: number) => (fast ? fround(values[at]! + last) : values[at]!);
  const simple = (change: (sum: number) => number): Scoring => ({
    ...common,
    ...sums,
    finish: (values, from, to, at) => (to[at] = change(total(values, from))),
  });
  switch (model.task) {
    case 'CLASSIFICATION': {
      const isBinary = loss === 'BINOMIAL_LOG_LIKELIHOOD' || loss === 'BINARY_FOCAL_LOSS';
      if (!isBinary || categories !== 3) throw unsupported(forest);
      if (!model.outputsProbabilities) return simple((sum) => sum);
      return {
        ...common,
        ...sums,
        outputs: 2,
        finish(values, from, to, at) {
          const probability = clamp01(sigmoid(total(values, from), fast));
          to[at] = 1 - probability;
          to[at + 1] = probability;
        },
      };
    }
    case 'REGRESSION':
      if (loss === 'POISSON') {
        return simple((sum) => Math.exp(Math.min(Math.max(fround(sum), -POISSON_BOUND), POISSON_BOUND)));
      }
      return simple((sum) => sum);
    case 'RANKING':
      return simple((sum) => sum);
    case 'SURVIVAL_ANALYSIS':
      if (fast) return simple((sum) => sum);
  }
  throw unsupported(forest);
}

/** Whether the engine answers that begins its sums with the initial prediction, where the others end with it. */
function isQuickScored({ header, structure, model }: ScoredForest): boolean {
  if (structure.hasOblique || structure.hasMissing || model.task === 'SURVIVAL_ANALYSIS') return false;
  return structure.mostLeaves <= QUICK_SCORER_LEAVES && header.trees <= QUICK_SCORER_TREES;
}

function multinomial(forest: ScoredForest, fast: boolean): Scoring {
  const { model, header, categories, leaves, file } = forest;
  const { initialPredictions, treesPerIteration } = header;
  const classes = categories - 1;
  if (treesPerIteration !== classes || initialPredictions.length !== classes) {
    throw new SavedModelError(
      'DATA_LOSS',
      'MALFORMED_FOREST',
      `${file}: expected ${classes} trees per iteration and as many initial predictions, given ${treesPerIteration} and ` +
        `${initialPredictions.length}`,
      { file },
    );
  }
  const exponentials = new Float32Array(classes);
  return {
    outputs: classes,
    sums: classes,
    precision: 'float32',
    initial: fast ? new Array<number>(classes).fill(0) : initialPredictions,
    adds: 'value',
    leaves: Float32Array.from(leaves.numbers),
    weight: 0,
    finish(sums, from, to, at) {
      if (!model.outputsProbabilities) {
        for (let i = 0; i < classes; i++) to[at + i] = sums[from + i]!;
        return;
      }
      let all = 0;
      for (let i = 0; i < classes; i++) {
        const last = fast ? initialPredictions[i]! : 0;
        exponentials[i] = Math.exp(fround(sums[from + i]! + last));
        all = fround(all + exponentials[i]!);
      }
      const share = fast || all > 0 ? fround(1 / all) : 0;
      for (let i = 0; i < classes; i++) to[at + i] = clamp01(fround(exponentials[i]! * share));
    },
  };
}

/** How unusual a row is: 2 to the power of its mean depth over that of the training's, negated. */
function isolation(forest: ScoredForest, fast: boolean): Scoring {
  const { header, leaves } = forest;
  // TensorFlow Decision Forests asks only the fast engine for anomalies.
  if (!fast) throw unsupported(forest);
  const trees = fround(header.trees);
  const denominator = averagePathLength(header.examplesPerTree);
  const finish: Scoring['finish'] = (sums, from, to, at) => {
    to[at] = denominator === 0 ? 0 : 2 ** fround(-sums[from]! / denominator);
  };
  const shares = Float32Array.from(leaves.numbers, (depth) => depth / trees);
  return { ...single, precision: 'float32', initial: [0], adds: 'value', leaves: shares, finish };
}

function sigmoid(sum: number, fast: boolean): number {
  return fast ? fround(1 / fround(1 + fround(Math.exp(-sum)))) : fround(1 / (1 + Math.exp(-sum)));
}

const identity: Scoring['finish'] = (sums, from, to, at) => (to[at] = sums[from]!);

const bothClasses: Scoring['finish'] = (sums, from, to, at) => {
  const share = clamp01(sums[from]!);
  to[at] = 1 - share;
  to[at + 1] = share;
};

const clamped =
  (outputs: number): Scoring['finish'] =>
  (sums, from, to, at) => {
    for (let i = 0; i < outputs; i++) to[at + i] = clamp01(sums[from + i]!);
  };

/** NaN stays. */
const clamp01 = (x: number) => (x < 0 ? 0 : x > 1 ? 1 : x);

function unsupported({ kind, model, header, file }: ScoredForest): SavedModelError {
  const loss = kind === 'GRADIENT_BOOSTED_TREES' ? ` with loss ${header.loss}` : '';
  return new SavedModelError(
    'UNIMPLEMENTED',
    'UNSUPPORTED_FOREST',
    `${file}: TensorFlow Decision Forests has no engine for task ${model.task} of a ${kind}${loss} of this structure`,
    { file },
  );
}
