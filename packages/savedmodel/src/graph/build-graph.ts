import type { AttrValue, MetaGraphDef } from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { FunctionLibrary } from '../reader/function-library.js';
import type { StoredFunction } from '../reader/stored-function.js';
import type { StoredNode } from '../reader/stored-node.js';
import { PARAMETER_OP, type FunctionGraph, type Graph, type GraphNode, type GraphValue } from './graph.js';
import { OpOutputs } from './op-outputs.js';
import { sortTopologically } from './sort-topologically.js';
import { isDataflowControl, structureControlFlow } from './structure-control-flow.js';
import { nativeSegment, TENSORRT_ENGINE_OP } from './tensorrt-segment.js';

const INLINED_CALLS = new Set(['PartitionedCall', 'StatefulPartitionedCall']);

/** Deeper nesting than any exporter writes: a recursive function would otherwise never end. */
const MAX_CALL_DEPTH = 256;

/** The nodes of a graph or of one call of a function, before their names are resolved. */
interface Scope {
  readonly prefix: string;
  readonly functionName: string | undefined;
  readonly nodes: ReadonlyMap<string, StoredNode>;
  /** Values of a function's parameters by argument name; empty for the main graph. */
  readonly args: ReadonlyMap<string, () => GraphValue>;
  readonly built: Map<string, GraphNode>;
  readonly calls: Map<string, Call>;
  readonly depth: number;
  /** Tensor names of the main graph that a request brings. */
  readonly feeds: ReadonlySet<string>;
  /** Stands before everything in an inlined call: what the call waits for. */
  readonly before: GraphNode | undefined;
}

interface Call {
  readonly scope: Scope;
  readonly body: StoredFunction;
  /** Stands behind everything in the call that has to run. */
  readonly after: GraphNode;
}

/** What graphs are built of: a model that has been read. */
export interface GraphSource {
  readonly metaGraph: MetaGraphDef;
  readonly nodes: ReadonlyMap<string, StoredNode>;
  readonly functions: FunctionLibrary;
}

/** Builds graphs of one MetaGraphDef with its function calls inlined, each pruned to what its fetches need. */
export class GraphBuilder {
  private readonly metaGraph: MetaGraphDef;
  private opOutputs: OpOutputs | undefined;
  private readonly mainNodes: ReadonlyMap<string, StoredNode>;
  private readonly library: FunctionLibrary;
  private readonly functions = new Map<string, FunctionGraph>();
  private readonly fromNodes = new Map<string, Graph>();
  private readonly segments = new Map<StoredNode, string>();

  constructor({ metaGraph, nodes, functions }: GraphSource) {
    this.metaGraph = metaGraph;
    this.mainNodes = nodes;
    this.library = functions;
  }

  private get outputs(): OpOutputs {
    this.opOutputs ??= new OpOutputs(this.metaGraph.metaInfoDef?.strippedOpList?.op ?? []);
    return this.opOutputs;
  }

  /**
   * The part of the main graph that computes `fetches` (tensor names such as `add:0`).
   *
   * @param feeds - tensors that a request brings; any tensor may be fed, and stands as a node named like the tensor
   */
  buildMain(fetches: readonly string[], feeds: readonly string[]): Graph {
    const scope = newScope('', undefined, this.mainNodes, new Map(), 0, new Set(feeds));
    return this.finish(scope, (work) => fetches.map((fetch) => this.resolve(scope, fetch, work)));
  }

  /** {@link FunctionLibrary.mentioning} of the model's functions. */
  functionsMentioning(words: readonly string[]): ReadonlySet<string> | undefined {
    return this.library.mentioning(words);
  }

  /**
   * Whether any of `ops` stands in front of the fetches, in functions that are called there too.
   *
   * @param among - the functions that may hold them, directly or in functions that they call; the others are not parsed
   */
  reaches(fetches: readonly string[], ops: ReadonlySet<string>, among?: ReadonlySet<string>): boolean {
    const seen = new Set<StoredNode>();
    const functions = new Set<string>();
    const pending = fetches.map((fetch) => this.mainNodes.get(splitRef(fetch)[0]));
    for (let def = pending.pop(); pending.length > 0 || def !== undefined; def = pending.pop()) {
      if (def === undefined || seen.has(def)) continue;
      if (ops.has(def.op)) return true;
      seen.add(def);
      for (const input of def.input) pending.push(this.mainNodes.get(splitRef(input.replace('^', ''))[0]));
      for (const name of [def.op, ...def.functions]) {
        const isKnown = functions.has(name) || among?.has(name) === false;
        const body = isKnown ? undefined : this.library.get(name);
        functions.add(name);
        if (body !== undefined) for (const node of body.nodes.values()) pending.push(node);
      }
    }
    return false;
  }

  /** The effects and values reached from one node of the main graph, such as a saver's restore op. */
  buildFromNode(nodeName: string): Graph {
    const graph = this.fromNodes.get(nodeName) ?? this.buildFromNodeOnce(nodeName);
    this.fromNodes.set(nodeName, graph);
    return graph;
  }

