import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AttrValueSchema, FunctionDefSchema, type AttrValue, type FunctionDef } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { graphBuilder } from '../testing/graphs.js';
import { findWrittenVariables, WRITES } from './written-variables.js';

const text = (value: string): AttrValue =>
  create(AttrValueSchema, { value: { case: 's', value: new TextEncoder().encode(value) } });
const func = (name: string): AttrValue => create(AttrValueSchema, { value: { case: 'func', value: { name } } });

interface Node {
  readonly name: string;
  readonly op: string;
  readonly input?: string[];
  readonly attr?: Record<string, AttrValue>;
}

function body(name: string, args: string[], nodeDef: Node[], ret: Record<string, string> = {}) {
  const def: MessageInitShape<typeof FunctionDefSchema> = {
    signature: {
      name,
      inputArg: args.map((arg) => ({ name: arg })),
      outputArg: Object.keys(ret).map((output) => ({ name: output })),
    },
    nodeDef,
    ret,
    controlRet: Object.fromEntries(nodeDef.map((node) => [node.name, node.name])),
  };
  return create(FunctionDefSchema, def);
}

function written(node: Node[], fetch: string, functions: FunctionDef[] = []): string[] {
  return [...findWrittenVariables(graphBuilder(node, functions), [{ fetches: [fetch], feeds: [] }])].sort();
}

const handle = (name: string, shared = ''): Node => ({ name, op: 'VarHandleOp', attr: { shared_name: text(shared) } });

describe('variables that requests write', () => {
  it('are all those that an op hands to a body that writes, where their order there is its own', () => {
    const add = body('add', ['element', 'x', 'y'], [{ name: 'a', op: 'AssignAddVariableOp', input: ['y', 'element'] }]);
    const read = body('read', ['element', 'x', 'y'], [{ name: 'r', op: 'ReadVariableOp', input: ['y'] }]);
    const nodes = (f: string): Node[] => [
      handle('a'),
      handle('b'),
      handle('c'),
      { name: 'data', op: 'TensorDataset', input: ['c'] },
      { name: 'map', op: 'MapDataset', input: ['data', 'a', 'b'], attr: { f: func(f) } },
      { name: 'sum', op: 'ReduceDataset', input: ['map'] },
    ];
    expect(written(nodes('add'), 'sum:0', [add, read])).toEqual(['a', 'b']);
    expect(written(nodes('read'), 'sum:0', [add, read])).toEqual([]);
  });

  it('are found by what the fetches reach, control edges included', () => {
    const nodes = [
      handle('read'),
      handle('written'),
      handle('elsewhere'),
      { name: 'one', op: 'Const' },
      { name: 'value', op: 'ReadVariableOp', input: ['read', '^add'] },
      { name: 'add', op: 'AssignAddVariableOp', input: ['written', 'one'] },
      { name: 'other', op: 'AssignVariableOp', input: ['elsewhere', 'one'] },
    ];
    expect(written(nodes, 'value:0')).toEqual(['written']);
  });

  it('go by their shared name', () => {
    const nodes = [handle('a', 'counter'), { name: 'n', op: 'Const' }, { name: 'w', op: 'Assign', input: ['a', 'n'] }];
    expect(written(nodes, 'w:0')).toEqual(['counter']);
  });

  it.each([...WRITES])('are found where all that a function does is %s', (op) => {
    const holder = op.startsWith('LookupTable') ? 'MutableHashTableV2' : 'VarHandleOp';
    const nodes = [
      { name: 'held', op: holder, attr: { shared_name: text('state') } },
      { name: 'x', op: 'Placeholder' },
      { name: 'call', op: 'StatefulPartitionedCall', input: ['held', 'x'], attr: { f: func('changes') } },
      { name: 'y', op: 'Identity', input: ['x', '^call'] },
    ];
    const functions = [body('changes', ['h', 'x'], [{ name: 'change', op, input: ['h', 'x'] }], { y: 'x' })];
    expect(written(nodes, 'y:0', functions)).toHaveLength(1);
  });

  it('are followed through calls and into the bodies of loops and branches', () => {
    const add = { name: 'add', op: 'AssignAddVariableOp', input: ['v', 'x'] };
    const functions = [
      body('writes', ['x', 'v'], [add], { y: 'x' }),
      body('keeps', ['x', 'v'], [], { y: 'x' }),
      body('calls', ['v', 'x'], [
        {
          name: 'cond',
          op: 'If',
          input: ['x', 'x', 'v'],
          attr: { then_branch: func('keeps'), else_branch: func('writes') },
        },
      ], { y: 'x' }), // prettier-ignore
    ];
    const nodes = [
      handle('a'),
      handle('b'),
      { name: 'x', op: 'Placeholder' },
      { name: 'call', op: 'StatefulPartitionedCall', input: ['b', 'x'], attr: { f: func('calls') } },
      { name: 'y', op: 'Identity', input: ['x', '^call'] },
      { name: 'z', op: 'ReadVariableOp', input: ['a', '^y'] },
    ];
    expect(written(nodes, 'z:0', functions)).toEqual(['b']);
  });

  it('cannot be looked for in a body that holds itself', () => {
    const self = { name: 'while', op: 'While', input: ['v'], attr: { cond: func('loop'), body: func('loop') } };
    const write = { name: 'w', op: 'AssignVariableOp', input: ['v', 'v'] };
    const nodes = [handle('a'), { ...self, input: ['a'] }];
    expect(() => written(nodes, 'while:0', [body('loop', ['v'], [self, write], { y: 'v' })])).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'BODIES_TOO_DEEP' }) as Error,
    );
  });
});
