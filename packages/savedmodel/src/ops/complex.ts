import { complexFunctions, mapComplex } from '../kernels/complex-functions.js';
import { isComplex } from '../kernels/elements.js';
import { magnitude } from '../onnx/complex-parts.js';
import type { Value } from '../onnx/value.js';
import { elementwise, hostValue } from './host-value.js';
import { broadcastShapes } from '../onnx/known-shapes.js';
import { OpFamily, type Lowering, type OpContext } from './registry.js';

/** Complex numbers; their arithmetic is that of their parts (onnx/complex-parts.ts). */
export const complex = new OpFamily('complex')
  .native('Complex', (context) => {
    const { builder } = context;
    const [re, im] = [context.input(0), context.input(1)];
    // Parts have one shape: where they broadcast, each is spread over the other.
    const zero = builder.scalar(re.dtype, 0);
    const spread = (part: Value, other: Value) =>
      sameRank(part, other) ? part : builder.emit('Add', [part, builder.emit('Mul', [zero, other])]);
    return builder.complex({ re: spread(re, im), im: spread(im, re) });
  })
  .native('Real', (context) =>
    ofParts(
      context,
      ({ re }) => re,
      (x) => x,
    ),
  )
  .native('Imag', (context) =>
    ofParts(
      context,
      ({ im }) => im,
      (x) => zeroLike(context, x),
    ),
  )
  .native('Conj', (context) => {
    const x = context.input(0);
    if (!isComplex(x.dtype)) return x;
    const { re, im } = context.builder.complexParts(x);
    return context.builder.complex({ re, im: context.builder.emit('Neg', [im]) });
  })
  .native('ComplexAbs', (context) =>
    ofParts(
      context,
      ({ re, im }) => magnitude(context.builder, re, im),
      (x) => context.builder.emit('Abs', [x]),
    ),
  )
  .host('Angle', (context) =>
    ofParts(
      context,
      ({ re, im }) => elementwise(context, Math.atan2, [im, re]),
      (x) => elementwise(context, (value) => Math.atan2(0, value), [x]),
    ),
  )
  .native('ConjugateTranspose', (context) => {
    const x = context.input(0);
    const { builder } = context;
    const perm = context.constantInts(1, 'permutation');
    const moved = builder.transpose(x, perm);
    if (!isComplex(x.dtype)) return moved;
    const { re, im } = builder.complexParts(moved);
    return builder.complex({ re, im: builder.emit('Neg', [im]) });
  });

function ofParts(
  context: OpContext,
  onComplex: (parts: { readonly re: Value; readonly im: Value }) => Value,
  onReal: (x: Value) => Value,
): Value {
  const x = context.input(0);
  const result = isComplex(x.dtype) ? onComplex(context.builder.complexParts(x)) : onReal(x);
  return context.builder.cast(result, context.attrs.dtype('Tout', 'float32'));
}

function zeroLike(context: OpContext, x: Value): Value {
  return context.builder.complexParts(context.builder.cast(x, x.dtype === 'float64' ? 'complex128' : 'complex64')).im;
}

function sameRank(a: Value, b: Value): boolean {
  return a.shape !== undefined && b.shape !== undefined && a.shape.every((dim, i) => dim === b.shape?.[i]);
}

/** The lowering of an op whose function of complex numbers the host has; `ofReals` is that of real ones. */
export function withComplex(op: string, ofReals: Lowering): Lowering {
  const f = complexFunctions[op];
  if (f === undefined) return ofReals;
  return (context) => {
    const { dtype } = context.input(0);
    if (!isComplex(dtype)) return ofReals(context);
    const inputs = context.inputs();
    const shape = broadcastShapes(inputs.map((input) => input.shape));
    return hostValue(context, inputs, { dtype, shape }, (...tensors) => mapComplex(tensors, f));
  };
}
