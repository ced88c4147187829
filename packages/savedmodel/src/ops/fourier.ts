import type { Tensor } from '@servable/tensor';
import { type DType } from '@servable/tensor';
import { checkedSize, doublesOf, fromDoubles } from '../kernels/elements.js';
import { fourier } from '../kernels/fourier.js';
import type { Builder } from '../onnx/builder.js';
import type { ComplexParts } from '../onnx/value.js';
import { knownIntegers } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Fourier transforms over the last one, two or three dimensions. */
export const fourierTransforms = new OpFamily('fourier transforms')
  .native('FFT BatchFFT', (context) => whole(context, 1, false))
  .native('FFT2D BatchFFT2D', (context) => whole(context, 2, false))
  .native('FFT3D BatchFFT3D', (context) => whole(context, 3, false))
  .native('IFFT BatchIFFT', (context) => whole(context, 1, true))
  .native('IFFT2D BatchIFFT2D', (context) => whole(context, 2, true))
  .native('IFFT3D BatchIFFT3D', (context) => whole(context, 3, true))
  .native('RFFT', (context) => ofReal(context, 1))
  .native('RFFT2D', (context) => ofReal(context, 2))
  .native('RFFT3D', (context) => ofReal(context, 3))
  .native('IRFFT', (context) => toReal(context, 1))
  .native('IRFFT2D', (context) => toReal(context, 2))
  .native('IRFFT3D', (context) => toReal(context, 3));

/**
 * Up to this size a transform is a product with a constant matrix: the engine multiplies faster than it transforms, and
 * its transforms of sizes that are no powers of two are wrong in the fourth digit.
 */
const MAX_MATRIX_SIZE = 1024;

type Kind = 'complex' | 'from real' | 'to real';

function whole(context: OpContext, dimensions: number, inverse: boolean): Value {
  const { builder } = context;
  let parts = builder.complexParts(context.input(0));
  const rank = context.rank(0);
  for (let i = 1; i <= dimensions; i++) {
    const axis = rank - i;
    parts = onAxis(builder, parts, axis, (moved) => transform(context, moved, 'complex', inverse, undefined));
  }
  return builder.complex(parts);
}

function ofReal(context: OpContext, dimensions: number): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const x = context.input(0);
  const sizes = knownIntegers(context.input(1));
  let parts: ComplexParts = { re: x, im: x };
  for (let i = 1; i <= dimensions; i++) {
    const axis = rank - i;
    const size = sizeOf(context, sizes, dimensions - i);
    const kind = i === 1 ? 'from real' : 'complex';
    parts = onAxis(builder, parts, axis, (moved) => transform(context, moved, kind, false, size));
  }
  return builder.complex(parts);
}

function toReal(context: OpContext, dimensions: number): Value {
  const { builder } = context;
  const rank = context.rank(0);
  const sizes = knownIntegers(context.input(1));
  let parts = builder.complexParts(context.input(0));
  for (let i = dimensions; i >= 1; i--) {
    const size = sizeOf(context, sizes, dimensions - i);
    const kind = i === 1 ? 'to real' : 'complex';
    parts = onAxis(builder, parts, rank - i, (moved) => transform(context, moved, kind, true, size));
  }
  return parts.re;
}

function sizeOf(context: OpContext, sizes: readonly number[] | undefined, i: number): number | Value {
  return sizes?.[i] ?? context.builder.pick(context.builder.cast(context.input(1), 'int64'), i);
}

/** Runs a transform of the last dimension along another one. */
function onAxis(
  builder: Builder,
  { re, im }: ComplexParts,
  axis: number,
  compute: (parts: ComplexParts) => ComplexParts,
): ComplexParts {
  const rank = re.shape?.length ?? 1;
  if (axis === rank - 1) return compute({ re, im });
  const swap = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  const result = compute({
    re: builder.materialize(builder.transpose(re, swap)),
    im: builder.materialize(builder.transpose(im, swap)),
  });
  return { re: builder.transpose(result.re, swap), im: builder.transpose(result.im, swap) };
}

