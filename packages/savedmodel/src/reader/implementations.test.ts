import { create } from '@bufbuild/protobuf';
import { AttrValueSchema, type FunctionDef } from '@servable/protos/tensorflow';
import { describe, expect, test } from 'vitest';
import { call, functionDef, graphBuilder, node } from '../testing/graphs.js';

const text = (value: string) =>
  create(AttrValueSchema, { value: { case: 's', value: new TextEncoder().encode(value) } });

/** A function of one node of some op, which says what it implements. */
function implementation(name: string, op: string, attrs: Readonly<Record<string, string>>, args = ['v']): FunctionDef {
  const def = functionDef(name, { args, nodes: [node('n', op, ['v'])], returns: { out: 'n:y:0' } });
  for (const [key, value] of Object.entries(attrs)) def.attr[key] = text(value);
  return def;
}

const general = implementation('general', 'Neg', { api_implements: 'sample' });
const onProcessor = implementation('cpu', 'Abs', { api_implements: 'sample', api_preferred_device: 'CPU' });

function opCalled(name: string, functions: readonly FunctionDef[]): string | undefined {
  const graph = graphBuilder([node('x', 'Placeholder'), call('c', name, ['x'])], functions).buildMain(['c:0'], []);
  return graph.nodes.at(-1)?.op;
}

describe('functions that implement one interface', () => {
  test('are called in the form for processors', () => {
    expect(opCalled('general', [general, onProcessor])).toBe('Abs');
    expect(opCalled('cpu', [general, onProcessor])).toBe('Abs');
  });

  test('are run in it as bodies of loops and branches too', () => {
    const body = graphBuilder([], [onProcessor, general]).buildFunction('general');
    expect(body.nodes.map(({ op }) => op)).toContain('Abs');
  });

  test('stay what they are where none is for processors, or those are for another interface or pass', () => {
    const gpu = implementation('gpu', 'Abs', { api_implements: 'sample', api_preferred_device: 'GPU' });
    const other = implementation('other', 'Abs', { api_implements: 'else', api_preferred_device: 'CPU' });
    const forward = implementation('forward', 'Abs', {
      api_implements: 'sample',
      api_preferred_device: 'CPU',
      backward_function_name: 'backward',
    });
    expect(opCalled('general', [general, gpu, other, forward])).toBe('Neg');
  });

  test('stay what they are where the other takes other arguments', () => {
    const wider = implementation('cpu', 'Abs', { api_implements: 'sample', api_preferred_device: 'CPU' }, ['v', 'w']);
    expect(opCalled('general', [general, wider])).toBe('Neg');
  });
});
