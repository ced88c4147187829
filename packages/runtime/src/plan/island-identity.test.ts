import { tensor, type Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { node, onnxModel } from '../testing/onnx-model.js';
import { matchIslands, type IslandIdentity } from './island-identity.js';

interface Differences {
  readonly bias?: Tensor;
  readonly origin?: string | undefined;
  readonly op?: string;
  readonly axis?: bigint;
  readonly operands?: readonly [string, string];
  readonly input?: string;
}

/** y = softmax(x · w + b), its values named with a prefix. */
function island(prefix: string, differences: Differences = {}): IslandIdentity {
  const { bias = tensor([1, 2]), op = 'Add', axis = 1n, operands = ['h', 'b'], input = 'float32[n,2]' } = differences;
  const origin = 'origin' in differences ? differences.origin : 'variable w';
  const name = (value: string) => `${prefix}${value}`;
  const model = onnxModel({
    nodes: [
      node('MatMul', [name('x'), name('w')], [name('h')]),
      node(op, operands.map(name), [name('s')]),
      node('Softmax', [name('s')], [name('y')], { axis }),
    ],
    inputs: { [name('x')]: input },
    outputs: { [name('y')]: 'float32[n,2]' },
    weights: { [name('b')]: bias },
    external: { [name('w')]: tensor([[1, 2], [3, 4]]) }, // prettier-ignore
  });
  return { model, origins: new Map([[name('w'), origin]]) };
}

describe('islands', () => {
  it('are equal under other names', () => {
    expect(matchIslands(island('first/'), island('second/'))).toEqual(
      new Map([
        ['first/x', 'second/x'],
        ['first/y', 'second/y'],
      ]),
    );
  });

  it.each<[string, Differences]>([
    ['weight', { origin: 'variable v' }],
    ['weight of unknown origin', { origin: undefined }],
    ['constant', { bias: tensor([1, 3]) }],
    ['op', { op: 'Sub' }],
    ['attribute', { axis: 0n }],
    ['order of operands', { operands: ['b', 'h'] }],
    ['operand twice', { operands: ['h', 'h'] }],
    ['shape of an input', { input: 'float32[1,2]' }],
  ])('are not with another %s', (_, differences) => {
    const other = island('second/', differences);
    expect(matchIslands(island('first/'), other)).toBeUndefined();
    expect(matchIslands(other, island('first/'))).toBeUndefined();
  });

  it('are not known to be equal when no origin is known', () => {
    expect(matchIslands(island('a/', { origin: undefined }), island('b/', { origin: undefined }))).toBeUndefined();
  });
});
