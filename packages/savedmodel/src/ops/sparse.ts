import type { Tensor } from '@servable/tensor';
import { int64s } from '../kernels/byte-strings.js';
import { integerOf } from '../kernels/elements.js';
import { raggedBincount } from '../kernels/ragged.js';
import {
  addSparse,
  addSparseToDense,
  reduceSparse,
  reduceSparseToSparse,
  sparseDenseElementwise,
  sparseMatMul,
  sparseSoftmax,
  type SparseReduction,
} from '../kernels/sparse-math.js';
import { denseRows, setOperation, setSizes, sparseRows, type SetOperation } from '../kernels/sparse-sets.js';
import {
  concatSparse,
  fillEmptyRows,
  pick,
  readSparse,
  reshapeSparse,
  sliceSparse,
  sortSparse,
  sparseParts,
  sparseToDense,
  splitSparse,
} from '../kernels/sparse.js';
import { knownElements, knownIntegers, type OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Shape } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';
import { hostValue, hostValues } from './host-value.js';
import { sparseSpecs } from './strings.js';

/** Three inputs from `start` on as a sparse tensor. */
const at = (inputs: readonly Tensor[], start: number) =>
  readSparse(inputs[start]!, inputs[start + 1]!, inputs[start + 2]!);

/** The rank of a sparse tensor, from its dense shape. */
const rankAt = (context: OpContext, index: number): Dim =>
  context.input(index).shape?.[0] ?? context.builder.unknownDim();

