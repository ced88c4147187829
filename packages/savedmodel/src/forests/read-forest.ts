import { join } from 'node:path';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { NO_BYTES, utf8 } from '../kernels/byte-strings.js';
import { readWholeFile } from '../reader/data-file.js';
import type { Checkpoint } from '../reader/read-options.js';
import { parseDataSpec, type Column } from './data-spec.js';
import { malformedForest, SlotMap, type FeatureSlots } from './feature-slots.js';
import type { Forest } from './forest.js';
import { LeafCollector } from './leaf-outputs.js';
import {
  FOREST_KINDS,
  headerFile,
  parseForestHeader,
  parseModelHeader,
  type ForestHeader,
  type ForestKind,
  type ModelHeader,
} from './model-headers.js';
import { nodeRecords } from './node-records.js';
import { isFast, scoringOf, type ScoredForest, type Scoring } from './scoring.js';
import { parseNode } from './tree-node.js';
import { TreeWriter } from './tree-writer.js';

/** Headers and data specifications above this size are refused. */
const MAX_HEADER_BYTES = 2 ** 28;
/** Files of nodes above this size are refused; Yggdrasil begins a new one after 200 MB. */
const MAX_NODE_FILE_BYTES = 2 ** 31 - 1;
/** Numbers that one prediction may have. */
const MAX_OUTPUTS = 2 ** 20;
/** Nodes that are parsed between two turns of the event loop: a few milliseconds. */
const NODES_PER_TURN = 4096;

/** How a model is loaded. */
export interface ReadForestOptions {
  /** What the names of its files begin with. */
  readonly prefix: string;
  /**
   * Whether it is asked for leaves, which only Yggdrasil's slow engine tells: it then answers predictions too, which differ
   * from those of the others in their last digits.
   */
  readonly leaves: boolean;
  readonly check: Checkpoint;
}

/**
 * Reads a model of Yggdrasil Decision Forests (`LoadModel` in `model/model_library.cc`).
 *
 * @param dir - the folder with `header.pb`, `data_spec.pb`, the header of the kind of forest and the nodes
 * @throws SavedModelError NOT_FOUND; DATA_LOSS `MALFORMED_FOREST`, `MALFORMED_PROTO`, `MALFORMED_RECORDS`,
 * `CHECKSUM_MISMATCH`; UNIMPLEMENTED `UNKNOWN_FOREST`, `UNKNOWN_NODE_FORMAT`, `UNSUPPORTED_FEATURE`
 */
export async function readForest(dir: string, { prefix, leaves, check }: ReadForestOptions): Promise<Forest> {
  const path = (name: string) => join(dir, prefix + name);
  const read = (name: string) => readWholeFile(path(name), MAX_HEADER_BYTES, check);
  const model = parseModelHeader(await read('header.pb'), path('header.pb'));
  const kind = kindOf(model, path('header.pb'));
  const columns = parseDataSpec(await read('data_spec.pb'), path('data_spec.pb'));
  const header = parseForestHeader(await read(headerFile(kind)), kind, path(headerFile(kind)));
  const slots = new SlotMap(columns, model.inputFeatures, path('header.pb'));
  const label = columns[model.labelColumn];
  const treatments = columns[model.treatmentColumn]?.categories ?? 0;

  const file = path('nodes');
  const writer = new TreeWriter(slots, file);
  const effects = model.task === 'NUMERICAL_UPLIFT' ? 1 : Math.max(0, treatments - 2);
  const collector = new LeafCollector(kind, model, header, label, effects, file);
  await readNodes(path, header, check, (record, name) => {
    const node = parseNode(record, name);
    const depth = writer.add(node);
    if (node.condition === undefined) collector.add(node.output, depth);
    return writer.trees < header.trees;
  });
  if (writer.trees < header.trees) {
    throw malformedForest(file, `nodes of ${header.trees} trees`, `those of ${writer.trees}`);
  }
  const trees = writer.finish();
  const categories = label?.categories ?? 0;
  const found = collector.finish();
  const scored: ScoredForest = {
    kind,
    model,
    header,
    categories,
    treatments,
    leaves: found,
    structure: trees.structure,
    file,
  };
  checkOutputs(scored);
  const fast = !leaves && isFast(scored);
  const banks = slots.slots();
  let scoring: Scoring | undefined;
  return {
    slots: banks,
    trees,
    replacements: fast ? replacements(banks, trees.structure.higherAsImputed) : undefined,
    scoring: () => (scoring ??= scoringOf(scored, fast)),
    representation: representation(model, label),
  };
}

function kindOf({ name }: ModelHeader, file: string): ForestKind {
  const kind = FOREST_KINDS.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new SavedModelError(
    'UNIMPLEMENTED',
    'UNKNOWN_FOREST',
    `${file}: expected a model of ${FOREST_KINDS.join(', ')}, given ${JSON.stringify(name)}`,
    { file },
  );
}

/** Hands on the nodes of all files in their order, until `add` wants no more. */
async function readNodes(
  path: (name: string) => string,
  { shards, nodeFormat }: ForestHeader,
  check: Checkpoint,
  add: (record: Uint8Array, file: string) => boolean,
): Promise<void> {
  const digits = (number: number) => String(number).padStart(5, '0');
  let count = 0;
  for (let shard = 0; shard < shards; shard++) {
    const file = path(`nodes-${digits(shard)}-of-${digits(shards)}`);
    const bytes = await readWholeFile(file, MAX_NODE_FILE_BYTES, check);
    for (const record of await nodeRecords(bytes, nodeFormat, file)) {
      if (++count % NODES_PER_TURN === 0) {
        await new Promise(setImmediate);
        check();
      }
      if (!add(record, file)) return;
    }
  }
}

function checkOutputs({ model, categories, treatments, file }: ScoredForest): void {
  const outputs = model.task === 'CLASSIFICATION' ? categories : treatments;
  if (outputs <= MAX_OUTPUTS) return;
  throw new SavedModelError(
    'RESOURCE_EXHAUSTED',
    'TOO_MANY_OUTPUTS',
    `${file}: expected predictions of at most ${MAX_OUTPUTS} numbers, given ${outputs}`,
    { file },
  );
}

/** What the fast engines put in the place of what is missing (`GetDefaultValue` in `serving/example_set.cc`). */
function replacements({ numerical, boolean, categorical }: FeatureSlots, imputesNumbers: boolean): Float32Array {
  return Float32Array.from([
    ...numerical.map(({ mean }) => (imputesNumbers ? mean : NaN)),
    ...boolean.map(({ mostlyTrue }) => (mostlyTrue ? 1 : 0)),
    ...categorical.map(({ mostFrequent }) => mostFrequent),
  ]);
}

/** `ComputeDenseColRepresentation` in TensorFlow Decision Forests' `ops/inference/kernel.cc`. */
function representation({ task, outputsProbabilities }: ModelHeader, label: Column | undefined): Uint8Array[] {
  if (task !== 'CLASSIFICATION' || label === undefined) return [NO_BYTES];
  const classes = label.categories - 1;
  if (classes === 2 && !outputsProbabilities) return [utf8('logit')];
  const names = label.categoryNames();
  return Array.from({ length: Math.max(0, classes) }, (_, i) => names.get(i + 1)?.slice() ?? NO_BYTES);
}
