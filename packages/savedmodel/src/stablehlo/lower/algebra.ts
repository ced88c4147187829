import type { Value } from '../../onnx/value.js';
import { inComputeDType } from '../../ops/dtypes.js';
import type { HloContext } from './context.js';
import { leadingZeros } from './host-programs.js';
import { HloFamily } from './registry.js';
import { tfBool } from './tf-attributes.js';

/** Matrices, normalization, Fourier transforms. */
export const algebra = new HloFamily()
  .op('batch_norm_inference', (context) => {
    const { builder } = context;
    const [x, scale, offset, mean, variance] = context.inputs();
    const axis = context.int('feature_index');
    const trailing = Array.from({ length: context.rank(0) - axis - 1 }, (_, i) => i + 1);
    return inComputeDType(builder, [x, scale, offset, mean, variance] as Value[], (values) => {
      const [value, gain, shift, middle, spread] = values.map((v, i) => (i === 0 ? v : builder.unsqueeze(v, trailing)));
      const epsilon = builder.scalar((value as Value).dtype, context.float('epsilon'));
      const deviation = builder.emit('Sqrt', [builder.emit('Add', [spread, epsilon])]);
      const factor = builder.emit('Div', [gain, deviation]);
      const centred = builder.emit('Sub', [value, middle]);
      return builder.emit('Add', [builder.emit('Mul', [centred, factor]), shift]);
    });
  })
  .op('cholesky', (context) => {
    const { builder } = context;
    const rank = context.rank(0);
    const swap = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
    const isLower = context.flag('lower');
    const x = context.input(0);
    const root = context.tf('Cholesky', [isLower ? x : builder.transpose(x, swap)]);
    return isLower ? root : builder.transpose(root, swap);
  })
  .op('triangular_solve', triangularSolve)
  .op('fft', fourier)
  .op('count_leading_zeros', (context) => {
    const x = context.input(0);
    const spec = { dtype: x.dtype, shape: x.shape };
    return context.builder.host('stablehlo.count_leading_zeros', [x], [spec], ([value]) => [
      leadingZeros(value as never),
    ]);
  });

const ADJOINT = 3;
const TRANSPOSE = 2;

function triangularSolve(context: HloContext): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const swap = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  const how = context.choice('transpose_a');
  if (context.flag('unit_diagonal')) throw context.refuse('its diagonal is taken for ones');
  const isTurned = how === ADJOINT || how === TRANSPOSE;
  const isLower = context.flag('lower');
  const solve = (a: Value, b: Value, lower: boolean, adjoint: boolean) =>
    context.tf('MatrixTriangularSolve', [a, b], { lower: tfBool(lower), adjoint: tfBool(adjoint) });
  const [a, b] = [context.input(0), context.input(1)];
  if (context.flag('left_side')) return solve(a, b, isLower, isTurned);
  // x a = b is aᵀ xᵀ = bᵀ.
  const turned = solve(a, builder.transpose(b, swap), isLower, !isTurned);
  return builder.transpose(turned, swap);
}

const TRANSFORMS = ['FFT', 'IFFT', 'RFFT', 'IRFFT'];

function fourier(context: HloContext): Value {
  const length = context.ints('fft_length');
  const kind = TRANSFORMS[context.choice('fft_type')];
  const suffix = length.length === 1 ? '' : `${length.length}D`;
  if (kind === undefined || length.length > 3) throw context.refuse('its transform is none of the known ones');
  const isReal = kind === 'RFFT' || kind === 'IRFFT';
  const sizes = isReal ? [context.builder.constantVector('int32', length)] : [];
  return context.tf(`${kind}${suffix}`, [context.input(0), ...sizes]);
}
