import { Tensor, type DType } from '@servable/tensor';
import { boundedList } from '../byte-strings.js';
import { integersOf, invalidRequest } from '../elements.js';

/** A vector of int64 from safe integers. */
export function longs(values: readonly number[] | Int32Array): Tensor<'int64'> {
  const data = new BigInt64Array(values.length);
  // Halves of the words: a BigInt per element would cost more than finding the tokens.
  const halves = new Int32Array(data.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    halves[2 * i] = value;
    halves[2 * i + 1] = value < 0 ? -1 : 0;
  }
  return new Tensor('int64', [values.length], data);
}

/** A vector of int32 or int64. */
export function integerVector(dtype: DType, values: readonly number[]): Tensor {
  return dtype === 'int32' ? new Tensor('int32', [values.length], Int32Array.from(values)) : longs(values);
}

/** A vector of strings. */
export function stringVector(values: readonly Uint8Array[]): Tensor<'string'> {
  return new Tensor('string', [boundedList(values.length)], values);
}

/**
 * Row splits of ragged values.
 *
 * @throws SavedModelError INVALID_ARGUMENT when they do not begin at 0, descend, or end elsewhere than the values
 */
export function rowSplitsOf(splits: Tensor, values: number, what = 'row splits'): number[] {
  const rows = integersOf(splits);
  const given = () => `got [${rows.slice(0, 16).join(', ')}${rows.length > 16 ? ', …' : ''}] for ${values} values`;
  if (rows.length === 0) throw invalidRequest('BAD_SPLITS', `expected at least one of the ${what}, got none`);
  if (rows[0] !== 0) throw invalidRequest('BAD_SPLITS', `expected ${what} that begin with 0, ${given()}`);
  for (let i = 1; i < rows.length; i++) {
    if (rows[i]! < rows[i - 1]!) throw invalidRequest('BAD_SPLITS', `expected ascending ${what}, ${given()}`);
  }
  if (rows.at(-1) !== values)
    throw invalidRequest('BAD_SPLITS', `expected ${what} that end with ${values}, ${given()}`);
  return rows;
}
