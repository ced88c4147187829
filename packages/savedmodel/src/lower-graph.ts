import type { AttrValue } from '@servable/protos/tensorflow';
import { TensorError } from '@servable/tensor';
import { SavedModelError } from './diagnostics/saved-model-error.js';
import type { Forest } from './forests/forest.js';
import { Attributes } from './graph/attributes.js';
import { bodiesTooDeep, MAX_BODY_DEPTH } from './graph/body-depth.js';
import type { GraphBuilder } from './graph/build-graph.js';
import type { FunctionGraph, Graph, GraphNode, GraphValue } from './graph/graph.js';
import type { Builder } from './onnx/builder.js';
import type { LookupTable } from './kernels/lookup-table.js';
import { knownIntegers } from './onnx/known-shapes.js';
import { UnsuitedVariable } from './onnx/tensor-list.js';
import type { Value } from './onnx/value.js';
import { findOp } from './ops/op-table.js';
import { checkRanks } from './ops/required-ranks.js';
import { isResource, type Lowered, type Variable } from './onnx/resource.js';
import type { OpContext, OpDefinition } from './ops/registry.js';
import { readVariable, valueOf } from './onnx/variable-access.js';
import { runAtOnce } from './time-slices.js';

/** What lowering needs of the model around the graph. */
export interface LoweringEnvironment {
  readonly graphs: GraphBuilder;
  /** How many bodies of loops and branches are around the graph; 0 when left out. */
  readonly depth?: number;
  /** The name of the signature, for messages. */
  readonly signatureName: string;
  /** Whether inputs have other ranks than the model was exported for, and must be checked as TensorFlow checks them. */
  readonly checksRanks?: boolean;
  /** The variable of a node. */
  variable(node: GraphNode, builder: Builder): Variable;
  /** The lookup table that a node stands for; undefined when nothing fills it. */
  table(node: GraphNode): LookupTable | undefined;
  /** A decision forest that the init op loads. */
  forest?(key: string): Forest | undefined;
  /** What {@link VariableStore} calls the contents of a table that requests change; undefined for any other. */
  changingTable?(node: GraphNode): string | undefined;
  /** The bytes of a file in the model's assets folder; undefined when there is no such file. */
  assetBytes?(path: string): Uint8Array | undefined;
}

/** Ops that change nothing a request could see, and may hang on control edges. */
const HARMLESS_EFFECTS = new Set(['NoOp', 'Const', 'Identity', 'IdentityN', 'Placeholder', 'VarHandleOp']);

/**
 * Lowers a graph node by node.
 *
 * @param feeds - values for the graph's placeholders, by node name
 * @throws SavedModelError UNIMPLEMENTED naming every op that has no lowering, its node and its function
 */
export function lowerGraph(
  graph: Graph,
  builder: Builder,
  feeds: ReadonlyMap<string, Lowered>,
  environment: LoweringEnvironment,
): readonly Lowered[] {
  return runAtOnce(loweringSteps(graph, builder, feeds, environment));
}

/** {@link lowerGraph} in steps: one for each node of the graph; bodies of loops and branches belong to their node's. */
export function* loweringSteps(
  graph: Graph,
  builder: Builder,
  feeds: ReadonlyMap<string, Lowered>,
  environment: LoweringEnvironment,
): Generator<void, readonly Lowered[]> {
  refuseUnknownOps(graph, feeds, environment);
  const lowered = new Map<GraphNode, readonly Lowered[]>();
  for (const node of graph.nodes) {
    const fed = feeds.get(node.name);
    if (fed !== undefined) {
      lowered.set(node, [fed]);
      continue;
    }
    builder.origin = node.name;
    const context = new NodeContext(node, builder, lowered, environment);
    const definition = findOp(node.op);
    if (definition === undefined) continue;
    if (environment.checksRanks === true) checkRanks(node.op, context);
    const result = lowerNode(definition, context);
    lowered.set(node, Array.isArray(result) ? (result as readonly Lowered[]) : [result as Lowered]);
    yield;
  }
  return graph.outputs.map(({ node, index }) => outputOf(lowered, node, index));
}