  private buildFromNodeOnce(nodeName: string): Graph {
    const scope = newScope('', undefined, this.mainNodes, new Map(), 0);
    return this.finish(scope, (work) => {
      this.reachControl(scope, nodeName, work);
      return [];
    });
  }

  /** The body of a function; its parameters are nodes of op {@link PARAMETER_OP}, its outputs in signature order. */
  buildFunction(name: string): FunctionGraph {
    let graph = this.functions.get(name);
    if (graph === undefined) {
      graph = this.buildFunctionOnce(name);
      this.functions.set(name, graph);
    }
    return graph;
  }

  private buildFunctionOnce(name: string): FunctionGraph {
    const def = this.functionNamed(name, name);
    const parameters = def.inputs.map((arg, index): GraphNode => {
      const attrs: Record<string, AttrValue> = {
        index: { $typeName: 'tensorflow.AttrValue', value: { case: 'i', value: BigInt(index) } },
        dtype: { $typeName: 'tensorflow.AttrValue', value: { case: 'type', value: arg.type } },
      };
      const given = arg.attr['_output_shapes'];
      if (given !== undefined) attrs['_output_shapes'] = given;
      return { name: arg.name, op: PARAMETER_OP, attrs, inputs: [], controls: [], functionName: name };
    });
    const args = new Map(parameters.map((node) => [node.name, () => ({ node, index: 0 })] as const));
    const scope = newScope('', name, def.nodes, args, 1);
    const graph = this.finish(scope, (work) => {
      for (const target of def.controlReturns) this.reachControl(scope, target, work);
      return def.outputs.map((arg) => this.resolve(scope, def.returns.get(arg.name) ?? '', work));
    });
    return { ...graph, name, parameters };
  }

  private finish(scope: Scope, start: (work: Worklist) => GraphValue[]): Graph {
    const work: Worklist = { pending: [], effects: new Set(), dataflowControl: false };
    const outputs = start(work);
    for (let task = work.pending.pop(); task !== undefined; task = work.pending.pop()) task();
    const graph = { outputs, effects: [...work.effects] };
    const where = scope.functionName ?? 'the main graph';
    return sortTopologically(work.dataflowControl ? structureControlFlow(graph, where) : graph, where);
  }

  private resolve(scope: Scope, ref: string, work: Worklist): GraphValue {
    const [name, argument, position] = splitRef(ref);
    const parameter = scope.args.get(name);
    if (parameter !== undefined) return parameter();
    const tensorName = `${name}:${position}`;
    if (scope.feeds.has(tensorName)) return { node: this.fed(scope, tensorName), index: 0 };
    const def = scope.nodes.get(name);
    if (def === undefined) {
      throw new SavedModelError(
        'INVALID_ARGUMENT',
        'UNKNOWN_NODE',
        `${where(scope)} refers to the tensor '${ref}', but holds no node '${name}'.`,
      );
    }
    let index = position;
    if (argument !== undefined) {
      const flat = this.callee(def) === undefined ? this.outputs.flatIndex(def, argument, position) : position;
      if (flat === undefined) {
        throw new SavedModelError(
          'INVALID_ARGUMENT',
          'UNKNOWN_OUTPUT',
          `${where(scope)} refers to '${ref}', but op ${def.op} has no output '${argument}'.`,
        );
      }
      index = flat;
    }
    const callee = this.callee(def);
    if (callee !== undefined) return this.resolveCall(scope, def, callee, index, work);
    return { node: this.build(scope, def, work), index };
  }

  /** The function that a node calls if it is a call to be inlined; TF1 graphs name the function as the op itself. */
  private callee(def: StoredNode): string | undefined {
    if (INLINED_CALLS.has(def.op)) {
      const func = def.attr['f']?.value;
      return func?.case === 'func' ? func.value.name : undefined;
    }
    if (def.op === TENSORRT_ENGINE_OP) return this.segment(def);
    return this.library.has(def.op) ? def.op : undefined;
  }

  private segment(engine: StoredNode): string {
    let name = this.segments.get(engine);
    if (name === undefined) {
      name = nativeSegment(engine, this.library);
      this.segments.set(engine, name);
    }
    return name;
  }

  private resolveCall(scope: Scope, def: StoredNode, callee: string, index: number, work: Worklist): GraphValue {
    const call = this.enter(scope, def, callee, work);
    const { outputs, returns } = call.body;
    const output = outputs[index];
    const ref = output === undefined ? undefined : returns.get(output.name);
    if (ref === undefined) {
      throw new SavedModelError(
        'INVALID_ARGUMENT',
        'UNKNOWN_OUTPUT',
        `Node '${scope.prefix}${def.name}' has no output ${index}: function '${callee}' returns ${outputs.length}.`,
      );
    }
    return this.resolve(call.scope, ref, work);
  }

