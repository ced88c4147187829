import type { AttrValue } from '@servable/protos/tensorflow';

/** One output of a node. */
export interface GraphValue {
  readonly node: GraphNode;
  readonly index: number;
}

/**
 * A TensorFlow node after function inlining: its inputs are links, not names.
 *
 * `Placeholder` nodes that stand for parameters of a function body have the op {@link PARAMETER_OP}.
 */
export interface GraphNode {
  /** Unique in its graph; nodes that came from a function carry the call's path in front. */
  readonly name: string;
  readonly op: string;
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly inputs: GraphValue[];
  /** Nodes that run before it though none of their values reach it. */
  readonly controls: GraphNode[];
  /** Bodies of a loop or branch that were written into the graph itself, by the attribute that would name a function. */
  readonly bodies?: Readonly<Record<string, FunctionGraph>>;
  /** Name of the function that the node was written in; undefined for the main graph. */
  readonly functionName: string | undefined;
}

/** The op of a function body's parameters; attribute `index` is their position. */
export const PARAMETER_OP = '_Parameter';

/** A set of nodes in an order in which every node comes after its inputs and its control inputs. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly GraphValue[];
  /** Nodes that run only for their side effects: reached through control edges, never through data. */
  readonly effects: readonly GraphNode[];
}

/** The body of a function, branch or loop. */
export interface FunctionGraph extends Graph {
  readonly name: string;
  /** Nodes of op {@link PARAMETER_OP}, in the order of the arguments. */
  readonly parameters: readonly GraphNode[];
}
