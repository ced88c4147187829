import { describe, expect, test } from 'vitest';
import type { HloAttribute, HloBlock, HloOperation, HloType, HloValue } from '../hlo.js';
import { scalarProgram } from './scalar-program.js';
import type { DType } from '@servable/tensor';

const scalar = (dtype: DType): HloType => ({ kind: 'tensor', dtype, shape: [] });

/** An op of scalars with one result. */
function op(name: string, dtype: DType, operands: readonly HloValue[], attributes: Record<string, HloAttribute> = {}) {
  const results: HloValue[] = [];
  const operation: HloOperation = {
    name,
    attributes: new Map(Object.entries(attributes)),
    operands,
    results,
    regions: [],
  };
  results.push({ type: scalar(dtype), operation, index: 0 });
  return operation;
}

const result = (operation: HloOperation) => operation.results[0] as HloValue;
const argument = (dtype: DType, index: number): HloValue => ({ type: scalar(dtype), operation: undefined, index });
const block = (args: readonly HloValue[], ...operations: HloOperation[]): HloBlock => ({ arguments: args, operations });
const direction = (value: number): HloAttribute => ({ kind: 'enum', value });

describe('blocks of scalars', () => {
  test('float32 is rounded after every op', () => {
    const [a, b] = [argument('float32', 0), argument('float32', 1)];
    const sum = op('add', 'float32', [a, b]);
    const program = scalarProgram(block([a, b], sum, op('return', 'float32', [result(sum)])));
    expect(program?.([0.1, 0.2])).toEqual([Math.fround(0.1 + 0.2)]);
  });

  test('int32 wraps around', () => {
    const [a, b] = [argument('int32', 0), argument('int32', 1)];
    const sum = op('add', 'int32', [a, b]);
    const program = scalarProgram(block([a, b], sum, op('return', 'int32', [result(sum)])));
    expect(program?.([2 ** 31 - 1, 1])).toEqual([-(2 ** 31)]);
  });

  test('in the total order NaN comes last and -0 before 0', () => {
    const [a, b] = [argument('float32', 0), argument('float32', 1)];
    const attributes = { comparison_direction: direction(5), compare_type: direction(2) };
    const less = op('compare', 'bool', [a, b], attributes);
    const program = scalarProgram(block([a, b], less, op('return', 'bool', [result(less)])));
    expect(program?.([Infinity, NaN])).toEqual([1]);
    expect(program?.([NaN, Infinity])).toEqual([0]);
    expect(program?.([-0, 0])).toEqual([1]);
    expect(program?.([3, 3])).toEqual([0]);
  });

  test('a constant from around the block may be used in it', () => {
    const a = argument('float32', 0);
    const data = new Uint8Array(Float32Array.of(2.5).buffer);
    const constant = op('constant', 'float32', [], { value: { kind: 'tensor', type: scalar('float32'), data } });
    const product = op('multiply', 'float32', [a, result(constant)]);
    const program = scalarProgram(block([a], product, op('return', 'float32', [result(product)])));
    expect(program?.([4])).toEqual([10]);
  });

  test('a block with an op that is not known is no program', () => {
    const a = argument('float32', 0);
    const odd = op('fft', 'float32', [a]);
    expect(scalarProgram(block([a], odd, op('return', 'float32', [result(odd)])))).toBeUndefined();
  });
});
