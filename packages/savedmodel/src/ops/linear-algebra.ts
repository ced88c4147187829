import {
  choleskyFactor,
  determinants,
  inverse,
  logDeterminants,
  luDecomposition,
  qrFactors,
  selfAdjointEigen,
  solveSystem,
  solveTriangle,
  svd,
} from '../kernels/matrix-ops.js';
import type { Tensor } from '@servable/tensor';
import {
  bandedSolve,
  complexCholeskyFactor,
  complexDeterminants,
  complexInverse,
  complexLogDeterminants,
  complexLuDecomposition,
  complexQrFactors,
  complexSolveSystem,
  complexSolveTriangle,
  complexSvd,
  eigenvectors,
  exponentialOf,
  hermitianEigenvectors,
  leastSquares,
  logarithmOf,
  squareRootOf,
  tridiagonalProduct,
  tridiagonalSolve,
} from '../kernels/complex-matrix-ops.js';
import { doublesOf, isComplex } from '../kernels/elements.js';
import { concat } from '../kernels/rearrange.js';
import { broadcastShapes, type OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Shape, Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { hostValue, hostValues, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Factorizations and solvers, on the host in double precision. */
export const linearAlgebra = new OpFamily('linear algebra')
  .host('Cholesky BatchCholesky', (context) =>
    sameAsInput(context, (x) => (isComplex(x.dtype) ? complexCholeskyFactor : choleskyFactor)(x)),
  )
  .host('MatrixInverse BatchMatrixInverse', (context) => {
    const adjoint = context.attrs.bool('adjoint', false);
    return sameAsInput(context, (x) => (isComplex(x.dtype) ? complexInverse : inverse)(x, adjoint));
  })
  .host('MatrixExponential', (context) => sameAsInput(context, exponentialOf))
  .host('MatrixLogarithm', (context) => sameAsInput(context, logarithmOf))
  .host('MatrixSquareRoot', (context) => sameAsInput(context, squareRootOf))
  .host('MatrixDeterminant BatchMatrixDeterminant', (context) => {
    const { dtype, shape } = context.input(0);
    return hostValue(context, context.inputs(), { dtype, shape: shape?.slice(0, -2) }, (x) =>
      (isComplex(x.dtype) ? complexDeterminants : determinants)(x),
    );
  })
  .host('LogMatrixDeterminant', (context) => {
    const { dtype, shape } = context.input(0);
    const spec = { dtype, shape: shape?.slice(0, -2) };
    return hostValues(context, context.inputs(), [spec, spec], (x) =>
      (isComplex(x.dtype) ? complexLogDeterminants : logDeterminants)(x),
    );
  })
  .host('MatrixSolve BatchMatrixSolve', (context) => {
    const adjoint = context.attrs.bool('adjoint', false);
    const [a, b] = [context.input(0), context.input(1)];
    return hostValue(context, [a, b], like(b), (x, y) =>
      (isComplex(x.dtype) ? complexSolveSystem : solveSystem)(x, y, adjoint),
    );
  })
  .host('MatrixTriangularSolve BatchMatrixTriangularSolve', (context) => {
    const adjoint = context.attrs.bool('adjoint', false);
    const lower = context.attrs.bool('lower', true);
    return solved(context, (x, y) => (isComplex(x.dtype) ? complexSolveTriangle : solveTriangle)(x, y, lower, adjoint));
  })
  .host('BandedTriangularSolve', (context) => {
    const adjoint = context.attrs.bool('adjoint', false);
    const lower = context.attrs.bool('lower', true);
    return solved(context, (x, y) => bandedSolve(x, y, lower, adjoint));
  })
  .host('TridiagonalSolve', (context) => {
    const [a, b] = [context.input(0), context.input(1)];
    return hostValue(context, [a, b], like(b), tridiagonalSolve);
  })
  .host('TridiagonalMatMul', (context) => {
    const x = context.input(3);
    return hostValue(context, context.inputs(), like(x), tridiagonalProduct);
  })
  .host('MatrixSolveLs BatchMatrixSolveLs', (context) => {
    const fast = context.attrs.bool('fast', true);
    const [a, b, penalty] = context.inputs() as [Value, Value, Value];
    const shape = b.shape && [
      ...b.shape.slice(0, -2),
      a.shape?.at(-1) ?? context.builder.unknownDim(),
      b.shape.at(-1)!,
    ];
    return hostValue(context, [a, b, penalty], { dtype: b.dtype, shape }, (x, y, cost) =>
      leastSquares(x, y, doublesOf(cost)[0] ?? 0, fast),
    );
  })
  .host('Qr', (context) => {
    const full = context.attrs.bool('full_matrices', false);
    const x = context.input(0);
    const [m, n, p] = sizes(context, x);
    const width = full ? m : p;
    return hostValues(context, [x], [spec(x, [m, width]), spec(x, [width, n])], (value) =>
      (isComplex(x.dtype) ? complexQrFactors : qrFactors)(value, full),
    );
  })
  .host('Svd BatchSvd', (context) => {
    const full = context.attrs.bool('full_matrices', false);
    const vectors = context.attrs.bool('compute_uv', true);
    const x = context.input(0);
    const [m, n, p] = sizes(context, x);
    const none = { dtype: x.dtype, shape: [0] };
    const specs = vectors
      ? [spec(x, [p]), spec(x, [m, full ? m : p]), spec(x, [n, full ? n : p])]
      : [spec(x, [p]), none, none];
    return hostValues(context, [x], specs, (value) => (isComplex(x.dtype) ? complexSvd : svd)(value, full, vectors));
  })
  .host('SelfAdjointEigV2 BatchSelfAdjointEigV2', (context) => {
    const vectors = context.attrs.bool('compute_v', true);
    const x = context.input(0);
    const [m, n] = sizes(context, x);
    const specs = [spec(x, [n]), vectors ? spec(x, [m, n]) : { dtype: x.dtype, shape: [0] }];
    return hostValues(context, [x], specs, (value) => hermitian(value, vectors));
  })
  .host('SelfAdjointEig BatchSelfAdjointEig', (context) => {
    // The old op has the values as the first row above the vectors.
    const x = context.input(0);
    const [, n] = sizes(context, x);
    const rows = typeof n === 'number' ? n + 1 : context.builder.unknownDim();
    return hostValue(context, [x], spec(x, [rows, n]), (value) => {
      const [e, v] = hermitian(value, true);
      return concat([e.reshape([...e.shape.slice(0, -1), 1, e.shape.at(-1)!]), v], value.rank - 2);
    });
  })
  .host('Eig', (context) => {
    const vectors = context.attrs.bool('compute_v', true);
    const dtype = context.attrs.dtype('Tout', 'complex64');
    const x = context.input(0);
    const [m, n] = sizes(context, x);
    const specs = [spec(x, [n]), vectors ? spec(x, [m, n]) : { dtype, shape: [0] }].map((one) => ({ ...one, dtype }));
    return hostValues(context, [x], specs, (value) => eigenvectors(value, dtype, vectors));
  })
  .host('Lu', (context) => {
    const x = context.input(0);
    const index = context.attrs.dtype('output_idx_type', 'int32');
    const specs = [like(x), { dtype: index, shape: x.shape?.slice(0, -1) }];
    return hostValues(context, [x], specs, (value) =>
      (isComplex(x.dtype) ? complexLuDecomposition : luDecomposition)(value, index),
    );
  })
  .native('Cross', cross);

const hermitian = (x: Tensor, vectors: boolean) =>
  (isComplex(x.dtype) ? hermitianEigenvectors : selfAdjointEigen)(x, vectors);

function sameAsInput(context: OpContext, kernel: (x: Tensor) => Tensor): Value {
  const x = context.input(0);
  return hostValue(context, [x], like(x), (value) => kernel(value));
}

function solved(context: OpContext, kernel: (a: Tensor, b: Tensor) => Tensor): Value {
  const [a, b] = [context.input(0), context.input(1)];
  const lead = broadcastShapes([a.shape?.slice(0, -2), b.shape?.slice(0, -2)]);
  const shape = lead && b.shape && [...lead, ...b.shape.slice(-2)];
  return hostValue(context, [a, b], { dtype: b.dtype, shape }, kernel);
}

function sizes(context: OpContext, x: Value): readonly [m: Dim, n: Dim, p: Dim] {
  const unknown = () => context.builder.unknownDim();
  const [m, n] = [x.shape?.at(-2) ?? unknown(), x.shape?.at(-1) ?? unknown()];
  return [m, n, typeof m === 'number' && typeof n === 'number' ? Math.min(m, n) : m === n ? m : unknown()];
}

function spec(x: Value, last: Shape): OutputSpec {
  return { dtype: x.dtype, shape: x.shape && [...x.shape.slice(0, -2), ...last] };
}

/** a × b of vectors of three along the last axis. */
function cross(context: OpContext): Value {
  const { builder } = context;
  return inComputeDType(builder, context.inputs(), ([a, b]) => {
    const turned = (x: Value, order: readonly number[]) =>
      builder.emit('Gather', [x, builder.ints(order)], { axis: -1 });
    const product = (i: readonly number[], j: readonly number[]) =>
      builder.emit('Mul', [turned(a as Value, i), turned(b as Value, j)]);
    return builder.emit('Sub', [product([1, 2, 0], [2, 0, 1]), product([2, 0, 1], [1, 2, 0])]);
  });
}