/** A node that is not as its op is defined, such as one with an axis that there is not, may stop its lowering anywhere. */
function lowerNode(definition: OpDefinition, context: NodeContext): Lowered | readonly Lowered[] {
  try {
    return definition.lower(context);
  } catch (error) {
    if (error instanceof SavedModelError || error instanceof TensorError) throw error;
    // No failure yet: the loop around tries again.
    if (error instanceof UnsuitedVariable) throw error;
    throw context.malformed(error);
  }
}

/** Of ops that are left out on purpose: why. */
const WHY_NOT: Readonly<Record<string, string>> = {
  DecodeJxl: 'There is no decoder of JPEG XL for JavaScript that is maintained. ',
};

function refuseUnknownOps(graph: Graph, feeds: ReadonlyMap<string, Lowered>, environment: LoweringEnvironment): void {
  const unknown = new Map<string, GraphNode>();
  // Effects are among the nodes.
  for (const node of graph.nodes) {
    const known = feeds.has(node.name) || findOp(node.op) !== undefined || HARMLESS_EFFECTS.has(node.op);
    if (!known && !unknown.has(node.op)) unknown.set(node.op, node);
  }
  const [first, ...others] = unknown.values();
  if (first === undefined) return;
  const origin = first.functionName === undefined ? '' : ` of function '${first.functionName}'`;
  const more = others.length === 0 ? '' : ` Other ops it does not know: ${others.map((node) => node.op).join(', ')}.`;
  throw new SavedModelError(
    'UNIMPLEMENTED',
    'UNSUPPORTED_OP',
    `Signature '${environment.signatureName}' uses the op ${first.op} at node '${first.name}'${origin}, which the compiler does not know.${more} ` +
      (WHY_NOT[first.op] ?? '') +
      `Export the model without it, or call a signature that does not need it.`,
    { op: first.op, node: first.name },
  );
}

function outputOf(lowered: ReadonlyMap<GraphNode, readonly Lowered[]>, node: GraphNode, index: number): Lowered {
  const value = lowered.get(node)?.[index];
  if (value === undefined) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_OUTPUT',
      `Output ${index} of node '${node.name}' (op ${node.op}) is used, which the compiler does not make.`,
      { op: node.op, node: node.name },
    );
  }
  return value;
}

class NodeContext implements OpContext {
  readonly attrs: Attributes;

