import type { SignatureDef, TensorInfo } from '@servable/protos/tensorflow';
import { dtypeFromEnum, dtypeInfo, TensorError, type DType, type Tensor } from '@servable/tensor';
import { SavedModelError } from './diagnostics/saved-model-error.js';
import { Attributes } from './graph/attributes.js';
import { GraphBuilder } from './graph/build-graph.js';
import type { Graph, GraphNode } from './graph/graph.js';
import { findVariableKeys, type VariableKey } from './graph/variable-keys.js';
import { findWrittenVariables, VARIABLE_OPS, variableKey } from './graph/written-variables.js';
import { loweringSteps } from './lower-graph.js';
import { Builder } from './onnx/builder.js';
import { unknownDim } from './onnx/known-shapes.js';
import type { Value } from './onnx/value.js';
import { MIN_WEIGHT_BYTES, readWeight } from './onnx/weight.js';
import { readVariable } from './onnx/variable-access.js';
import { frozenVariable, isResource, type Lowered, type Variable } from './onnx/resource.js';
import { outputWork } from './passes/output-work.js';
import { partition } from './passes/partition.js';
import { simplify } from './passes/simplify.js';
import type { Plan, SignatureTensor, Weight } from './plan/plan.js';
import { readAsset } from './reader/assets.js';
import type { SavedModel } from './reader/saved-model.js';
import { assetFeeds, initialState } from './tables/initial-state.js';
import { TimeSlices } from './time-slices.js';
import { emptyTable, tableContents, tableKey } from './tables/table-nodes.js';

/** How a signature is compiled. */
export interface CompileOptions {
  /** Aborts the reading of the weights. */
  readonly signal?: AbortSignal | undefined;
  /** Aliases of the outputs that are wanted, of those that there are. Default: all. */
  readonly outputs?: readonly string[] | undefined;
  /**
   * Ranks, by alias, of inputs that do not have the signature's shape: any sizes of such a rank are then taken, as
   * TensorFlow takes what its graph can be run with.
   */
  readonly inputRanks?: ReadonlyMap<string, number> | undefined;
}

/**
 * Compiles one signature: graph with its functions inlined → ONNX nodes with constants folded → islands.
 *
 * @param options - `signal` aborts the reading of the weights; `outputs` are the aliases of the only outputs that are wanted
 * @throws SavedModelError FAILED_PRECONDITION for an unknown signature, INVALID_ARGUMENT for a graph that is malformed, UNIMPLEMENTED naming op, node and function for
 * what has no lowering, DATA_LOSS for a corrupt checkpoint
 */
export async function compileSignature(
  model: SavedModel,
  signatureName: string,
  options: CompileOptions = {},
): Promise<Plan> {
  try {
    return await compile(model, signatureName, options);
  } catch (error) {
    const isKnown = error instanceof SavedModelError || error instanceof TensorError;
    if (isKnown || options.signal?.aborted === true || (error as NodeJS.ErrnoException).syscall !== undefined)
      throw error;
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'MALFORMED_GRAPH',
      `Signature '${signatureName}': expected a graph whose parts fit each other, given one with which compiling fails ` +
        `(${error instanceof Error ? error.message : String(error)}).`,
      { cause: error },
    );
  }
}

