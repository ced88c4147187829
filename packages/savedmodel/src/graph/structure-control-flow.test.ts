import { create } from '@bufbuild/protobuf';
import { AttrValueSchema, NodeDefSchema } from '@servable/protos/tensorflow';
import { tensor, tensorToProto } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { graphBuilder } from '../testing/graphs.js';
import type { GraphBuilder } from './build-graph.js';
import type { GraphNode, GraphValue } from './graph.js';

/** `name = Op(input, ...)`, a line per node; frames of Enter nodes stand behind `@`, constants behind `#`. */
function graph(text: string): GraphBuilder {
  const node = text
    .trim()
    .split('\n')
    .map((line) => {
      const [, name = '', op = '', inputs = '', frame, constant] =
        /^\s*(\S+) = (\w+)\((.*?)\)(?: @(\w+))?(?: #(\d+))?$/.exec(line) ?? [];
      const attr: Record<string, ReturnType<typeof create<typeof AttrValueSchema>>> = {};
      if (frame !== undefined) {
        const value = { case: 's', value: new TextEncoder().encode(frame) } as const;
        attr['frame_name'] = create(AttrValueSchema, { value });
      }
      if (constant !== undefined) {
        const value = { case: 'tensor', value: tensorToProto(tensor(Number(constant), 'int32')) } as const;
        attr['value'] = create(AttrValueSchema, { value });
      }
      return create(NodeDefSchema, { name, op, attr, input: inputs.split(', ').filter(Boolean) });
    });
  return graphBuilder(node);
}

/** A value as an expression over parameters (`p0`), and nodes by name where they have no inputs. */
function show({ node, index }: GraphValue, parameters: readonly GraphNode[] = []): string {
  const position = parameters.indexOf(node);
  if (position >= 0) return `p${position}`;
  const inputs = node.inputs.map((input) => show(input, parameters)).join(', ');
  return `${inputs === '' ? node.name : `${node.op}(${inputs})`}${index === 0 ? '' : `:${index}`}`;
}

function bodies(node: GraphNode | undefined): Record<string, string[]> {
  const entries = Object.entries(node?.bodies ?? {}).map(([name, body]): [string, string[]] => [
    name,
    body.outputs.map((output) => show(output, body.parameters)),
  ]);
  return Object.fromEntries(entries);
}

const LOOP = `
  start = Const()
  x = Placeholder()
  limit = Placeholder()
  enter_i = Enter(start) @f
  enter_y = Enter(x) @f
  enter_n = Enter(limit) @f
  i = Merge(enter_i, next_i)
  y = Merge(enter_y, next_y)
  less = Less(i, enter_n)
  cond = LoopCond(less)
  switch_i = Switch(i, cond)
  switch_y = Switch(y, cond)
  one = Const(^switch_i)
  add = AddV2(switch_i:1, one)
  neg = Neg(switch_y:1)
  next_i = NextIteration(add)
  next_y = NextIteration(neg)
  exit_y = Exit(switch_y)
`;

describe('loops of dataflow nodes', () => {
  it('become a While whose bodies compute the condition and the next values', () => {
    const { nodes, outputs } = graph(LOOP).buildMain(['exit_y:0'], []);
    const [output] = outputs;
    expect(output?.node.op).toBe('StatelessWhile');
    expect(output?.node.inputs.map((input) => input.node.name)).toEqual(['x', 'start', 'limit']);
    expect(bodies(output?.node)).toEqual({ cond: ['Less(p1, p2)'], body: ['Neg(p0)', 'AddV2(p1, one)', 'p2'] });
    expect(nodes.map((node) => node.op)).not.toContain('Merge');
  });

  it('stand inside each other', () => {
    const inner = LOOP.replaceAll('enter_', 'in_enter_')
      .replaceAll('@f', '@g')
      .replaceAll('switch_', 'in_switch_')
      .replaceAll('next_', 'in_next_')
      .replace(/^ {2}(start|x|limit) = .*$/gm, '')
      .replaceAll(/\b(i|y|less|cond|one|add|neg|exit_y)\b/g, 'in_$1')
      .replace('(x)', '(switch_y:1)')
      .replace('(start)', '(switch_i:1)')
      .replace('(limit)', '(enter_n)')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .join('\n');
    const outer = LOOP.replace('neg = Neg(switch_y:1)', 'neg = Neg(in_exit_y)');
    const [output] = graph(`${outer.trim()}\n${inner}`).buildMain(['exit_y:0'], []).outputs;
    const body = output?.node.bodies?.['body'];
    const nested = body?.nodes.find((node) => node.op === 'StatelessWhile');
    expect(bodies(output?.node)['body']?.[0]).toMatch(/^Neg\(StatelessWhile\(p0, /);
    expect(bodies(nested)).toEqual({ cond: ['Less(p1, p2)'], body: ['Neg(p0)', 'AddV2(p1, in_one)', 'p2'] });
  });
});

describe('branches of dataflow nodes', () => {
  const BRANCH = `
    x = Placeholder()
    flag = Placeholder()
    pred = Identity(flag)
    cond/a/Switch = Switch(x, pred)
    cond/b/Switch = Switch(x, pred)
    cond/a = Neg(cond/a/Switch)
    cond/b = Exp(cond/b/Switch:1)
    cond/Merge = Merge(cond/a, cond/b)
    twice = AddV2(cond/Merge, cond/Merge)
  `;

  it('become an If', () => {
    const [output] = graph(BRANCH).buildMain(['twice:0'], []).outputs;
    const [sum] = output?.node.inputs ?? [];
    expect(sum?.node.op).toBe('StatelessIf');
    expect(sum?.node.inputs.map((input) => show(input))).toEqual(['Identity(flag)', 'x']);
    expect(bodies(sum?.node)).toEqual({ then_branch: ['Exp(p0)'], else_branch: ['Neg(p0)'] });
  });

  it('tell which side was taken', () => {
    const [output] = graph(BRANCH).buildMain(['cond/Merge:1'], []).outputs;
    const sides = Object.values(output?.node.bodies ?? {}).map((body) => body.outputs[0]?.node.attrs['value']?.value);
    expect(sides).toMatchObject([{ value: { intVal: [1] } }, { value: { intVal: [0] } }]);
  });

  it('may return a constant that nothing ties to its side', () => {
    const text = BRANCH.replace('Merge(cond/a, cond/b)', 'Merge(zero, cond/b)').replace(
      'x = Pl',
      'zero = Const()\n    x = Pl',
    );
    const [output] = graph(text).buildMain(['cond/Merge:0'], []).outputs;
    expect(bodies(output?.node)['then_branch']).toEqual(['Exp(p1)']);
    expect(bodies(output?.node)['else_branch']).toEqual(['p0']);
    expect(output?.node.inputs.map((input) => show(input))).toEqual(['Identity(flag)', 'zero', 'x']);
  });
});

describe('control flow that does not nest is refused', () => {
  it.each([
    ['a value of one side used outside', 'x = Placeholder()\nswitch = Switch(x, x)\ny = Neg(switch:1)', 'y:0'],
    ['a merge of unrelated values', 'x = Placeholder()\ny = Merge(x, x)', 'y:0'],
    ['a loop variable that does not enter', LOOP.replace('Enter(x) @f', 'Identity(x)'), 'exit_y:0'],
    ['an exit of nothing', 'x = Placeholder()\ny = Exit(x)', 'y:0'],
    ['a loop without a condition', LOOP.replace('LoopCond(less)', 'LoopCond()'), 'exit_y:0'],
  ])('%s', (_, text, fetch) => {
    expect(() => graph(text).buildMain([fetch], [])).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', reason: 'BAD_CONTROL_FLOW' }) as Error,
    );
  });

  it('a cycle without a loop', () => {
    expect(() => graph('a = Neg(b)\nb = Neg(a)').buildMain(['a:0'], [])).toThrowError(/cycle/);
  });
});
