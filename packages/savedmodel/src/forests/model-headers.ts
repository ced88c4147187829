import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { textOf } from '../kernels/byte-strings.js';
import { WireMessage } from './wire-message.js';

/** `Task` in `model/abstract_model.proto`. */
export const TASKS = [
  'UNDEFINED',
  'CLASSIFICATION',
  'REGRESSION',
  'RANKING',
  'CATEGORICAL_UPLIFT',
  'NUMERICAL_UPLIFT',
  'ANOMALY_DETECTION',
  'SURVIVAL_ANALYSIS',
] as const;
export type Task = (typeof TASKS)[number];

/** `Loss` in `model/gradient_boosted_trees/gradient_boosted_trees.proto`. */
const LOSSES = [
  'DEFAULT',
  'BINOMIAL_LOG_LIKELIHOOD',
  'SQUARED_ERROR',
  'MULTINOMIAL_LOG_LIKELIHOOD',
  'LAMBDA_MART_NDCG5',
  'XE_NDCG_MART',
  'BINARY_FOCAL_LOSS',
  'POISSON',
  'MEAN_AVERAGE_ERROR',
  'LAMBDA_MART_NDCG',
  'COX_PROPORTIONAL_HAZARD',
] as const;
export type Loss = (typeof LOSSES)[number];

/** What `header.pb` says of a model (`AbstractModel` in `model/abstract_model.proto`). */
export interface ModelHeader {
  /** What the model is, such as `RANDOM_FOREST`. */
  readonly name: string;
  readonly task: Task;
  readonly labelColumn: number;
  /** Columns of the data specification that are fed, in the order of the op's inputs. */
  readonly inputFeatures: readonly number[];
  /** False: a classifier that answers logits. */
  readonly outputsProbabilities: boolean;
  readonly treatmentColumn: number;
}

export function parseModelHeader(bytes: Uint8Array, file: string): ModelHeader {
  let [name, task, labelColumn, outputsProbabilities, treatmentColumn] = ['', 0, 0, true, -1];
  const inputFeatures: number[] = [];
  for (const message = new WireMessage(bytes, file); message.next();) {
    if (message.field === 1) name = textOf(message.data());
    else if (message.field === 2) task = message.integer();
    else if (message.field === 3) labelColumn = message.integer();
    else if (message.field === 5) message.addIntegers(inputFeatures);
    else if (message.field === 8) outputsProbabilities = message.bool();
    else if (message.field === 9) treatmentColumn = message.integer();
  }
  const known = named(TASKS, task, 'task', file);
  return { name, task: known, labelColumn, inputFeatures, outputsProbabilities, treatmentColumn };
}

/** How the nodes of a forest are stored, and what the trees are. */
export interface ForestHeader {
  readonly shards: number;
  readonly trees: number;
  readonly nodeFormat: string;
  /** Random forests: whether each tree has one vote, or gives a distribution. */
  readonly winnerTakeAll: boolean;
  /** Gradient boosted trees. */
  readonly loss: Loss;
  readonly initialPredictions: readonly number[];
  readonly treesPerIteration: number;
  readonly outputsLogits: boolean;
  /** Isolation forests: examples with which each tree was grown. */
  readonly examplesPerTree: number;
}

/** Where the `Header` message of each kind of forest has its fields (`model/<kind>/<kind>.proto`). */
const FIELDS = {
  RANDOM_FOREST: { nodeFormat: 7, winnerTakeAll: 3 },
  GRADIENT_BOOSTED_TREES: { nodeFormat: 7, loss: 3, initialPredictions: 4, treesPerIteration: 5, outputsLogits: 9 },
  ISOLATION_FOREST: { nodeFormat: 3, examplesPerTree: 4 },
} as const;

export type ForestKind = keyof typeof FIELDS;

export const FOREST_KINDS = Object.keys(FIELDS) as readonly ForestKind[];

/** The file with the header of each kind of forest. */
export const headerFile = (kind: ForestKind): string => `${kind.toLowerCase()}_header.pb`;

export function parseForestHeader(bytes: Uint8Array, kind: ForestKind, file: string): ForestHeader {
  const fields: Partial<Record<keyof ForestHeader, number>> = FIELDS[kind];
  let [shards, trees, nodeFormat, winnerTakeAll, loss] = [0, 0, 'TFE_RECORDIO', true, 0];
  let [treesPerIteration, outputsLogits, examplesPerTree] = [1, false, 0];
  const initialPredictions: number[] = [];
  for (const message = new WireMessage(bytes, file); message.next();) {
    const { field } = message;
    if (field === 1) shards = message.integer();
    else if (field === 2) trees = message.integer();
    else if (field === fields.nodeFormat) nodeFormat = textOf(message.data());
    else if (field === fields.winnerTakeAll) winnerTakeAll = message.bool();
    else if (field === fields.loss) loss = message.integer();
    else if (field === fields.initialPredictions) message.addFloats(initialPredictions);
    else if (field === fields.treesPerIteration) treesPerIteration = message.integer();
    else if (field === fields.outputsLogits) outputsLogits = message.bool();
    else if (field === fields.examplesPerTree) examplesPerTree = message.integer();
  }
  return {
    shards,
    trees,
    nodeFormat,
    winnerTakeAll,
    loss: named(LOSSES, loss, 'loss', file),
    initialPredictions,
    treesPerIteration,
    outputsLogits,
    examplesPerTree,
  };
}

function named<T extends string>(names: readonly T[], number: number, what: string, file: string): T {
  const name = names[number];
  if (name !== undefined) return name;
  throw new SavedModelError(
    'UNIMPLEMENTED',
    'UNKNOWN_FOREST',
    `${file}: expected a ${what} of ${names.map((known, i) => `${i} (${known})`).join(', ')}, given ${number}`,
    { file },
  );
}
