import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  FunctionDefSchema,
  MetaGraphDefSchema,
  type AttrValueSchema,
  type FunctionDef,
  NodeDefSchema,
} from '@servable/protos/tensorflow';
import { GraphBuilder } from '../graph/build-graph.js';
import { FunctionLibrary } from '../reader/function-library.js';
import { storedNodes } from '../reader/stored-node.js';

type NodeInit = MessageInitShape<typeof NodeDefSchema>;

/** `node('sum', 'AddV2', ['x', 'y'])`. */
export function node(name: string, op: string, input: string[] = [], attr: NodeInit['attr'] = {}): NodeInit {
  return { name, op, input, attr };
}

/** A call of a function. */
export function call(name: string, callee: string, input: string[]): NodeInit {
  const value: MessageInitShape<typeof AttrValueSchema>['value'] = { case: 'func', value: { name: callee } };
  return node(name, 'PartitionedCall', input, { f: { value } });
}

interface FunctionParts {
  readonly args: string[];
  readonly nodes: NodeInit[];
  readonly returns: Readonly<Record<string, string>>;
  readonly controls?: Readonly<Record<string, string>>;
}

export function functionDef(name: string, { args, nodes, returns, controls = {} }: FunctionParts): FunctionDef {
  return create(FunctionDefSchema, {
    signature: {
      name,
      inputArg: args.map((arg) => ({ name: arg, type: 1 })),
      outputArg: Object.keys(returns).map((output) => ({ name: output, type: 1 })),
      controlOutput: Object.keys(controls),
    },
    nodeDef: nodes,
    ret: { ...returns },
    controlRet: { ...controls },
  });
}

/** A graph of some nodes, as a model that was read has it. */
export function graphBuilder(
  nodes: readonly NodeInit[],
  functions: readonly MessageInitShape<typeof FunctionDefSchema>[] = [],
): GraphBuilder {
  return new GraphBuilder({
    metaGraph: create(MetaGraphDefSchema),
    nodes: storedNodes(nodes.map((def) => toBinary(NodeDefSchema, create(NodeDefSchema, def)))),
    functions: new FunctionLibrary(functions.map((def) => toBinary(FunctionDefSchema, create(FunctionDefSchema, def)))),
  });
}