/** @param length - of the transform, when it is not the size of the last dimension; the input is cut or filled to it */
function transform(
  context: OpContext,
  { re, im }: ComplexParts,
  kind: Kind,
  inverse: boolean,
  length: number | Value | undefined,
): ComplexParts {
  const { builder } = context;
  const last = re.shape?.at(-1);
  const size = length ?? last;
  const bins = (n: number) => (kind === 'to real' ? Math.floor(n / 2) + 1 : n);
  if (typeof size !== 'number' || size > MAX_MATRIX_SIZE || size < 1) {
    return onHost(context, { re, im }, kind, inverse, typeof length === 'object' ? length : undefined, size);
  }
  const input = fitted(builder, re, bins(size));
  const { x, window } = kind === 'from real' ? withoutWindow(builder, input, size) : { x: input, window: undefined };
  const { dtype } = x;
  const made = kind === 'from real' ? Math.floor(size / 2) + 1 : size;
  const product = (a: Value, b: Value) => builder.emit('MatMul', [a, b]);
  if (kind === 'from real' && size >= MIN_FOLDED_SIZE && size % 2 === 0 && isEven(window)) {
    const half = size / 2;
    const rows = Float64Array.from({ length: half + 1 }, (_, j) => window?.[j] ?? 1);
    const [cos, sin] = matrices(builder, dtype, size, half + 1, made, kind, inverse, rows);
    const { even, odd } = foldedHalves(builder, x, half);
    const inner = builder.emit('Slice', [sin, builder.ints([1]), builder.ints([half]), builder.ints([0])]);
    return { re: product(even, cos), im: product(odd, builder.emit('Neg', [inner])) };
  }
  const [cos, sin] = matrices(builder, dtype, size, bins(size), made, kind, inverse, window);
  if (kind === 'from real') return { re: product(x, cos), im: product(x, builder.emit('Neg', [sin])) };
  const y = fitted(builder, im, bins(size));
  // e^-ia = cos - i sin forwards, e^ia = cos + i sin backwards.
  const real = builder.emit(inverse ? 'Sub' : 'Add', [product(x, cos), product(y, sin)]);
  if (kind === 'to real') return { re: real, im: real };
  return { re: real, im: builder.emit(inverse ? 'Add' : 'Sub', [product(y, cos), product(x, sin)]) };
}

/**
 * What is multiplied with constants along its last dimension before it is transformed, as short-time transforms multiply
 * with a window: the constants go into the matrices.
 */
function withoutWindow(
  builder: Builder,
  input: Value,
  size: number,
): { readonly x: Value; readonly window: Float64Array | undefined } {
  const maker = builder.nodes.findLast((node) => node.outputs[0]?.name === input.name);
  if (maker?.kind === 'native' && maker.op === 'Mul') {
    for (const [x, factors] of [maker.inputs, maker.inputs.toReversed()]) {
      const { constant } = factors ?? {};
      if (x === undefined || constant?.size !== size || constant.shape.at(-1) !== size) continue;
      if (x.shape?.at(-1) !== size || x.shape.length < constant.rank) continue;
      return { x, window: doublesOf(constant) };
    }
  }
  return { x: input, window: undefined };
}

/** The last dimension cut, or filled with zeros, to a size. */
function fitted(builder: Builder, x: Value, size: number): Value {
  const last = x.shape?.at(-1);
  if (last === size) return x;
  const axis = (x.shape?.length ?? 1) - 1;
  let wide = x;
  if (typeof last !== 'number' || last < size) {
    const pads = new Array<number>((axis + 1) * 2).fill(0);
    pads[axis * 2 + 1] = typeof last === 'number' ? size - last : size;
    wide = builder.emit('Pad', [x, builder.ints(pads)], { mode: 'constant' });
  }
  return typeof last === 'number' && last < size ? wide : builder.slice(wide, axis, 0, size);
}

/** From this size on, the matrices of half the size are worth the ops that fold the input. */
const MIN_FOLDED_SIZE = 256;

/** Whether a window is its own mirror image, as those that are made for transforms are. */
function isEven(window: Float64Array | undefined): boolean {
  if (window === undefined) return true;
  const size = window.length;
  const most = window.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return window.every((value, j) => Math.abs(value - (window[(size - j) % size] ?? 0)) <= 1e-6 * most);
}

/**
 * Cosines are the same from both ends and sines have the other sign, so what stands as far from the start as from the end
 * is added up, or subtracted, before it is multiplied: half the work.
 */
