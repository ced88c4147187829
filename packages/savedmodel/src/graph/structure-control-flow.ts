import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { ControlContext } from './control-contexts.js';
import { findContexts, plainOp, sourceOf, type Contexts } from './control-contexts.js';
import { PARAMETER_OP, type FunctionGraph, type GraphNode, type GraphValue } from './graph.js';
import { sortTopologically, type UnsortedGraph } from './sort-topologically.js';

const DATAFLOW_CONTROL = new Set(['Switch', 'Merge', 'Enter', 'Exit', 'NextIteration', 'LoopCond']);

/** Whether an op is one of those that TensorFlow 1 makes loops and branches of. */
export const isDataflowControl = (op: string): boolean => DATAFLOW_CONTROL.has(plainOp(op));

/**
 * Turns TensorFlow 1's control flow, which is made of dataflow nodes (Switch and Merge for branches; Enter, Merge,
 * Switch, NextIteration and Exit for loops), into If and While nodes with bodies, as TensorFlow 2 writes them.
 *
 * @throws SavedModelError INVALID_ARGUMENT for a graph whose branches and loops do not nest
 */
export function structureControlFlow(graph: UnsortedGraph, graphName: string): UnsortedGraph {
  return new Structurer(findContexts(graph), graphName).run(graph);
}

/** The nodes of the root graph or of one body, as they are built anew. */
interface Region {
  readonly context: ControlContext;
  readonly owner: Owner | undefined;
  readonly built: Map<GraphNode, GraphNode>;
  readonly loops: Map<ControlContext, Loop>;
  readonly branches: Map<string, Branch>;
  readonly parameters: GraphNode[];
  readonly outputs: GraphValue[];
  readonly effects: GraphNode[];
}

/** An If or While node under construction. Its inputs (an If's predicate aside) stand in the order of the parameters. */
interface Owner {
  readonly node: GraphNode;
  readonly region: Region;
  readonly bodies: Readonly<Record<string, Region>>;
  /** Positions of parameters by what they stand for in the graph around. */
  readonly captured: Map<string, number>;
}

interface Loop extends Owner {
  readonly bodies: { readonly cond: Region; readonly body: Region };
  /** Positions of loop variables by their Merge. */
  readonly variables: Map<GraphNode, number>;
}

interface Branch extends Owner {
  readonly bodies: { readonly then_branch: Region; readonly else_branch: Region };
  readonly merged: Map<string, number>;
}

class Structurer {
  private readonly pending: (() => void)[] = [];
  private readonly owners: Owner[] = [];

  constructor(
    private readonly contexts: Contexts,
    private readonly graphName: string,
  ) {}

  run({ outputs, effects }: UnsortedGraph): UnsortedGraph {
    const root = newRegion(this.contexts.root, undefined);
    root.outputs.push(...outputs.map((output) => this.translate(output, root)));
    this.drain();
    for (const effect of effects) this.addEffect(effect, root);
    this.drain();
    for (const owner of this.owners) {
      for (const [name, region] of Object.entries(owner.bodies)) {
        const sorted = sortTopologically(region, this.graphName);
        Object.assign(owner.node.bodies?.[name] ?? {}, sorted, { parameters: region.parameters });
      }
    }
    return root;
  }

  private drain(): void {
    for (let task = this.pending.pop(); task !== undefined; task = this.pending.pop()) task();
  }

  /** What a value of the old graph is inside a region of the new one. */
  private translate(value: GraphValue, region: Region): GraphValue {
    const { node, index } = value;
    const home = this.contexts.ofValue(value);
    const op = plainOp(node.op);
    if (op === 'Switch' && home === region.context && !this.contexts.isLoopSwitch(node)) {
      return this.capture(input(node, 0), region);
    }
    if (home !== region.context) {
      if (!region.context.isInside(home)) throw this.refuse(node, 'its value is used outside of its branch or loop');
      return this.capture(value, region);
    }
    switch (op) {
      case 'Enter':
        return this.capture(input(node, 0), region);
      case 'Switch':
        return this.loopVariable(input(node, 0).node, region);
      case 'Merge':
        if (this.contexts.isLoopMerge(node)) return this.loopVariable(node, region);
        return this.branchResult(value, region);
      case 'Exit': {
        const loopSwitch = input(node, 0).node;
        const loop = this.loop(loopSwitch, region);
        return { node: loop.node, index: this.variable(loop, input(loopSwitch, 0).node) };
      }
      default:
        return { node: this.build(node, region), index };
    }
  }

  private build(node: GraphNode, region: Region): GraphNode {
    if (node.op === PARAMETER_OP) return node;
    const known = region.built.get(node);
    if (known !== undefined) return known;
    const copy: GraphNode = { ...node, inputs: [], controls: [] };
    region.built.set(node, copy);
    this.pending.push(() => {
      for (const value of node.inputs) copy.inputs.push(this.translate(value, region));
      for (const control of node.controls) this.addControl(control, copy, region);
    });
    return copy;
  }

