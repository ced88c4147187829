import { Tensor } from '@servable/tensor';
import { byteKey, int64s } from './byte-strings.js';
import { checkedSize, invalidRequest, sizeOf, stridesOf } from './elements.js';
import { pick, type Sparse, type SparseParts } from './sparse.js';
import { concat } from './rearrange.js';

export type SetOperation = 'a-b' | 'b-a' | 'intersection' | 'union';

/** The last dimension of a tensor as sets, by the place of the row; elements are numbers of values. */
interface Rows {
  readonly values: Tensor;
  readonly members: ReadonlyMap<number, readonly number[]>;
  readonly lead: readonly number[];
}

export function denseRows(values: Tensor): Rows {
  if (values.rank < 2) throw invalidRequest('BAD_RANK', `Expected sets of rank 2 or more, got ${values.rank}`);
  const width = values.shape.at(-1)!;
  const lead = values.shape.slice(0, -1);
  const members = new Map(
    Array.from({ length: sizeOf(lead) }, (_, row) => [row, Array.from({ length: width }, (_e, i) => row * width + i)]),
  );
  return { values: values.reshape([values.size]), members, lead };
}

export function sparseRows(sparse: Sparse): Rows {
  const rank = sparse.shape.length;
  if (rank < 2) throw invalidRequest('BAD_RANK', `Expected sets of rank 2 or more, got ${rank}`);
  const lead = sparse.shape.slice(0, -1);
  const strides = stridesOf(lead);
  const members = new Map<number, number[]>();
  for (let i = 0; i < sparse.values.size; i++) {
    const row = strides.reduce((sum, stride, axis) => sum + sparse.at[i * rank + axis]! * stride, 0);
    const own = members.get(row);
    if (own === undefined) members.set(row, [i]);
    else own.push(i);
  }
  return { values: sparse.values, members, lead };
}

/** The set operations of tensorflow/core/kernels/set_kernels.cc: sorted sets along the last dimension. */
export function setOperation(a: Rows, b: Rows, operation: SetOperation): SparseParts {
  if (a.lead.join() !== b.lead.join()) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Expected sets of as many rows, got [${a.lead.join(', ')}] and [${b.lead.join(', ')}]`,
    );
  }
  const all = concat([a.values, b.values], 0);
  const shift = a.values.size;
  const rows = [...new Set([...a.members.keys(), ...b.members.keys()])].sort((x, y) => x - y);
  const strides = stridesOf(a.lead);
  const at: number[] = [];
  const picked: number[] = [];
  let widest = 0;
  for (const row of rows) {
    const left = distinct(all, a.members.get(row) ?? []);
    const right = distinct(
      all,
      (b.members.get(row) ?? []).map((i) => i + shift),
    );
    const result = combined(left, right, operation);
    widest = Math.max(widest, result.length);
    const sorted = result.sort(([x], [y]) => (x < y ? -1 : x > y ? 1 : 0));
    sorted.forEach(([, i], place) => {
      let rest = row;
      for (const stride of strides) {
        at.push(Math.floor(rest / stride));
        rest %= stride;
      }
      at.push(place);
      picked.push(i);
    });
  }
  return [int64s(at, [picked.length, a.lead.length + 1]), pick(all, picked), int64s([...a.lead, widest])];
}

/** `SetSize`: how many distinct values each row has. */
export function setSizes(rows: Rows): Tensor {
  const data = new Int32Array(checkedSize(rows.lead));
  for (const [row, members] of rows.members) data[row] = distinct(rows.values, members).size;
  return new Tensor('int32', rows.lead, data);
}

type Member = string | number | bigint;

function distinct(values: Tensor, members: readonly number[]): Map<Member, number> {
  const found = new Map<Member, number>();
  for (const i of members) {
    const member = values.is('string') ? byteKey(values.data[i]!) : (values.data[i] as number | bigint);
    if (!found.has(member)) found.set(member, i);
  }
  return found;
}

function combined(a: Map<Member, number>, b: Map<Member, number>, operation: SetOperation): [Member, number][] {
  switch (operation) {
    case 'a-b':
      return [...a].filter(([member]) => !b.has(member));
    case 'b-a':
      return [...b].filter(([member]) => !a.has(member));
    case 'intersection':
      return [...a].filter(([member]) => b.has(member));
    case 'union':
      return [...a, ...[...b].filter(([member]) => !a.has(member))];
  }
}