  private enter(scope: Scope, def: StoredNode, callee: string, work: Worklist): Call {
    const known = scope.calls.get(def.name);
    if (known !== undefined) return known;
    if (scope.depth >= MAX_CALL_DEPTH) {
      throw new SavedModelError(
        'INVALID_ARGUMENT',
        'CALLS_TOO_DEEP',
        `Node '${scope.prefix}${def.name}' calls '${callee}' more than ${MAX_CALL_DEPTH} calls deep: the function calls itself.`,
      );
    }
    const body = this.functionNamed(callee, scope.prefix + def.name);
    const refs = def.input.filter((input) => !input.startsWith('^'));
    const args = new Map<string, () => GraphValue>();
    body.inputs.forEach((arg, index) => {
      const ref = refs[index];
      if (ref === undefined) return;
      let value: GraphValue | undefined;
      args.set(arg.name, () => (value ??= this.resolve(scope, ref, work)));
    });
    const prefix = `${scope.prefix}${def.name}/`;
    const waits = scope.before !== undefined || def.input.some((input) => input.startsWith('^'));
    const before = waits ? marker(`${prefix}^before`, callee) : undefined;
    if (scope.before !== undefined) before?.controls.push(scope.before);
    const inner: Scope = { ...newScope(prefix, callee, body.nodes, args, scope.depth + 1), before };
    const call: Call = { scope: inner, body, after: marker(`${prefix}^after`, callee) };
    scope.calls.set(def.name, call);
    work.pending.push(() => {
      for (const target of body.controlReturns) {
        const node = this.reachControl(inner, target, work);
        if (node !== undefined) call.after.controls.push(node);
      }
      before?.controls.push(...this.controlInputs(scope, def, work));
    });
    return call;
  }

  private controlInputs(scope: Scope, def: StoredNode, work: Worklist): GraphNode[] {
    return def.input
      .filter((input) => input.startsWith('^'))
      .map((input) => this.reachControl(scope, input.slice(1), work))
      .filter((node) => node !== undefined);
  }

  private reachControl(scope: Scope, name: string, work: Worklist): GraphNode | undefined {
    const def = scope.nodes.get(name);
    // Parameters of a function may be control inputs too; whatever makes them runs through their data edge.
    if (def === undefined) return undefined;
    const callee = this.callee(def);
    if (callee !== undefined) return this.enter(scope, def, callee, work).after;
    const node = this.build(scope, def, work);
    work.effects.add(node);
    return node;
  }

  private fed(scope: Scope, tensorName: string): GraphNode {
    let node = scope.built.get(tensorName);
    if (node === undefined) {
      node = { name: tensorName, op: PARAMETER_OP, attrs: {}, inputs: [], controls: [], functionName: undefined };
      scope.built.set(tensorName, node);
    }
    return node;
  }

  private build(scope: Scope, def: StoredNode, work: Worklist): GraphNode {
    const known = scope.built.get(def.name);
    if (known !== undefined) return known;
    const name = scope.prefix + def.name;
    const { functionName, before } = scope;
    const node: GraphNode = { name, op: def.op, attrs: def.attr, inputs: [], controls: [], functionName };
    scope.built.set(def.name, node);
    if (before !== undefined) node.controls.push(before);
    if (isDataflowControl(def.op)) work.dataflowControl = true;
    work.pending.push(() => {
      for (const input of def.input) {
        if (!input.startsWith('^')) node.inputs.push(this.resolve(scope, input, work));
      }
      node.controls.push(...this.controlInputs(scope, def, work));
    });
    return node;
  }

  private functionNamed(name: string, caller: string): StoredFunction {
    const body = this.library.get(name);
    if (body === undefined) {
      throw new SavedModelError(
        'INVALID_ARGUMENT',
        'UNKNOWN_FUNCTION',
        `Node '${caller}' calls the function '${name}', which the model's function library does not hold.`,
      );
    }
    return body;
  }
}

interface Worklist {
  readonly pending: (() => void)[];
  readonly effects: Set<GraphNode>;
  /** Whether TensorFlow 1's Switch, Merge, Enter and so on stand in the graph. */
  dataflowControl: boolean;
}

/** A node that only orders others. */
function marker(name: string, functionName: string | undefined): GraphNode {
  return { name, op: 'NoOp', attrs: {}, inputs: [], controls: [], functionName };
}

function newScope(
  prefix: string,
  functionName: string | undefined,
  nodes: ReadonlyMap<string, StoredNode>,
  args: ReadonlyMap<string, () => GraphValue>,
  depth: number,
  feeds: ReadonlySet<string> = new Set(),
): Scope {
  return { prefix, functionName, nodes, args, built: new Map(), calls: new Map(), depth, feeds, before: undefined };
}

/** `node`, `node:3` (graphs) and `node:argument:3` (function bodies) to node, argument and number. */
function splitRef(ref: string): [name: string, argument: string | undefined, index: number] {
  const first = ref.indexOf(':');
  if (first < 0) return [ref, undefined, 0];
  const second = ref.indexOf(':', first + 1);
  const index = Number(ref.slice(ref.lastIndexOf(':') + 1));
  const argument = second < 0 ? undefined : ref.slice(first + 1, second);
  return [ref.slice(0, first), argument, Number.isInteger(index) && index >= 0 ? index : 0];
}

function where(scope: Scope): string {
  return scope.functionName === undefined ? 'The main graph' : `Function '${scope.functionName}'`;
}
