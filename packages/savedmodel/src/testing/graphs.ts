import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  FunctionDefSchema,
  MetaGraphDefSchema,
  type AttrValueSchema,
  type FunctionDef,
  type MetaGraphDef,
  type NodeDefSchema,
} from '@servable/protos/tensorflow';
import { GraphBuilder } from '../graph/build-graph.js';
import { FunctionLibrary } from '../reader/function-library.js';

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

export function metaGraph(nodes: NodeInit[]): MetaGraphDef {
  return create(MetaGraphDefSchema, { graphDef: { node: nodes } });
}

export function graphBuilder(nodes: NodeInit[], functions: readonly FunctionDef[] = []): GraphBuilder {
  const library = new FunctionLibrary(functions.map((def) => toBinary(FunctionDefSchema, def)));
  return new GraphBuilder(metaGraph(nodes), library);
}
