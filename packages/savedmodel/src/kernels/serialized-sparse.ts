import { Tensor, type DType } from '@servable/tensor';
import { boundedStrings, int64s, stringsOf } from './byte-strings.js';
import { allocate, integersOf, invalidRequest, tensorOf, type Elements } from './elements.js';
import { pick } from './sparse.js';
import { packTensor, unpackTensor } from './variant.js';

function checkParts(indices: Tensor, values: Tensor, shape: Tensor): void {
  const expected = [
    [indices, 2, 'indices should be a matrix'],
    [values, 1, 'values should be a vector'],
    [shape, 1, 'shape should be a vector'],
  ] as const;
  for (const [tensor, rank, what] of expected) {
    if (tensor.rank !== rank) {
      throw invalidRequest('INCOMPATIBLE_SHAPES', `Input ${what} but received shape [${tensor.shape.join(',')}]`);
    }
  }
}

/** `SerializeSparse`: three TensorProtos. Variants hold the same (tensorflow/core/kernels/serialize_sparse_op.cc). */
export function serializeSparse(indices: Tensor, values: Tensor, shape: Tensor): Tensor {
  checkParts(indices, values, shape);
  return new Tensor('string', [3], [indices, values, shape].map(packTensor));
}

/** `SerializeManySparse`: one sparse tensor per row of the first dimension. */
export function serializeManySparse(indices: Tensor, values: Tensor, shape: Tensor): Tensor {
  checkParts(indices, values, shape);
  const dims = integersOf(shape);
  const [rank, rows = 0] = [dims.length, dims[0]];
  if (rank <= 1) {
    throw invalidRequest('BAD_RANK', `Rank of input SparseTensor should be > 1, but saw rank: ${rank}`);
  }
  if (rows < 0 || indices.shape[0] !== values.size || indices.shape[1] !== rank) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Expected indices [${values.size}, ${rank}] of a sparse tensor, got [${indices.shape.join(', ')}]`,
    );
  }
  boundedStrings(rows * 3);
  const at = integersOf(indices);
  const members = Array.from({ length: rows }, (): number[] => []);
  for (let i = 0; i < values.size; i++) {
    const own = at.slice(i * rank, (i + 1) * rank);
    const where = `indices[${i}] = [${own.join(',')}]`;
    if (own.some((index, axis) => index < 0 || index >= dims[axis]!)) {
      throw invalidRequest('INDEX_OUT_OF_RANGE', `${where} is out of bounds: need 0 <= index < [${dims.join(',')}]`);
    }
    const axis = own.findIndex((index, k) => i > 0 && index !== at[(i - 1) * rank + k]);
    if (i > 0 && (axis < 0 || own[axis]! < at[(i - 1) * rank + axis]!)) {
      throw invalidRequest('BAD_INDICES', `${where} is ${axis < 0 ? 'repeated' : 'out of order'}`);
    }
    members[own[0]!]!.push(i);
  }
  const shapeBytes = packTensor(int64s(dims.slice(1)));
  const data = members.flatMap((own) => [
    packTensor(
      int64s(
        own.flatMap((i) => at.slice(i * rank + 1, (i + 1) * rank)),
        [own.length, rank - 1],
      ),
    ),
    packTensor(pick(values, own)),
    shapeBytes,
  ]);
  return new Tensor('string', [rows, 3], data);
}

interface Part {
  readonly at: readonly number[];
  readonly values: Tensor;
  readonly shape: readonly number[];
}

function deserialized(bytes: readonly Uint8Array[], index: number, dtype: DType): Part {
  const [indices, values, shape] = bytes.map((part, i) => {
    try {
      return unpackTensor(part);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw invalidRequest('BAD_TENSOR_PROTO', `Could not parse serialized_sparse[${index}, ${i}]: ${why}`);
    }
  }) as [Tensor, Tensor, Tensor];
  const refuse = (why: string) => invalidRequest('BAD_SERIALIZED_SPARSE', `serialized_sparse[${index}]: ${why}`);
  if (indices.rank !== 2 || values.rank !== 1 || shape.rank !== 1) {
    throw refuse(
      `expected indices, values and shape of rank 2, 1 and 1, got ${indices.rank}, ${values.rank} and ${shape.rank}`,
    );
  }
  if (indices.dtype !== 'int64' || shape.dtype !== 'int64') throw refuse('expected indices and shape of int64');
  if (values.dtype !== dtype) {
    throw refuse(
      `Requested SparseTensor of type ${dtype} but SparseTensor[${index}].values.dtype() == ${values.dtype}`,
    );
  }
  if (indices.shape[0] !== values.size || indices.shape[1] !== shape.size) {
    throw refuse(`expected indices [${values.size}, ${shape.size}], got [${indices.shape.join(', ')}]`);
  }
  return { at: integersOf(indices), values, shape: integersOf(shape) };
}

/**
 * `DeserializeSparse` and `DeserializeManySparse`: sparse tensors, of which the leading dimensions of the input become
 * leading dimensions. Sizes may differ: the largest are taken (tensorflow/core/kernels/deserialize_sparse_string_op.cc).
 */
export function deserializeSparse(serialized: Tensor, dtype: DType): readonly [Tensor, Tensor, Tensor] {
  const { shape: given } = serialized;
  if (given.length === 0) throw invalidRequest('BAD_RANK', 'Serialized sparse should have non-zero rank []');
  if (given.at(-1) !== 3) {
    throw invalidRequest(
      'INCOMPATIBLE_SHAPES',
      `Serialized sparse should have 3 as the last dimension [${given.join(',')}]`,
    );
  }
  const lead = given.slice(0, -1);
  const strings = stringsOf(serialized);
  if (strings.length === 0) {
    throw invalidRequest(
      'EMPTY',
      `Serialized sparse should have at least 1 serialized tensor, but has a zero dimension [${given.join(',')}]`,
    );
  }
  const parts = Array.from({ length: strings.length / 3 }, (_, i) =>
    deserialized(strings.slice(3 * i, 3 * i + 3), i, dtype),
  );
  const rank = parts[0]!.shape.length;
  const shape = [...lead, ...parts[0]!.shape];
  const at: number[] = [];
  parts.forEach((part, i) => {
    if (part.shape.length !== rank) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Inconsistent shape across SparseTensors: rank prior to SparseTensor[${i}] was: ${rank} but rank of ` +
          `SparseTensor[${i}] is: ${part.shape.length}`,
      );
    }
    part.shape.forEach((dim, axis) => (shape[lead.length + axis] = Math.max(shape[lead.length + axis]!, dim)));
    const place: number[] = [];
    let rest = i;
    for (const dim of lead.toReversed()) {
      place.unshift(rest % dim);
      rest = Math.floor(rest / dim);
    }
    for (let k = 0; k < part.values.size; k++) {
      at.push(...place);
      for (let axis = 0; axis < rank; axis++) at.push(part.at[k * rank + axis]!);
    }
  });
  const count = parts.reduce((sum, { values }) => sum + values.size, 0);
  const data = allocate(dtype, [count]) as unknown as Elements<unknown>;
  let end = 0;
  for (const { values } of parts) {
    const from = values.data as unknown as Elements<unknown>;
    for (let i = 0; i < from.length; i++) data[end++] = from[i];
  }
  return [int64s(at, [count, shape.length]), tensorOf(dtype, [count], data), int64s(shape)];
}