  /** Order between nodes of one region is kept; what a body waits for, its loop or branch waits for. */
  private addControl(control: GraphNode, waiting: GraphNode, region: Region): void {
    const home = this.contexts.of(control);
    if (home !== region.context) {
      if (region.owner !== undefined) this.addControl(control, region.owner.node, region.owner.region);
      return;
    }
    const op = plainOp(control.op);
    if (!isDataflowControl(op)) {
      waiting.controls.push(this.build(control, region));
    } else if (op === 'Exit' || (op === 'Merge' && !this.contexts.isLoopMerge(control))) {
      const { node } = this.translate({ node: control, index: 0 }, region);
      if (node !== waiting) waiting.controls.push(node);
    }
  }

  private addEffect(effect: GraphNode, root: Region): void {
    const region = this.regionOf(this.contexts.of(effect), root);
    if (region === undefined) return;
    const op = plainOp(effect.op);
    if (!isDataflowControl(op)) region.effects.push(this.build(effect, region));
    else if (op === 'Exit' || (op === 'Merge' && !this.contexts.isLoopMerge(effect))) {
      region.effects.push(this.translate({ node: effect, index: 0 }, region).node);
    }
    for (let inner = region; inner.owner !== undefined; inner = inner.owner.region) {
      inner.owner.region.effects.push(inner.owner.node);
    }
  }

  /** A region of the context; undefined inside loops that nothing asks for. */
  private regionOf(context: ControlContext, root: Region): Region | undefined {
    if (context.parent === undefined) return root;
    const parent = this.regionOf(context.parent, root);
    if (parent === undefined || context.predicate === undefined) return parent?.loops.get(context)?.bodies.body;
    const key = keyOf(context.predicate);
    const existing = [...parent.branches.values()].find((branch) => branch.captured.has(key));
    const { bodies } = existing ?? this.branch(context, '', parent);
    return context.side ? bodies.then_branch : bodies.else_branch;
  }

  /** Hands a value of the graph around into a body, as a parameter. */
  private capture(value: GraphValue, region: Region): GraphValue {
    const { owner } = region;
    if (owner === undefined) throw this.refuse(value.node, 'its value is used outside of its branch or loop');
    const key = `captured ${keyOf(value)}`;
    const known = owner.captured.get(key);
    const position = known ?? addParameter(owner);
    if (known === undefined) {
      owner.captured.set(key, position);
      owner.node.inputs.push(this.translate(value, owner.region));
      const body = owner.bodies['body'];
      if (body !== undefined) body.outputs[position] = parameter(body, position);
    }
    return parameter(region, position);
  }

  private loop(loopSwitch: GraphNode, region: Region): Loop {
    const context = this.contexts.of(loopSwitch);
    const known = region.loops.get(context);
    if (known !== undefined) return known;
    const node = ownerNode(context.frame ?? 'while', 'StatelessWhile', loopSwitch, ['cond', 'body']);
    const bodies = {} as { cond: Region; body: Region };
    const loop: Loop = { node, region, bodies, captured: new Map(), variables: new Map() };
    bodies.cond = newRegion(context, loop);
    bodies.body = newRegion(context, loop);
    region.loops.set(context, loop);
    this.owners.push(loop);
    const loopCond = input(loopSwitch, 1).node;
    this.pending.push(() => bodies.cond.outputs.push(this.translate(input(loopCond, 0), bodies.cond)));
    return loop;
  }

  private loopVariable(merge: GraphNode, region: Region): GraphValue {
    const loop = region.owner as Loop | undefined;
    if (loop?.variables === undefined) throw this.refuse(merge, 'its value is used outside of its loop');
    return parameter(region, this.variable(loop, merge));
  }

  private variable(loop: Loop, merge: GraphNode): number {
    const known = loop.variables.get(merge);
    if (known !== undefined) return known;
    const [enter, next] = [0, 1].map((i) => input(merge, i).node);
    const [first, second] = plainOp(enter?.op ?? '') === 'NextIteration' ? [next, enter] : [enter, next];
    if (first === undefined || second === undefined || plainOp(first.op) !== 'Enter') {
      throw this.refuse(merge, 'it merges something else than a value entering a loop and its next iteration');
    }
    const position = addParameter(loop);
    loop.variables.set(merge, position);
    loop.node.inputs.push(this.translate(input(first, 0), loop.region));
    const { body } = loop.bodies;
    body.outputs[position] = parameter(body, position);
    this.pending.push(() => (body.outputs[position] = this.translate(input(second, 0), body)));
    return position;
  }

