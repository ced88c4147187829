import { dtypeInfo, Tensor } from '@servable/tensor';
import { doublesOf, type Elements } from './elements.js';

/** The indices of all elements that are not zero (empty, for strings), a row each. */
export function whereIndices(x: Tensor): Tensor {
  const { lanes } = dtypeInfo(x.dtype);
  const half = x.dtype === 'float16' || x.dtype === 'bfloat16';
  const data = (half ? doublesOf(x) : x.data) as unknown as Elements<unknown>;
  const found: number[] = [];
  for (let i = 0; i < x.size; i++) {
    let is = false;
    for (let lane = 0; lane < lanes; lane++) {
      const value = data[i * lanes + lane];
      is ||= value instanceof Uint8Array ? value.length > 0 : value !== 0 && value !== 0n;
    }
    if (is) found.push(i);
  }
  const rows = new BigInt64Array(found.length * x.rank);
  found.forEach((at, row) => {
    let rest = at;
    for (let axis = x.rank - 1; axis >= 0; axis--) {
      const dim = x.shape[axis]!;
      rows[row * x.rank + axis] = BigInt(rest % dim);
      rest = Math.floor(rest / dim);
    }
  });
  return new Tensor('int64', [found.length, x.rank], rows);
}
