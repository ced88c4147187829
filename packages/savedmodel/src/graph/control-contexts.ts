import type { GraphNode, GraphValue } from './graph.js';
import { inOrder, type UnsortedGraph } from './sort-topologically.js';

/** An op by the name that it has for values; `RefSwitch` and `Switch` differ in nothing that matters here. */
export const plainOp = (op: string): string => op.replace(/^Ref(?=Switch|Merge|Enter|Exit|NextIteration)/, '');

/**
 * Where TensorFlow 1's control flow puts a node: at the top, on one side of a branch, or in a loop, each inside another.
 * Contexts that are the same are the same object.
 */
export class ControlContext {
  private readonly inner = new Map<string, ControlContext>();

  private constructor(
    readonly parent: ControlContext | undefined,
    /** The name of a loop's frame. */
    readonly frame: string | undefined,
    /** What a branch hangs on. */
    readonly predicate: GraphValue | undefined,
    /** Which side of a branch this is. */
    readonly side: boolean,
    readonly depth: number,
  ) {}

  static root(): ControlContext {
    return new ControlContext(undefined, undefined, undefined, false, 0);
  }

  loop(frame: string): ControlContext {
    return this.within(`loop ${frame}`, () => new ControlContext(this, frame, undefined, false, this.depth + 1));
  }

  branch(predicate: GraphValue, side: boolean): ControlContext {
    const { node, index } = sourceOf(predicate);
    return this.within(
      `${side} ${node.name}:${index}`,
      () => new ControlContext(this, undefined, predicate, side, this.depth + 1),
    );
  }

  isInside(other: ControlContext): boolean {
    return this.ancestorAt(other.depth) === other;
  }

  ancestorAt(depth: number): ControlContext | undefined {
    let context: ControlContext | undefined = this.depth < depth ? undefined : this;
    while (context !== undefined && context.depth > depth) context = context.parent;
    return context;
  }

  private within(key: string, make: () => ControlContext): ControlContext {
    let context = this.inner.get(key);
    if (context === undefined) {
      context = make();
      this.inner.set(key, context);
    }
    return context;
  }
}

/** The value behind nodes that only hand it on. */
export function sourceOf(value: GraphValue): GraphValue {
  let source = value;
  for (let input = source.node.inputs[0]; source.node.op === 'Identity' && input; input = source.node.inputs[0]) {
    source = input;
  }
  return source;
}

/** The contexts of all nodes of a graph. */
export class Contexts {
  readonly root = ControlContext.root();
  private readonly known = new Map<GraphNode, ControlContext>();

  of(node: GraphNode): ControlContext {
    return this.known.get(node) ?? this.root;
  }

  ofValue({ node, index }: GraphValue): ControlContext {
    const context = this.of(node);
    const predicate = node.inputs[1];
    if (plainOp(node.op) !== 'Switch' || predicate === undefined || this.isLoopSwitch(node)) return context;
    return context.branch(predicate, index === 1);
  }

  side(context: ControlContext, predicate: GraphValue, side: boolean): ControlContext {
    return context.branch(predicate, side);
  }

  isLoopSwitch(node: GraphNode): boolean {
    return node.inputs[1]?.node.op === 'LoopCond';
  }

  isLoopMerge(node: GraphNode): boolean {
    return node.inputs.some((input) => plainOp(input.node.op) === 'NextIteration');
  }

  /** The branch that a Merge ends, and which of its inputs comes from which side. */
  branchesOf(merge: GraphNode): { context: ControlContext; whenTrue: number; whenFalse: number } | undefined {
    const [a, b] = merge.inputs.map((input) => this.ofValue(input));
    if (a === undefined || b === undefined || merge.inputs.length !== 2) return undefined;
    const common = commonAncestor(a, b);
    const sides = [a, b].map((context) => context.ancestorAt(common.depth + 1));
    // A constant may have lost the edge that ties it to its side; the other input tells.
    const which = sides.findIndex((side) => side?.predicate !== undefined);
    const context = sides[which];
    if (context === undefined) return undefined;
    const whenTrue = context.side ? which : 1 - which;
    return { context, whenTrue, whenFalse: 1 - whenTrue };
  }

  /** Called for every node after its inputs. */
  add(node: GraphNode): void {
    this.known.set(node, this.find(node));
  }

  private find(node: GraphNode): ControlContext {
    switch (plainOp(node.op)) {
      case 'Enter':
        return this.deepest(node).loop(frameName(node));
      case 'Exit': {
        let context: ControlContext | undefined = this.deepest(node);
        while (context !== undefined && context.frame === undefined) context = context.parent;
        return context?.parent ?? this.root;
      }
      case 'Merge':
        return this.isLoopMerge(node) ? this.deepest(node) : (this.branchesOf(node)?.context.parent ?? this.root);
      default:
        return this.deepest(node);
    }
  }

  private deepest(node: GraphNode): ControlContext {
    let deepest = this.root;
    for (const input of node.inputs) {
      if (plainOp(input.node.op) === 'NextIteration') continue;
      const context = this.ofValue(input);
      if (context.depth > deepest.depth) deepest = context;
    }
    for (const control of node.controls) {
      const context = this.of(control);
      if (context.depth > deepest.depth) deepest = context;
    }
    return deepest;
  }
}

function commonAncestor(a: ControlContext, b: ControlContext): ControlContext {
  let depth = Math.min(a.depth, b.depth);
  while (a.ancestorAt(depth) !== b.ancestorAt(depth)) depth--;
  return a.ancestorAt(depth) ?? a;
}

function frameName(node: GraphNode): string {
  const value = node.attrs['frame_name']?.value;
  return value?.case === 's' ? new TextDecoder().decode(value.value) : '';
}

export function findContexts({ outputs, effects }: UnsortedGraph): Contexts {
  const contexts = new Contexts();
  // What a loop computes for its next iteration is reached from behind, and so is sorted after the loop's entry.
  const roots = [...outputs.map((output) => output.node), ...effects];
  const nodes = inOrder(roots, (node) => {
    const inputs = node.inputs.map((input) => input.node);
    if (plainOp(node.op) === 'Merge') {
      roots.push(...inputs.filter((input) => plainOp(input.op) === 'NextIteration'));
      return inputs.filter((input) => plainOp(input.op) !== 'NextIteration');
    }
    return [...inputs, ...node.controls];
  });
  for (const node of nodes) contexts.add(node);
  return contexts;
}