  constructor(
    readonly node: GraphNode,
    readonly builder: Builder,
    private readonly results: ReadonlyMap<GraphNode, readonly Lowered[]>,
    private readonly environment: LoweringEnvironment,
  ) {
    this.attrs = new Attributes(node, node.attrs);
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  input(index: number): Value {
    const value = this.lowered(index);
    if (isResource(value)) throw this.refuse(`input ${index} is a ${value.kind}, where a tensor is expected`);
    return value;
  }

  inputs(): readonly Value[] {
    return this.node.inputs.map((_, index) => this.input(index));
  }

  resource(index: number) {
    const value = this.given(index);
    if (!isResource(value)) throw this.refuse(`input ${index} is a tensor, where a resource is expected`);
    return value;
  }

  lowered(index: number): Lowered {
    return valueOf(this.builder, this.given(index));
  }

  given(index: number): Lowered {
    const input = this.node.inputs[index];
    if (input === undefined) throw this.refuse(`it has ${this.inputCount} inputs, and input ${index} is needed`);
    return outputOf(this.results, input.node, input.index);
  }

  variable(node: GraphNode): Variable {
    return this.environment.variable(node, this.builder);
  }

  variableAt(index: number): Variable {
    const resource = this.resource(index);
    if (resource.kind === 'variable') return resource;
    throw this.refuse(`input ${index} is a ${resource.kind}, where a variable is expected`);
  }

  variableValue(index: number): Value {
    return readVariable(this.builder, this.variableAt(index));
  }

  table(node: GraphNode): LookupTable | undefined {
    return this.environment.table(node);
  }

  forest(key: string): Forest | undefined {
    return this.environment.forest?.(key);
  }

  changingTable(node: GraphNode): string | undefined {
    return this.environment.changingTable?.(node);
  }

  assetBytes(path: string): Uint8Array | undefined {
    return this.environment.assetBytes?.(path);
  }

  constantInts(index: number, what: string): readonly number[] {
    const known = knownIntegers(this.input(index));
    if (known === undefined) throw this.refuse(`its ${what} depend on the request, and must be constant`);
    return known;
  }

  rank(index: number): number {
    return this.shape(index).length;
  }

  shape(index: number) {
    const { shape } = this.input(index);
    if (shape === undefined) throw this.refuse(`the rank of its input ${index} is not known before a request`);
    return shape;
  }

  producer(index: number) {
    return this.node.inputs[index];
  }

  body(attribute: string): FunctionGraph {
    return this.node.bodies?.[attribute] ?? this.environment.graphs.buildFunction(this.attrs.func(attribute));
  }

  bodies(attribute: string): readonly FunctionGraph[] {
    return this.attrs.funcs(attribute).map((name) => this.environment.graphs.buildFunction(name));
  }

  lowerBody(body: FunctionGraph, args: readonly Lowered[], builder: Builder): readonly Lowered[] {
    const feeds = new Map<string, Lowered>();
    body.parameters.forEach((parameter, i) => {
      const value = args[i];
      if (value === undefined) {
        throw this.refuse(`function '${body.name}' is called without its argument '${parameter.name}'`);
      }
      feeds.set(parameter.name, value);
    });
    const depth = (this.environment.depth ?? 0) + 1;
    if (depth > MAX_BODY_DEPTH) throw bodiesTooDeep(this.node.name);
    const { origin } = builder;
    const outputs = lowerGraph(body, builder, feeds, { ...this.environment, depth });
    builder.origin = origin;
    return outputs;
  }

  lowerOp(
    op: string,
    inputs: readonly Lowered[],
    attrs: Readonly<Record<string, AttrValue>>,
    builder: Builder,
  ): readonly Lowered[] {
    const definition = findOp(op);
    if (definition === undefined) throw this.refuse(`it needs the op ${op}`);
    const { name, functionName } = this.node;
    const results = new Map<GraphNode, readonly Lowered[]>();
    const links = inputs.map((value, i): GraphValue => {
      const node = { name: `${name}/${i}`, op: '', attrs: {}, inputs: [], controls: [], functionName };
      results.set(node, [value]);
      return { node, index: 0 };
    });
    const node: GraphNode = { name, op, attrs, inputs: links, controls: [], functionName };
    const result = lowerNode(definition, new NodeContext(node, builder, results, this.environment));
    return Array.isArray(result) ? (result as readonly Lowered[]) : [result as Lowered];
  }

  /** The error for a node whose lowering failed otherwise. */
  malformed(cause: unknown): SavedModelError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new SavedModelError(
      'INVALID_ARGUMENT',
      'MALFORMED_NODE',
      `Signature '${this.environment.signatureName}': op ${this.node.op} at node '${this.node.name}'${this.where} is not as ` +
        `TensorFlow defines it: expected inputs and attributes that fit each other, given ones with which compiling fails (${why}).`,
      { op: this.node.op, node: this.node.name, cause },
    );
  }

  /** For messages: the function around the node. */
  private get where(): string {
    return this.node.functionName === undefined ? '' : ` of function '${this.node.functionName}'`;
  }

  refuse(why: string): SavedModelError {
    return new SavedModelError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_OP_FORM',
      `Signature '${this.environment.signatureName}': op ${this.node.op} at node '${this.node.name}'${this.where} cannot be compiled: ${why}.`,
      { op: this.node.op, node: this.node.name },
    );
  }
}
