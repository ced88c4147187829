import { tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { combineVariable, rowIndices, scatterVariable } from './update-variable.js';

const rows = (values: number[]) => rowIndices(tensor(values, 'int32'));

describe('updating a variable', () => {
  it('rounds as the dtype does', () => {
    const sum = combineVariable(tensor([16777216, 0.1], 'float32'), tensor([1, 0.2], 'float32'), 'Add');
    expect(sum).toEqual(tensor([16777216, Math.fround(Math.fround(0.1) + Math.fround(0.2))], 'float32'));
  });

  it('wraps integers', () => {
    expect(combineVariable(tensor([2147483647], 'int32'), tensor([1], 'int32'), 'Add')).toEqual(
      tensor([-2147483648], 'int32'),
    );
    expect(combineVariable(tensor([0n], 'int64'), tensor([1n], 'int64'), 'Sub')).toEqual(tensor([-1n], 'int64'));
  });

  it('refuses another shape', () => {
    expect(() => combineVariable(tensor([1, 2]), tensor([1]), 'Add')).toThrowError(
      'Cannot update variable with shape [2] using a Tensor with shape [1], shapes must be equal.',
    );
  });

  it('leaves the old value alone', () => {
    const old = tensor([[1, 2], [3, 4]], 'float32'); // prettier-ignore
    scatterVariable(old, rows([0]), tensor([[9, 9]], 'float32'), 'Update');
    expect(old.toArray()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
  });

  it('combines slices in order, with repeated indices', () => {
    const value = tensor([[1, 2], [3, 4], [5, 6]], 'float32'); // prettier-ignore
    const updates = tensor([[10, 10], [2, 3], [1, 1]], 'float32'); // prettier-ignore
    expect(scatterVariable(value, rows([2, 0, 2]), updates, 'Add').toArray()).toEqual([[3, 5], [3, 4], [16, 17]]); // prettier-ignore
    expect(scatterVariable(value, rows([2, 0, 2]), updates, 'Update').toArray()).toEqual([[2, 3], [3, 4], [1, 1]]); // prettier-ignore
    expect(scatterVariable(value, rows([2, 0, 2]), updates, 'Min').toArray()).toEqual([[1, 2], [3, 4], [1, 1]]); // prettier-ignore
  });

  it('takes a scalar for all slices', () => {
    const value = tensor([[1, 2], [3, 4]], 'float32'); // prettier-ignore
    expect(scatterVariable(value, rows([1]), tensor(2, 'float32'), 'Mul').toArray()).toEqual([[1, 2], [6, 8]]); // prettier-ignore
    expect(scatterVariable(value, rows([1]), tensor(7, 'float32'), 'Update').toArray()).toEqual([[1, 2], [7, 7]]); // prettier-ignore
  });

  it('updates nothing without indices', () => {
    const value = tensor([[1, 2]], 'float32');
    expect(scatterVariable(value, rows([]), tensor([], 'float32', [0, 2]), 'Add').toArray()).toEqual([[1, 2]]);
  });

  it('refuses indices outside, divisors of 0 and updates of the wrong size', () => {
    const value = tensor([[1, 2]], 'int32');
    expect(() => scatterVariable(value, rows([1]), tensor([[1, 1]], 'int32'), 'Add')).toThrowError(
      /= 1 does not index/,
    );
    expect(() => scatterVariable(value, rows([0]), tensor([[0, 1]], 'int32'), 'Div')).toThrowError(/divided by 0/);
    expect(() => scatterVariable(value, rows([0]), tensor([1], 'int32'), 'Add')).toThrowError(/expected 2 values/);
  });
});
