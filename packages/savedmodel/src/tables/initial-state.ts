import { stringTensor, type Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { Attributes } from '../graph/attributes.js';
import { forestLoad, isForestLoad } from '../forests/forest-nodes.js';
import type { Forest } from '../forests/forest.js';
import { readForest } from '../forests/read-forest.js';
import type { GraphBuilder } from '../graph/build-graph.js';
import type { Graph, GraphNode, GraphValue } from '../graph/graph.js';
import { restoredKey } from '../graph/variable-keys.js';
import type { LookupTable } from '../kernels/lookup-table.js';
import { lowerGraph } from '../lower-graph.js';
import type { Builder } from '../onnx/builder.js';
import { findOp } from '../ops/op-table.js';
import { frozenVariable, isResource, type Lowered } from '../onnx/resource.js';
import { readWholeFile } from '../reader/data-file.js';
import { checkpointOf, type Checkpoint, type ReadOptions } from '../reader/read-options.js';
import type { SavedModel } from '../reader/saved-model.js';
import { InitialBuilder } from './initial-builder.js';
import { emptyTable, isTable, tableKey } from './table-nodes.js';
import { readTextFileTable } from './text-file-table.js';

/** What a model holds before its first request, beside the variables of its checkpoint. */
export interface InitialState {
  /** Tables that have been filled, by {@link tableKey}. */
  readonly tables: ReadonlyMap<string, LookupTable>;
  /** Values that the init op assigns to variables, by the name of the variable's node. */
  readonly variables: ReadonlyMap<string, Tensor>;
  /** Decision forests that have been read, by `forestKeyOfHandle` or `forestKeyOfName`. */
  readonly forests: ReadonlyMap<string, Forest>;
}

/** Vocabulary files above this size are refused. */
const MAX_VOCABULARY_BYTES = 2 ** 30;

const INITIALIZE = new Set(['InitializeTable', 'InitializeTableV2']);
const FROM_TEXT_FILE = new Set(['InitializeTableFromTextFile', 'InitializeTableFromTextFileV2']);
const IMPORT = new Set(['LookupTableImport', 'LookupTableImportV2', 'LookupTableInsert', 'LookupTableInsertV2']);
const ASSIGN = new Set(['Assign', 'AssignVariableOp']);

/** What init ops hold beside their work, and what leaves nothing behind. */
const HARMLESS = new Set([
  'NoOp',
  'Assert',
  'Const',
  'Identity',
  'IdentityN',
  'Placeholder',
  'SimpleMLCreateModelResource',
  'VarHandleOp',
  'Print',
  'PrintV2',
  'ReadFile',
  // Engines that TF-TRT built ahead: their native segments run in their place.
  'CreateTRTEngineCacheHandle',
  'CreateTRTResourceHandle',
  'InitializeTRTEngineOp',
  'InitializeTRTResource',
]);

/** Ops that the compiler knows, but that change a variable or a table. */
const CHANGES_STATE = /Assign|Scatter|Apply|Insert|Remove|CountUpTo/;

const states = new WeakMap<SavedModel, Promise<InitialState>>();

/**
 * Does what TensorFlow does between restoring a model's variables and its first request: tables get the contents that the
 * checkpoint has for them (Keras' layers keep theirs there), then the init op runs.
 *
 * The state is read once per model and shared by its signatures.
 *
 * @throws SavedModelError UNIMPLEMENTED `UNSUPPORTED_INIT_OP` naming what the init op does that cannot be done here;
 * errors of the vocabulary files
 */
export function initialState(
  model: SavedModel,
  graphs: GraphBuilder,
  options: ReadOptions = {},
): Promise<InitialState> {
  let state = states.get(model);
  if (state === undefined) {
    state = new StateReader(model, graphs, checkpointOf(options), options.signal).read();
    states.set(model, state);
    // One caller that gives up must not decide for those after it.
    state.catch(() => states.delete(model));
  }
  return state;
}

/** Constants that stand for the paths of asset files, by the name of their node. */
export function assetFeeds(model: SavedModel, builder: Builder): Map<string, Lowered> {
  const feeds = new Map<string, Lowered>();
  for (const [tensor, path] of model.assets) {
    const node = tensor.split(':')[0] ?? tensor;
    feeds.set(node, builder.constant(stringTensor([], [path]), node));
  }
  return feeds;
}

class StateReader {
  private readonly tables = new Map<string, LookupTable>();
  private readonly variables = new Map<string, Tensor>();
  private readonly forests = new Map<string, Forest>();
  private readonly builder = new InitialBuilder();
  private readonly feeds: ReadonlyMap<string, Lowered>;

  constructor(
    private readonly model: SavedModel,
    private readonly graphs: GraphBuilder,
    private readonly check: Checkpoint,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.feeds = assetFeeds(model, this.builder);
  }

  async read(): Promise<InitialState> {
    await this.restore();
    const { initOp } = this.model;
    if (initOp !== undefined) await this.initialize(this.graphs.buildFromNode(initOp.split(':')[0] ?? initOp));
    return { tables: this.tables, variables: this.variables, forests: this.forests };
  }

  private async restore(): Promise<void> {
    const restoreOp = this.model.metaGraph.saverDef?.restoreOpName ?? '';
    const { variables } = this.model;
    if (restoreOp === '' || variables === undefined) return;
    const graph = this.graphs.buildFromNode(restoreOp.split(':')[0] ?? restoreOp);
    for (const node of graph.nodes) {
      if (!IMPORT.has(node.op)) continue;
      const [target, keys, values] = node.inputs;
      const [keysAt, valuesAt] = [keys && restoredKey(keys), values && restoredKey(values)];
      const table = target && tableOf(target);
      if (table === undefined || keysAt === undefined || valuesAt === undefined) continue;
      const options = { signal: this.signal };
      const pair = [await variables.read(keysAt.key, options), await variables.read(valuesAt.key, options)] as const;
      this.table(table).restore(pair[0], pair[1]);
    }
  }

  private async initialize(graph: Graph): Promise<void> {
    const effects = graph.nodes.filter((node) => isEffect(node));
    const foreign = graph.effects.filter((node) => !isEffect(node) && leavesSomething(node));
    const [first] = foreign;
    if (first !== undefined) throw this.refuse(first, `op ${first.op} is not one of those that fill tables`);
    // Paths of vocabulary files are assigned to variables, which the ops that read the files look into.
    for (const node of effects) {
      const [target] = node.inputs;
      if (ASSIGN.has(node.op) && target !== undefined) {
        this.variables.set(target.node.name, this.constant(graph, node, 1));
      }
    }
    for (const node of effects) {
      this.check();
      if (isForestLoad(node)) {
        await this.loadForest(graph, node);
        continue;
      }
      const [target] = node.inputs;
      if (target === undefined || ASSIGN.has(node.op)) continue;
      const tableNode = tableOf(target);
      if (tableNode === undefined)
        throw this.refuse(node, `its input 0 is the output of op ${target.node.op}, not a table`);
      const table = this.table(tableNode);
      if (FROM_TEXT_FILE.has(node.op)) {
        const [keys, values] = await this.readTextFile(graph, node, table);
        table.insert(keys, values, 'refuse');
      } else {
        const onDuplicate = INITIALIZE.has(node.op) ? 'refuse' : 'replace';
        table.insert(this.constant(graph, node, 1), this.constant(graph, node, 2), onDuplicate);
      }
    }
  }

  private async loadForest(graph: Graph, node: GraphNode): Promise<void> {
    const load = forestLoad(node);
    if (load === undefined) throw this.refuse(node, 'its input 0 is no handle of a decision forest');
    const { key, path, prefix, leaves } = load;
    const folder = this.constant(graph, node, path);
    if (!folder.is('string') || folder.size !== 1) throw this.refuse(node, `its input ${path} is not one string`);
    this.forests.set(key, await readForest(folder.text()[0] ?? '', { prefix, leaves, check: this.check }));
  }

  private async readTextFile(graph: Graph, node: GraphNode, table: LookupTable): Promise<readonly [Tensor, Tensor]> {
    const attrs = new Attributes(node, node.attrs);
    const file = this.constant(graph, node, 1);
    const path = file.is('string') ? (file.text()[0] ?? '') : '';
    const bytes = await readWholeFile(path, MAX_VOCABULARY_BYTES, this.check);
    const [delimiter = 9, ...more] = attrs.bytes('delimiter', Uint8Array.of(9));
    if (more.length > 0) throw this.refuse(node, 'its delimiter is longer than one byte');
    return readTextFileTable(bytes, path, table.keyDtype, table.valueDtype, {
      keyIndex: attrs.int('key_index'),
      valueIndex: attrs.int('value_index'),
      vocabSize: attrs.int('vocab_size', -1),
      delimiter,
      offset: attrs.int('offset', 0),
    });
  }

  private table(node: GraphNode): LookupTable {
    const key = tableKey(node);
    let table = this.tables.get(key);
    if (table === undefined) {
      table = emptyTable(node);
      this.tables.set(key, table);
    }
    return table;
  }

  /** The value of an input, worked out now. */
  private constant(graph: Graph, node: GraphNode, index: number): Tensor {
    const input = node.inputs[index];
    if (input === undefined) throw this.refuse(node, `it has no input ${index}`);
    const needed = ancestors(input);
    const nodes = graph.nodes.filter((candidate) => needed.has(candidate));
    const [value] = lowerGraph({ nodes, outputs: [input], effects: [] }, this.builder, this.feeds, {
      graphs: this.graphs,
      signatureName: 'init op',
      variable: (variable, builder) => {
        const assigned = this.variables.get(variable.name);
        if (assigned === undefined) throw this.refuse(node, `it reads the variable '${variable.name}'`);
        return frozenVariable(variable, builder.constant(assigned));
      },
      table: () => undefined,
    });
    if (value === undefined || isResource(value) || value.constant === undefined) {
      throw this.refuse(node, `its input ${index} (op ${input.node.op} at '${input.node.name}') is no constant`);
    }
    return value.constant;
  }

  private refuse(node: GraphNode, why: string): SavedModelError {
    return new SavedModelError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_INIT_OP',
      `The init op of the model runs ${node.op} at node '${node.name}', which cannot be done while loading: ${why}.`,
      { op: node.op, node: node.name },
    );
  }
}

/** Whether running the op makes a difference that this reader does not know how to make. */
function leavesSomething(node: GraphNode): boolean {
  if (HARMLESS.has(node.op) || isTable(node)) return false;
  return findOp(node.op) === undefined || CHANGES_STATE.test(node.op);
}

function isEffect(node: GraphNode): boolean {
  return (
    INITIALIZE.has(node.op) ||
    FROM_TEXT_FILE.has(node.op) ||
    IMPORT.has(node.op) ||
    ASSIGN.has(node.op) ||
    isForestLoad(node)
  );
}

/** The node of the table that a handle stands for. */
function tableOf(handle: GraphValue): GraphNode | undefined {
  let { node } = handle;
  while (node.op === 'Identity' && node.inputs[0] !== undefined) ({ node } = node.inputs[0]);
  return isTable(node) ? node : undefined;
}

function ancestors(start: GraphValue): ReadonlySet<GraphNode> {
  const found = new Set([start.node]);
  const pending = [start.node];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const input of node.inputs) {
      if (found.has(input.node)) continue;
      found.add(input.node);
      pending.push(input.node);
    }
  }
  return found;
}