async function compile(model: SavedModel, signatureName: string, options: CompileOptions): Promise<Plan> {
  const signatureDef = model.signatureDefs.get(signatureName);
  if (signatureDef === undefined) {
    throw new SavedModelError(
      'FAILED_PRECONDITION',
      'UNKNOWN_SIGNATURE',
      `Serving signature key "${signatureName}" not found. The model has: ${[...model.signatureDefs.keys()].join(', ')}.`,
    );
  }
  const slices = new TimeSlices();
  const graphs = new GraphBuilder(model);
  const inputs = tensorInfos(signatureDef.inputs, signatureName);
  const outputs = tensorInfos(signatureDef.outputs, signatureName).filter(
    ([alias]) => options.outputs?.includes(alias) ?? true,
  );
  const graph = graphs.buildMain(
    outputs.map(([, info]) => info.tensorName),
    inputs.map(([, info]) => info.tensorName),
  );

  await slices.pause();
  const initial = await initialState(model, graphs, options);
  const builder = new Builder();
  const feeds = new Map<string, Lowered>();
  const signatureInputs = inputs.map(([alias, info]): SignatureTensor => {
    const rank = options.inputRanks?.get(alias);
    const shape = rank === undefined ? shapeOf(info) : new Array<null>(rank).fill(null);
    const dtype = fedDtype(model, info) ?? dtypeOf(info);
    const value = builder.input(
      alias,
      dtype,
      shape?.map((dim) => dim ?? unknownDim()),
    );
    feeds.set(info.tensorName, value);
    return { alias, value: value.name, dtype, shape };
  });
  for (const [node, path] of assetFeeds(model, builder)) feeds.set(node, path);
  const keys = findVariableKeys(model.metaGraph, graphs);
  const values = await readVariables(model, graph, keys, initial.variables, options.signal);
  await slices.pause();
  const written = writtenVariables(model, graphs);
  await slices.pause();
  const changing = new Map<string, GraphNode>();
  const variable = (node: GraphNode, into: Builder): Variable => {
    const key = variableKey(node);
    if (!written.has(key)) return frozenVariable(node, values(node, into));
    changing.set(key, node);
    const attrs = new Attributes(node, node.attrs);
    const shape = attrs.shape('shape')?.map((dim) => dim ?? unknownDim());
    const isReference = node.op !== 'VarHandleOp';
    return { kind: 'variable', node, value: undefined, key, dtype: attrs.dtype('dtype'), shape, isReference };
  };
  const table = (node: GraphNode) => initial.tables.get(tableKey(node));
  const changingTables = new Map<string, GraphNode>();
  const changingTable = (node: GraphNode) => {
    const key = tableKey(node);
    if (!written.has(key)) return undefined;
    changingTables.set(key, node);
    return key;
  };
  const lowered = await slices.run(
    loweringSteps(graph, builder, feeds, {
      graphs,
      signatureName,
      checksRanks: options.inputRanks !== undefined,
      variable,
      table,
      forest: (key) => initial.forests.get(key),
      changingTable,
      assetBytes: (path) => readAsset(model.dir, path),
    }),
  );
  const results = lowered.map((value, i) => {
    if (!isResource(value)) return builder.materialize(value);
    if (value.kind === 'variable' && value.isReference) return readVariable(builder, value);
    throw notATensor(signatureName, outputs[i]?.[0] ?? '');
  });

  const wanted = [...results, ...builder.effects];
  await slices.pause();
  const nodes = simplify(builder.nodes, wanted);
  await slices.pause();
  const { steps, constants, weights } = partition(signatureName, nodes, wanted);
  const named = outputs.flatMap(([alias], i) => (results[i] === undefined ? [] : [[alias, results[i]] as const]));
  // What host steps and outputs read must be there; the engine's weights are read when its session is made.
  const loaded = new Map(constants);
  for (const [name, weight] of weights) loaded.set(name, await readWeight(weight, options.signal));
  const variables = new Map<string, Tensor | undefined>();
  for (const [key, node] of changing) {
    variables.set(key, await firstValue(model, node, keys, initial.variables, options.signal));
  }
  for (const [key, node] of changingTables) {
    const [keys, contents] = (table(node) ?? emptyTable(node)).export();
    const names = tableContents(key);
    variables.set(names.keys, keys).set(names.values, contents);
  }
  return {
    signatureName,
    signatureDef,
    inputs: signatureInputs,
    outputs: outputs.map(([alias, info], i) => signatureTensor(alias, results[i]?.name ?? alias, info)),
    constants: loaded,
    steps,
    effects: builder.effects.map((effect) => effect.name),
    variables,
    ...(named.length > 1 && { work: outputWork(nodes, named, builder.effects) }),
  };
}

/** Aliases in a fixed order, with the graph tensor that each stands for. */
function tensorInfos(infos: SignatureDef['inputs'], signatureName: string): (readonly [string, NamedInfo])[] {
  return Object.keys(infos)
    .sort()
    .map((alias) => {
      const info = infos[alias];
      if (info?.encoding.case !== 'name') {
        throw new SavedModelError(
          'UNIMPLEMENTED',
          'COMPOSITE_SIGNATURE_TENSOR',
          `Signature '${signatureName}': '${alias}' is a ${info?.encoding.case ?? 'nameless'} tensor; only dense tensors can be served.`,
        );
      }
      const name = info.encoding.value;
      return [alias, { ...info, tensorName: name.includes(':') ? name : `${name}:0` }] as const;
    });
}

type NamedInfo = TensorInfo & { readonly tensorName: string };

function shapeOf(info: TensorInfo): readonly (number | null)[] | undefined {
  if (info.tensorShape === undefined || info.tensorShape.unknownRank) return undefined;
  return info.tensorShape.dim.map((dim) => (dim.size < 0n ? null : Number(dim.size)));
}

/** TensorFlow 1 marks outputs that are variables as references, with numbers 100 above the others. */
function dtypeOf({ dtype }: TensorInfo): DType {
  const number: number = dtype;
  return dtypeFromEnum(number > 100 ? number - 100 : number);
}

/** What a placeholder takes; signatures may say otherwise, and TensorFlow goes by the graph. */
function fedDtype(model: SavedModel, { tensorName }: NamedInfo): DType | undefined {
  const node = model.nodes.get(tensorName.replace(/:0$/, ''));
  if (node?.op !== 'Placeholder' && node?.op !== 'PlaceholderV2') return undefined;
  const attrs = new Attributes(node, node.attr);
  return attrs.has('dtype') ? attrs.dtype('dtype') : undefined;
}