/** Sparse tensors, which travel as positions, values and dense shape. */
export const sparse = new OpFamily('sparse tensors')
  .host('SparseToDense', (context) => {
    const validate = context.attrs.bool('validate_indices', true);
    const spec = { dtype: context.input(2).dtype, shape: shapeGiven(context, 1) };
    return hostValue(context, context.inputs(), spec, (indices, shape, values, fallback) =>
      sparseToDense(indices, shape, values, fallback, validate),
    );
  })
  .host('SparseReorder', (context) => {
    const [indices, values] = [context.input(0), context.input(1)];
    const specs: OutputSpec[] = [
      { dtype: 'int64', shape: indices.shape },
      { dtype: values.dtype, shape: values.shape },
    ];
    return hostValues(context, context.inputs(), specs, (...inputs) =>
      sparseParts(sortSparse(at(inputs, 0))).slice(0, 2),
    );
  })
  .host('SparseReshape', (context) => {
    const [indices, target] = [context.input(0), context.input(2)];
    const rank = target.shape?.[0] ?? context.builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'int64', shape: [indices.shape?.[0] ?? context.builder.unknownDim(), rank] },
      { dtype: 'int64', shape: [rank] },
    ];
    return hostValues(context, context.inputs(), specs, reshapeSparse);
  })
  .host('SparseFillEmptyRows', (context) => {
    const { builder } = context;
    const [values, count] = [context.input(1), builder.unknownDim()];
    const specs: OutputSpec[] = [
      { dtype: 'int64', shape: [count, context.input(0).shape?.[1] ?? builder.unknownDim()] },
      { dtype: values.dtype, shape: [count] },
      { dtype: 'bool', shape: [builder.unknownDim()] },
      { dtype: 'int64', shape: values.shape },
    ];
    return hostValues(context, context.inputs(), specs, fillEmptyRows);
  })
  .host('SparseSlice', (context) =>
    hostValues(
      context,
      context.inputs(),
      sparseSpecs(context, context.input(1).dtype, rankAt(context, 2)),
      (...inputs) => sparseParts(sliceSparse(at(inputs, 0), inputs[3]!, inputs[4]!)),
    ),
  )
  .host('SparseSplit', (context) => {
    const count = context.attrs.int('num_split');
    const rank = rankAt(context, 3);
    const specs = Array.from({ length: count }, () => sparseSpecs(context, context.input(2).dtype, rank));
    return hostValues(context, context.inputs(), byKind(specs), (...inputs) =>
      byKind(splitSparse(at(inputs, 1), integerOf(inputs[0]), count).map((part) => [...sparseParts(part)])),
    );
  })
  .host('SparseConcat', (context) => {
    const count = context.attrs.int('N');
    const axis = context.attrs.int('concat_dim');
    const specs = sparseSpecs(context, context.input(count).dtype, rankAt(context, 2 * count));
    return hostValues(context, context.inputs(), specs, (...inputs) => {
      const part = (i: number) => readSparse(inputs[i]!, inputs[count + i]!, inputs[2 * count + i]!);
      return sparseParts(
        concatSparse(
          Array.from({ length: count }, (_, i) => part(i)),
          axis,
        ),
      );
    });
  })
  .host('SparseTensorDenseMatMul', (context) => {
    const [adjointA, adjointB] = [context.attrs.bool('adjoint_a', false), context.attrs.bool('adjoint_b', false)];
    const b = context.input(3);
    const columns = b.shape?.[adjointB ? 0 : 1] ?? context.builder.unknownDim();
    const rows = shapeGiven(context, 2)?.[adjointA ? 1 : 0] ?? context.builder.unknownDim();
    return hostValue(context, context.inputs(), { dtype: b.dtype, shape: [rows, columns] }, (...inputs) =>
      sparseMatMul(at(inputs, 0), inputs[3]!, adjointA, adjointB),
    );
  })
  .host('SparseReduceSum SparseReduceMax', (context) => {
    const keep = context.attrs.bool('keep_dims', false);
    const kind = kindOf(context);
    return hostValue(context, context.inputs(), { dtype: context.input(1).dtype, shape: undefined }, (...inputs) =>
      reduceSparse(at(inputs, 0), inputs[3]!, keep, kind),
    );
  })
  .host('SparseReduceSumSparse SparseReduceMaxSparse', (context) => {
    const keep = context.attrs.bool('keep_dims', false);
    const kind = kindOf(context);
    const specs = sparseSpecs(context, context.input(1).dtype, context.builder.unknownDim());
    return hostValues(context, context.inputs(), specs, (...inputs) =>
      sparseParts(reduceSparseToSparse(at(inputs, 0), inputs[3]!, keep, kind)),
    );
  })
  .host('SparseAdd', (context) =>
    hostValues(
      context,
      context.inputs(),
      sparseSpecs(context, context.input(1).dtype, rankAt(context, 2)),
      (...inputs) => sparseParts(addSparse(at(inputs, 0), at(inputs, 3), inputs[6]!)),
    ),
  )
  .host('SparseTensorDenseAdd', (context) => {
    const dense = context.input(3);
    return hostValue(context, context.inputs(), { dtype: dense.dtype, shape: dense.shape }, (...inputs) =>
      addSparseToDense(at(inputs, 0), inputs[3]!),
    );
  })
  .host('SparseDenseCwiseAdd', (context) =>
    elementwise(
      context,
      (a, b) => a + b,
      (a, b) => a + b,
    ),
  )
  .host('SparseDenseCwiseMul', (context) =>
    elementwise(
      context,
      (a, b) => a * b,
      (a, b) => a * b,
    ),
  )
  .host('SparseDenseCwiseDiv', (context) => {
    const whole = !context.input(1).dtype.includes('float');
    return elementwise(
      context,
      (a, b) => (whole ? Math.trunc(a / b) : a / b),
      (a, b) => a / b,
    );
  })
  .host('SparseSoftmax', (context) =>
    hostValue(
      context,
      context.inputs(),
      { dtype: context.input(1).dtype, shape: context.input(1).shape },
      (...inputs) => sparseSoftmax(at(inputs, 0)),
    ),
  )
  .host('SparseBincount', (context) => {
    const { builder } = context;
    const binary = context.attrs.bool('binary_output', false);
    const [size] = knownIntegers(context.input(3)) ?? [];
    const lead = context.input(2).shape?.[0] === 2 ? [builder.unknownDim()] : [];
    const shape = context.input(2).shape === undefined ? undefined : [...lead, size ?? builder.unknownDim()];
    return hostValue(context, context.inputs(), { dtype: context.input(4).dtype, shape }, (...inputs) =>
      sparseBincount(inputs, binary),
    );
  })
  .host('DenseToSparseSetOperation', (context) => {
    const operation = operationOf(context);
    const specs = sparseSpecs(context, context.input(0).dtype, context.builder.unknownDim());
    return hostValues(context, context.inputs(), specs, (...inputs) =>
      setOperation(denseRows(inputs[0]!), sparseRows(at(inputs, 1)), operation),
    );
  })
  .host('DenseToDenseSetOperation', (context) => {
    const operation = operationOf(context);
    const specs = sparseSpecs(context, context.input(0).dtype, context.builder.unknownDim());
    return hostValues(context, context.inputs(), specs, (a, b) => setOperation(denseRows(a), denseRows(b), operation));
  })
  .host('SparseToSparseSetOperation', (context) => {
    const operation = operationOf(context);
    const specs = sparseSpecs(context, context.input(1).dtype, rankAt(context, 2));
    return hostValues(context, context.inputs(), specs, (...inputs) =>
      setOperation(sparseRows(at(inputs, 0)), sparseRows(at(inputs, 3)), operation),
    );
  })
  .host('SetSize', (context) =>
    hostValue(context, context.inputs(), { dtype: 'int32', shape: undefined }, (...inputs) =>
      setSizes(sparseRows(at(inputs, 0))),
    ),
  );

