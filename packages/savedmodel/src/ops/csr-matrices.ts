import type { Tensor } from '@servable/tensor';
import { csrCholesky } from '../kernels/csr-cholesky.js';
import {
  csrComponents,
  csrCounts,
  csrFromIndices,
  csrToDense,
  csrToSparse,
  readCsr,
  transposeCsr,
  writeCsr,
} from '../kernels/csr-matrix.js';
import { csrTimesCsr, csrTimesDense, type Turn } from '../kernels/csr-products.js';
import { integersOf, invalidRequest } from '../kernels/elements.js';
import { orderCsr } from '../kernels/minimum-degree.js';
import { gatherNd } from '../kernels/rearrange.js';
import { knownElements, unknownDim, type OutputSpec } from '../onnx/known-shapes.js';
import type { Shape, Value } from '../onnx/value.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';
import { sparseSpecs } from './strings.js';

/** What is known of the dense shapes of matrices, which travel as one variant each. */
const denseShapes = new WeakMap<Value, Shape>();

const variant: OutputSpec = { dtype: 'string', shape: [] };

const shapeOfMatrix = (context: OpContext, index: number): Shape | undefined => denseShapes.get(context.input(index));

function matrixOf(context: OpContext, shape: Shape | undefined, kernel: (...inputs: Tensor[]) => Tensor): Value {
  const matrix = hostValue(context, context.inputs(), variant, kernel);
  if (shape !== undefined) denseShapes.set(matrix, shape);
  return matrix;
}

/** The attributes that say how operands are turned. */
function turnOf(context: OpContext, operand: 'a' | 'b'): Turn {
  const transposes = context.attrs.bool(`transpose_${operand}`, false);
  const adjoint = context.attrs.bool(`adjoint_${operand}`, false);
  if (transposes && adjoint)
    throw context.refuse(`only one of adjoint_${operand} and transpose_${operand} may be true`);
  return { transposes: transposes || adjoint, conjugates: adjoint };
}

const swapped = (shape: Shape | undefined, swaps: boolean): Shape | undefined =>
  swaps && shape !== undefined ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;

/** The shape of a product of matrices, as far as it is known. */
function productShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined && b === undefined) return undefined;
  const lead = (a ?? b)!.slice(0, -2);
  return [...lead, a?.at(-2) ?? unknownDim(), b?.at(-1) ?? unknownDim()];
}

/** Matrices in compressed sparse rows. Those ops that TensorFlow has for GPUs only are not here. */
export const csrMatrices = new OpFamily('CSR matrices')
  .host('DenseToCSRSparseMatrix', (context) =>
    matrixOf(context, context.input(0).shape, (dense, indices) => {
      if (indices.rank !== 2 || indices.shape[1] !== dense.rank) {
        throw invalidRequest(
          'INCOMPATIBLE_SHAPES',
          `expected indices [n, ${dense.rank}] into [${dense.shape.join(', ')}], got [${indices.shape.join(', ')}]`,
        );
      }
      return writeCsr(csrFromIndices(indices, gatherNd(dense, indices), dense.shape));
    }),
  )
  .host('SparseTensorToCSRSparseMatrix', (context) => {
    const rank = context.input(2).shape?.[0];
    const known = context.input(2).shape?.length === 1 ? knownElements(context.input(2)) : undefined;
    const shape = known ?? (typeof rank === 'number' ? Array.from({ length: rank }, unknownDim) : undefined);
    return matrixOf(context, shape, (indices, values, dims) =>
      writeCsr(csrFromIndices(indices, values, integersOf(dims))),
    );
  })
  .host('CSRSparseMatrixToDense', (context) => {
    const dtype = context.attrs.dtype('type');
    return hostValue(context, context.inputs(), { dtype, shape: shapeOfMatrix(context, 0) }, (matrix) =>
      csrToDense(readCsr(matrix, dtype)),
    );
  })
  .host('CSRSparseMatrixToSparseTensor', (context) => {
    const dtype = context.attrs.dtype('type');
    const specs = sparseSpecs(context, dtype, shapeOfMatrix(context, 0)?.length ?? unknownDim());
    return hostValues(context, context.inputs(), specs, (matrix) => csrToSparse(readCsr(matrix, dtype)));
  })
  .host('CSRSparseMatrixComponents', (context) => {
    const dtype = context.attrs.dtype('type');
    const count = unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'int32', shape: [unknownDim()] },
      { dtype: 'int32', shape: [count] },
      { dtype, shape: [count] },
    ];
    return hostValues(context, context.inputs(), specs, (matrix, index) =>
      csrComponents(readCsr(matrix, dtype), index),
    );
  })
  .host('SparseMatrixNNZ', (context) => {
    const shape = shapeOfMatrix(context, 0)?.slice(0, -2);
    return hostValue(context, context.inputs(), { dtype: 'int32', shape }, (matrix) => csrCounts(readCsr(matrix)));
  })
  .host('SparseMatrixTranspose', (context) => {
    const dtype = context.attrs.dtype('type');
    const conjugates = context.attrs.bool('conjugate', false);
    return matrixOf(context, swapped(shapeOfMatrix(context, 0), true), (matrix) =>
      writeCsr(transposeCsr(readCsr(matrix, dtype), true, conjugates)),
    );
  })
  .host('SparseMatrixMatMul', (context) => {
    const { attrs } = context;
    const [ofA, ofB] = [turnOf(context, 'a'), turnOf(context, 'b')];
    const ofResult = {
      transposes: attrs.bool('transpose_output', false),
      conjugates: attrs.bool('conjugate_output', false),
    };
    const dense = context.input(1);
    const product = productShape(
      swapped(shapeOfMatrix(context, 0), ofA.transposes),
      swapped(dense.shape, ofB.transposes),
    );
    const spec = { dtype: dense.dtype, shape: swapped(product, ofResult.transposes) };
    return hostValue(context, context.inputs(), spec, (a, b) => csrTimesDense(readCsr(a), b, ofA, ofB, ofResult));
  })
  .host('SparseMatrixSparseMatMul', (context) => {
    const dtype = context.attrs.dtype('type');
    const [ofA, ofB] = [turnOf(context, 'a'), turnOf(context, 'b')];
    const shape = productShape(
      swapped(shapeOfMatrix(context, 0), ofA.transposes),
      swapped(shapeOfMatrix(context, 1), ofB.transposes),
    );
    return matrixOf(context, shape, (a, b) => writeCsr(csrTimesCsr(readCsr(a, dtype), readCsr(b, dtype), ofA, ofB)));
  })
  .host('SparseMatrixOrderingAMD', (context) =>
    hostValue(context, context.inputs(), { dtype: 'int32', shape: shapeOfMatrix(context, 0)?.slice(0, -1) }, (matrix) =>
      orderCsr(readCsr(matrix)),
    ),
  )
  .host('SparseMatrixSparseCholesky', (context) => {
    const dtype = context.attrs.dtype('type');
    return matrixOf(context, shapeOfMatrix(context, 0), (matrix, permutation) =>
      writeCsr(csrCholesky(readCsr(matrix, dtype), permutation)),
    );
  });