function foldedHalves(builder: Builder, x: Value, half: number): { readonly even: Value; readonly odd: Value } {
  const axis = (x.shape?.length ?? 1) - 1;
  const first = builder.slice(x, axis, 0, 1);
  const left = builder.slice(x, axis, 1, half);
  const middle = builder.slice(x, axis, half, half + 1);
  const [from, to, axes, step] = [half * 2 - 1, half, axis, -1].map((n) => builder.ints([n]));
  const right = builder.emit('Slice', [x, from, to, axes, step]);
  return {
    even: builder.concat([first, builder.emit('Add', [left, right]), middle], axis),
    odd: builder.emit('Sub', [left, right]),
  };
}

/**
 * `[from, made]` matrices of cosines and sines; backwards they hold the division by the size too.
 *
 * @param window - factors of the elements that are transformed
 */
function matrices(
  builder: Builder,
  dtype: DType,
  size: number,
  from: number,
  made: number,
  kind: Kind,
  inverse: boolean,
  window: Float64Array | undefined,
): readonly [Value, Value] {
  const [cos, sin] = [new Float64Array(from * made), new Float64Array(from * made)];
  for (let j = 0; j < from; j++) {
    // Half a spectrum stands for its mirror image too, but for the ends.
    const mirrored = kind === 'to real' && j > 0 && j * 2 !== size ? 2 : 1;
    const weight = inverse ? mirrored / size : (window?.[j] ?? 1);
    for (let k = 0; k < made; k++) {
      const angle = (2 * Math.PI * ((j * k) % size)) / size;
      cos[j * made + k] = Math.cos(angle) * weight;
      sin[j * made + k] = Math.sin(angle) * weight;
    }
  }
  return [cos, sin].map((data) => builder.constant(fromDoubles(dtype, [from, made], data))) as [Value, Value];
}

/** Sizes that are large or that only a request knows. */
function onHost(
  context: OpContext,
  { re, im }: ComplexParts,
  kind: Kind,
  inverse: boolean,
  length: Value | undefined,
  size: unknown,
): ComplexParts {
  const { builder } = context;
  const { dtype } = re;
  const dim =
    typeof size === 'number' ? (kind === 'from real' ? Math.floor(size / 2) + 1 : size) : builder.unknownDim();
  const shape = re.shape && [...re.shape.slice(0, -1), dim];
  const spec = { dtype, shape };
  const inputs = length === undefined ? [re, im] : [re, im, length];
  const fixed = typeof size === 'number' ? size : undefined;
  const [real, imaginary] = builder.host(context.node.op, inputs, [spec, spec], ([x, y, given]) => {
    const wanted = fixed ?? (given === undefined ? undefined : Number(given.data[0]));
    return lines(x as Tensor, y as Tensor, kind, inverse, wanted);
  });
  return { re: real as Value, im: imaginary as Value };
}

function lines(x: Tensor, y: Tensor, kind: Kind, inverse: boolean, wanted: number | undefined): readonly Tensor[] {
  const last = x.shape.at(-1) ?? 0;
  const size = wanted ?? last;
  const rows = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const made = kind === 'from real' ? Math.floor(size / 2) + 1 : size;
  const shape = [...x.shape.slice(0, -1), made];
  const [outRe, outIm] = [new Float64Array(checkedSize(shape)), new Float64Array(checkedSize(shape))];
  const [sourceRe, sourceIm] = [doublesOf(x), doublesOf(y)];
  const scale = inverse ? 1 / size : 1;
  const used = Math.min(last, kind === 'to real' ? Math.floor(size / 2) + 1 : size);
  for (let row = 0; row < rows; row++) {
    const [re, im] = [new Float64Array(size), new Float64Array(size)];
    re.set(sourceRe.subarray(row * last, row * last + used));
    if (kind !== 'from real') im.set(sourceIm.subarray(row * last, row * last + used));
    if (kind === 'to real') mirror(re, im);
    fourier(re, im, inverse);
    for (let k = 0; k < made; k++) {
      outRe[row * made + k] = re[k]! * scale;
      outIm[row * made + k] = im[k]! * scale;
    }
  }
  return [fromDoubles(x.dtype, shape, outRe), fromDoubles(x.dtype, shape, outIm)];
}

/** The other half of a spectrum whose signal is real. */
function mirror(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  im[0] = 0;
  if (size % 2 === 0) im[size / 2] = 0;
  for (let k = Math.floor(size / 2) + 1; k < size; k++) {
    re[k] = re[size - k]!;
    im[k] = -im[size - k]!;
  }
}
