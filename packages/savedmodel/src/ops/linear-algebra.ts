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
import { isComplex } from '../kernels/elements.js';
import { broadcastShapes, type OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Shape, Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { hostValue, hostValues, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Factorizations and solvers, on the host in double precision. */
export const linearAlgebra = new OpFamily('linear algebra')
  .host('Cholesky', (context) =>
    hostValue(context, [real(context, 0)], like(real(context, 0)), (x) => choleskyFactor(x)),
  )
  .host('MatrixInverse', (context) => {
    const adjoint = context.attrs.bool('adjoint', false);
    return hostValue(context, [real(context, 0)], like(real(context, 0)), (x) => inverse(x, adjoint));
  })
  .host('MatrixDeterminant', (context) => {
    const { dtype, shape } = real(context, 0);
    return hostValue(context, context.inputs(), { dtype, shape: shape?.slice(0, -2) }, (x) => determinants(x));
  })
  .host('LogMatrixDeterminant', (context) => {
    const { dtype, shape } = real(context, 0);
    const spec = { dtype, shape: shape?.slice(0, -2) };
    return hostValues(context, context.inputs(), [spec, spec], (x) => logDeterminants(x));
  })
  .host('MatrixSolve', (context) => {
    const adjoint = context.attrs.bool('adjoint', false);
    const [a, b] = [real(context, 0), real(context, 1)];
    return hostValue(context, [a, b], like(b), (x, y) => solveSystem(x, y, adjoint));
  })
  .host('MatrixTriangularSolve', (context) => {
    const adjoint = context.attrs.bool('adjoint', false);
    const lower = context.attrs.bool('lower', true);
    const [a, b] = [real(context, 0), real(context, 1)];
    const lead = broadcastShapes([a.shape?.slice(0, -2), b.shape?.slice(0, -2)]);
    const shape = lead && b.shape && [...lead, ...b.shape.slice(-2)];
    return hostValue(context, [a, b], { dtype: b.dtype, shape }, (x, y) => solveTriangle(x, y, lower, adjoint));
  })
  .host('Qr', (context) => {
    const full = context.attrs.bool('full_matrices', false);
    const x = real(context, 0);
    const [m, n, p] = sizes(context, x);
    const width = full ? m : p;
    return hostValues(context, [x], [spec(x, [m, width]), spec(x, [width, n])], (value) => qrFactors(value, full));
  })
  .host('Svd', (context) => {
    const full = context.attrs.bool('full_matrices', false);
    const vectors = context.attrs.bool('compute_uv', true);
    const x = real(context, 0);
    const [m, n, p] = sizes(context, x);
    const none = { dtype: x.dtype, shape: [0] };
    const specs = vectors
      ? [spec(x, [p]), spec(x, [m, full ? m : p]), spec(x, [n, full ? n : p])]
      : [spec(x, [p]), none, none];
    return hostValues(context, [x], specs, (value) => svd(value, full, vectors));
  })
  .host('SelfAdjointEigV2', (context) => {
    const vectors = context.attrs.bool('compute_v', true);
    const x = real(context, 0);
    const [m, n] = sizes(context, x);
    const specs = [spec(x, [n]), vectors ? spec(x, [m, n]) : { dtype: x.dtype, shape: [0] }];
    return hostValues(context, [x], specs, (value) => selfAdjointEigen(value, vectors));
  })
  .host('Lu', (context) => {
    const x = real(context, 0);
    const index = context.attrs.dtype('output_idx_type', 'int32');
    const specs = [like(x), { dtype: index, shape: x.shape?.slice(0, -1) }];
    return hostValues(context, [x], specs, (value) => luDecomposition(value, index));
  })
  .native('Cross', cross);

function real(context: OpContext, index: number): Value {
  const x = context.input(index);
  if (isComplex(x.dtype)) throw context.refuse(`its matrices are ${x.dtype}; only real ones are supported`);
  return x;
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
