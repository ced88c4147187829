import { describe, expect, test } from 'vitest';
import { call, functionDef, graphBuilder, node } from '../testing/graphs.js';
import type { Graph } from './graph.js';

const shape = (graph: Graph) =>
  graph.nodes.map(
    ({ name, op, inputs }) => `${name}=${op}(${inputs.map((input) => `${input.node.name}:${input.index}`).join(',')})`,
  );

describe('the part of a graph that computes the fetches', () => {
  test('holds only nodes that they need, each behind its inputs', () => {
    const builder = graphBuilder([
      node('y', 'Mul', ['x', 'two']),
      node('unused', 'Neg', ['x']),
      node('two', 'Const'),
      node('x', 'Placeholder'),
    ]);
    const graph = builder.buildMain(['y:0'], []);
    expect(shape(graph).sort()).toEqual(['two=Const()', 'x=Placeholder()', 'y=Mul(x:0,two:0)'].sort());
    expect(shape(graph).at(-1)).toBe('y=Mul(x:0,two:0)');
  });

  test('ends at tensors that are fed, wherever in the graph they are', () => {
    const builder = graphBuilder([node('y', 'Neg', ['m']), node('m', 'Mul', ['x', 'x']), node('x', 'Placeholder')]);
    const graph = builder.buildMain(['y:0'], ['m:0']);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['m:0', 'y']);
  });

  test('is not limited by depth', () => {
    const chain = Array.from({ length: 30_000 }, (_, i) => node(`n${i + 1}`, 'Neg', [`n${i}`]));
    const graph = graphBuilder([node('n0', 'Placeholder'), ...chain]).buildMain(['n30000:0'], []);
    expect(graph.nodes).toHaveLength(30_001);
  });
});

describe('function calls', () => {
  const double = functionDef('double', {
    args: ['v'],
    nodes: [node('sum', 'AddV2', ['v', 'v'])],
    returns: { out: 'sum:z:0' },
  });

  test('are inlined, and their nodes carry the path of the call', () => {
    const quadruple = functionDef('quadruple', {
      args: ['v'],
      nodes: [call('first', 'double', ['v']), call('second', 'double', ['first:output:0'])],
      returns: { out: 'second:output:0' },
    });
    const builder = graphBuilder([node('x', 'Placeholder'), call('c', 'quadruple', ['x'])], [double, quadruple]);
    expect(shape(builder.buildMain(['c:0'], []))).toEqual([
      'x=Placeholder()',
      'c/first/sum=AddV2(x:0,x:0)',
      'c/second/sum=AddV2(c/first/sum:0,c/first/sum:0)',
    ]);
  });

  test('outputs that are arguments handed through need no node', () => {
    const pass = functionDef('pass', { args: ['a', 'b'], nodes: [], returns: { p: 'b', q: 'a' } });
    const builder = graphBuilder(
      [node('x', 'Placeholder'), node('y', 'Placeholder'), call('c', 'pass', ['x', 'y'])],
      [pass],
    );
    expect(builder.buildMain(['c:0', 'c:1'], []).outputs.map((output) => output.node.name)).toEqual(['y', 'x']);
  });

  test('of a function that is missing are refused by both names', () => {
    const builder = graphBuilder([call('c', 'gone', [])]);
    expect(() => builder.buildMain(['c:0'], [])).toThrow(/'c' calls the function 'gone'/);
  });

  test('of a function that calls itself end with an error', () => {
    const endless = functionDef('endless', {
      args: ['v'],
      nodes: [call('again', 'endless', ['v'])],
      returns: { out: 'again:output:0' },
    });
    const builder = graphBuilder([node('x', 'Placeholder'), call('c', 'endless', ['x'])], [endless]);
    expect(() => builder.buildMain(['c:0'], [])).toThrow(/calls itself/);
  });
});

describe('broken graphs', () => {
  test('a tensor of a node that is not there is refused by its name', () => {
    expect(() => graphBuilder([node('y', 'Neg', ['nowhere'])]).buildMain(['y:0'], [])).toThrow(/'nowhere'/);
  });

  test('a cycle is refused', () => {
    const builder = graphBuilder([node('a', 'Neg', ['b']), node('b', 'Neg', ['a'])]);
    expect(() => builder.buildMain(['a:0'], [])).toThrow(/cycle/);
  });
});