/** The shape that an input names, as far as it is known. */
function shapeGiven(context: OpContext, index: number): Shape | undefined {
  return knownElements(context.input(index))?.map((dim) =>
    typeof dim === 'number' && dim >= 0 ? dim : typeof dim === 'number' ? context.builder.unknownDim() : sizeOf(dim),
  );

  function sizeOf(dim: Exclude<Dim, number>): Dim {
    return dim.kind === 'size' ? dim : context.builder.unknownDim();
  }
}

function kindOf(context: OpContext): SparseReduction {
  return context.node.op.startsWith('SparseReduceSum') ? 'sum' : 'max';
}

function operationOf(context: OpContext): SetOperation {
  const operation = context.attrs.string('set_operation').toLowerCase();
  if (operation === 'a-b' || operation === 'b-a' || operation === 'intersection' || operation === 'union') {
    return operation;
  }
  throw context.refuse(`its set operation is '${operation}'`);
}

function elementwise(
  context: OpContext,
  onNumbers: (a: number, b: number) => number,
  onBigints: (a: bigint, b: bigint) => bigint,
) {
  const values = context.input(1);
  return hostValue(context, context.inputs(), { dtype: values.dtype, shape: values.shape }, (...inputs) =>
    sparseDenseElementwise(at(inputs, 0), inputs[3]!, onNumbers, onBigints),
  );
}

/** All indices, then all values, then all shapes, as `SparseSplit` answers. */
function byKind<T>(parts: readonly (readonly T[])[]): T[] {
  return [0, 1, 2].flatMap((kind) => parts.map((part) => part[kind]!));
}

/** Counts per row of a sparse matrix, or of a whole sparse vector. */
function sparseBincount(inputs: readonly Tensor[], binary: boolean): Tensor {
  const [size, weights] = [inputs[3]!, inputs[4]!];
  const { at: positions, values, shape } = readSparse(inputs[0]!, inputs[1]!, inputs[2]!);
  const rank = shape.length;
  const rowOf = (i: number) => (rank === 1 ? 0 : positions[i * rank]!);
  const order = Array.from({ length: values.size }, (_, i) => i).sort((i, k) => rowOf(i) - rowOf(k));
  const splits = new Array<number>((rank === 1 ? 1 : shape[0]!) + 1).fill(0);
  for (let i = 0; i < values.size; i++) splits[rowOf(i) + 1]!++;
  for (let i = 1; i < splits.length; i++) splits[i]! += splits[i - 1]!;
  const weight = weights.size === 0 ? weights : pick(weights, order);
  const counted = raggedBincount(int64s(splits), pick(values, order), size, weight, binary);
  return rank === 1 ? counted.reshape(counted.shape.slice(1)) : counted;
}