  /** Merges of one scope become the outputs of one If. */
  private branchResult({ node: merge, index }: GraphValue, region: Region): GraphValue {
    const sides = this.contexts.branchesOf(merge);
    if (sides === undefined) throw this.refuse(merge, 'its inputs are not the two sides of one branch');
    const scope = merge.name.slice(0, Math.max(0, merge.name.lastIndexOf('/')));
    const branch = this.branch(sides.context, scope, region);
    const key = `${merge.name}:${index}`;
    let position = branch.merged.get(key);
    if (position === undefined) {
      position = branch.merged.size;
      branch.merged.set(key, position);
      const at = position;
      const results = { then_branch: sides.whenTrue, else_branch: sides.whenFalse };
      for (const [name, which] of Object.entries(results)) {
        const body = branch.bodies[name as keyof typeof results];
        this.pending.push(() => {
          const result = input(merge, which);
          body.outputs[at] =
            index === 0 ? this.translate(result, body) : { node: constant(`${merge.name}/${name}`, which), index: 0 };
        });
      }
    }
    return { node: branch.node, index: position };
  }

  private branch(context: ControlContext, scope: string, region: Region): Branch {
    const { predicate } = context;
    if (predicate === undefined) throw new RangeError('a branch has a predicate');
    const key = `${keyOf(predicate)} ${scope}`;
    const known = region.branches.get(key);
    if (known !== undefined) return known;
    const name = scope === '' ? `${predicate.node.name}/cond` : scope;
    const node = ownerNode(name, 'StatelessIf', predicate.node, ['then_branch', 'else_branch']);
    const bodies = {} as { then_branch: Region; else_branch: Region };
    const branch: Branch = { node, region, bodies, captured: new Map(), merged: new Map() };
    branch.captured.set(keyOf(predicate), -1);
    bodies.then_branch = newRegion(this.contexts.side(region.context, predicate, true), branch);
    bodies.else_branch = newRegion(this.contexts.side(region.context, predicate, false), branch);
    region.branches.set(key, branch);
    this.owners.push(branch);
    node.inputs.push(this.translate(predicate, region));
    return branch;
  }

  private refuse(node: GraphNode, why: string): SavedModelError {
    return new SavedModelError(
      'INVALID_ARGUMENT',
      'BAD_CONTROL_FLOW',
      `${this.graphName}: node '${node.name}' (op ${node.op}) is not part of a well-formed branch or loop: ${why}.`,
      { op: node.op, node: node.name },
    );
  }
}

const keyOf = (value: GraphValue): string => {
  const { node, index } = sourceOf(value);
  return `${node.name}:${index}`;
};

function input(node: GraphNode, index: number): GraphValue {
  const value = node.inputs[index];
  if (value === undefined) {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'BAD_CONTROL_FLOW',
      `Node '${node.name}' (op ${node.op}): expected an input ${index}, got ${node.inputs.length} inputs.`,
      { op: node.op, node: node.name },
    );
  }
  return value;
}

function newRegion(context: ControlContext, owner: Owner | undefined): Region {
  return {
    context,
    owner,
    built: new Map(),
    loops: new Map(),
    branches: new Map(),
    parameters: [],
    outputs: [],
    effects: [],
  };
}

function ownerNode(name: string, op: string, from: GraphNode, bodies: readonly string[]): GraphNode {
  const graphs = bodies.map((body): [string, FunctionGraph] => [
    body,
    { name: `${name}/${body}`, nodes: [], outputs: [], effects: [], parameters: [] },
  ]);
  const { functionName } = from;
  return { name, op, attrs: {}, inputs: [], controls: [], functionName, bodies: Object.fromEntries(graphs) };
}

/** A new parameter in all bodies of a loop or branch. */
function addParameter(owner: Owner): number {
  let position = 0;
  for (const [name, region] of Object.entries(owner.bodies)) {
    position = region.parameters.length;
    region.parameters.push({
      name: `${owner.node.name}/${name}/parameter:${position}`,
      op: PARAMETER_OP,
      attrs: {},
      inputs: [],
      controls: [],
      functionName: owner.node.functionName,
    });
  }
  return position;
}

function parameter(region: Region, position: number): GraphValue {
  const node = region.parameters[position];
  if (node === undefined) throw new RangeError(`no parameter ${position}`);
  return { node, index: 0 };
}

/** An int32 scalar. */
function constant(name: string, value: number): GraphNode {
  const tensor = { $typeName: 'tensorflow.TensorProto', dtype: 3, intVal: [value], tensorContent: new Uint8Array() };
  const attr = { $typeName: 'tensorflow.AttrValue', value: { case: 'tensor', value: tensor } };
  return {
    name,
    op: 'Const',
    attrs: { value: attr as never },
    inputs: [],
    controls: [],
    functionName: undefined,
  };
}