function signatureTensor(alias: string, value: string, info: TensorInfo): SignatureTensor {
  return { alias, value, dtype: dtypeOf(info), shape: shapeOf(info) };
}

const writtenByModel = new WeakMap<SavedModel, ReadonlySet<string>>();

/** Keys of the variables that any signature of a model changes: all signatures have to read those anew. */
function writtenVariables(model: SavedModel, graphs: GraphBuilder): ReadonlySet<string> {
  let written = writtenByModel.get(model);
  if (written === undefined) {
    const requests = [...model.signatureDefs].flatMap(([name, { inputs, outputs }]) =>
      name.startsWith('__saved_model_') ? [] : [{ fetches: tensorNames(outputs), feeds: tensorNames(inputs) }],
    );
    written = findWrittenVariables(graphs, requests);
    writtenByModel.set(model, written);
  }
  return written;
}

function tensorNames(infos: SignatureDef['inputs']): readonly string[] {
  return Object.values(infos).flatMap(({ encoding }) =>
    encoding.case === 'name' ? [encoding.value.includes(':') ? encoding.value : `${encoding.value}:0`] : [],
  );
}

/** What a variable holds when the model is loaded; undefined when nothing gives it a value. */
async function firstValue(
  { variables }: SavedModel,
  { name }: GraphNode,
  keys: ReadonlyMap<string, VariableKey>,
  initial: ReadonlyMap<string, Tensor>,
  signal: AbortSignal | undefined,
): Promise<Tensor | undefined> {
  const found = keys.get(name);
  return initial.get(name) ?? (found && variables?.read(found.key, { slice: found.slice, signal }));
}

/** Variables read from the checkpoint at once. */
const READ_CONCURRENCY = 4;

/** Reads the small variables of a graph, and hands each out as one constant; the large ones are read when they are used. */
async function readVariables(
  model: SavedModel,
  graph: Graph,
  keys: ReadonlyMap<string, VariableKey>,
  initial: ReadonlyMap<string, Tensor>,
  signal: AbortSignal | undefined,
): Promise<(node: GraphNode, builder: Builder) => Value> {
  const tensors = new Map<string, Tensor>(initial);
  const wanted = graph.nodes.filter(
    (node) => VARIABLE_OPS.has(node.op) && keys.has(node.name) && !initial.has(node.name),
  );
  let next = 0;
  const work = async () => {
    for (let node = wanted[next++]; node !== undefined; node = wanted[next++]) {
      const found = keys.get(node.name);
      if (found === undefined || largeVariable(model, found) !== undefined) continue;
      const tensor = await model.variables?.read(found.key, { slice: found.slice, signal });
      if (tensor !== undefined) tensors.set(node.name, tensor);
    }
  };
  await Promise.all(Array.from({ length: READ_CONCURRENCY }, work));

  const constants = new Map<string, Value>();
  return (node, builder) => {
    const known = constants.get(node.name);
    if (known !== undefined) return known;
    const tensor = tensors.get(node.name);
    const found = keys.get(node.name);
    const large = found && largeVariable(model, found);
    if (tensor === undefined && large !== undefined) {
      const value = builder.weight(large, node.name);
      constants.set(node.name, value);
      return value;
    }
    if (tensor === undefined) {
      throw new SavedModelError(
        'FAILED_PRECONDITION',
        'UNINITIALIZED_VARIABLE',
        `Variable '${node.name}' is read by the signature, but the checkpoint holds no value for it.`,
        { node: node.name },
      );
    }
    const value = builder.constant(tensor, node.name);
    constants.set(node.name, value);
    return value;
  };
}

/** A variable that need not be looked at while compiling. */
function largeVariable({ variables }: SavedModel, { key, slice }: VariableKey): Weight | undefined {
  const entry = slice === '' ? variables?.entries.get(key) : undefined;
  if (variables === undefined || entry === undefined || entry.dtype === 'string') return undefined;
  const byteLength = entry.size * dtypeInfo(entry.dtype).bytes;
  if (byteLength < MIN_WEIGHT_BYTES) return undefined;
  const readInto = (target: Uint8Array, _scratch: Uint8Array, signal?: AbortSignal) =>
    variables.readInto(key, target, { signal });
  return { dtype: entry.dtype, shape: entry.shape, byteLength, origin: `variable ${key}`, readInto };
}

function notATensor(signatureName: string, alias: string): SavedModelError {
  return new SavedModelError(
    'INVALID_ARGUMENT',
    'OUTPUT_NOT_A_TENSOR',
    `Signature '${signatureName}': output '${alias}' is a resource, not a tensor.`,
  );
}
