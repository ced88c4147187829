import { isComplex } from '../kernels/elements.js';
import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { lowerEinsum } from './einsum.js';
import { OpFamily, type OpContext } from './registry.js';

/** Matrix products. */
export const matmul = new OpFamily('matmul')
  .native('MatMul', (context) =>
    product(context, context.attrs.bool('transpose_a', false), context.attrs.bool('transpose_b', false)),
  )
  .native('SparseMatMul', (context) => {
    const { attrs, builder } = context;
    const operands = context.inputs().map((operand) => builder.cast(operand, 'float32'));
    return product(context, attrs.bool('transpose_a', false), attrs.bool('transpose_b', false), operands);
  })
  .native('BatchMatMul BatchMatMulV2', (context) => {
    const [adjX, adjY] = [context.attrs.bool('adj_x', false), context.attrs.bool('adj_y', false)];
    return product(context, adjX, adjY, [
      adjX ? conjugate(context, context.input(0)) : context.input(0),
      adjY ? conjugate(context, context.input(1)) : context.input(1),
    ]);
  })
  .native('BatchMatMulV3', (context) => {
    const { attrs, builder } = context;
    const [adjX, adjY] = [attrs.bool('adj_x', false), attrs.bool('adj_y', false)];
    const wanted = attrs.dtype('Tout', context.input(0).dtype);
    const inputs = [
      adjX ? conjugate(context, context.input(0)) : context.input(0),
      adjY ? conjugate(context, context.input(1)) : context.input(1),
    ];
    if (inputs.every(({ dtype }) => dtype === wanted)) return product(context, adjX, adjY, inputs);
    // Products of int8 are summed in int32, as quantised Keras layers ask for it.
    return product(
      context,
      adjX,
      adjY,
      inputs.map((input) => builder.cast(input, wanted)),
    );
  })
  .native('Einsum', (context) =>
    inComputeDType(context.builder, context.inputs(), (inputs) =>
      lowerEinsum(context.builder, context.attrs.string('equation'), inputs),
    ),
  );

/** The adjoint is the transpose of the conjugate. */
function conjugate({ builder }: OpContext, x: Value): Value {
  if (!isComplex(x.dtype)) return x;
  const { re, im } = builder.complexParts(x);
  return builder.complex({ re, im: builder.emit('Neg', [im]) });
}

function product(
  context: OpContext,
  transposeA: boolean,
  transposeB: boolean,
  inputs: readonly Value[] = [context.input(0), context.input(1)],
): Value {
  const { builder } = context;
  return inComputeDType(builder, inputs, ([a, b]) =>
    builder.emit('MatMul', [
      transposeA ? swapLast(builder, a as Value, context) : a,
      transposeB ? swapLast(builder, b as Value, context) : b,
    ]),
  );
}

function swapLast(builder: Builder, value: Value, context: OpContext): Value {
  const rank = value.shape?.length;
  if (rank === undefined) throw context.refuse('an operand to be transposed has unknown rank');
  const perm = Array.from({ length: rank }, (_, i) => i);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return builder.transpose(value, perm);
}
