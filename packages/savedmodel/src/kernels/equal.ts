import { dtypeInfo, Tensor } from '@servable/tensor';
import { broadcast, broadcastOffsets, checkedSize, doublesOf, type Elements } from './elements.js';

/** Where two tensors of any dtype are equal; one `false` when their shapes do not broadcast. */
export function equalOrIncompatible(a: Tensor, b: Tensor): Tensor {
  let shape: readonly number[];
  try {
    shape = broadcast(a.shape, b.shape);
  } catch {
    return new Tensor('bool', [], Uint8Array.of(0));
  }
  const { lanes } = dtypeInfo(a.dtype);
  const half = a.dtype === 'float16' || a.dtype === 'bfloat16';
  const [x, y] = [a, b].map((tensor) => (half ? doublesOf(tensor) : tensor.data) as unknown as Elements<unknown>);
  const [ofA, ofB] = [broadcastOffsets(a.shape, shape), broadcastOffsets(b.shape, shape)];
  const data = new Uint8Array(checkedSize(shape));
  for (let i = 0; i < data.length; i++) {
    let equal = true;
    for (let lane = 0; lane < lanes; lane++) {
      equal &&= same(x![(ofA?.[i] ?? i) * lanes + lane], y![(ofB?.[i] ?? i) * lanes + lane]);
    }
    data[i] = Number(equal);
  }
  return new Tensor('bool', shape, data);
}

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}
