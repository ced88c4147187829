import { Tensor, type DType } from '@servable/tensor';
import { isComplex, zeros } from '../kernels/elements.js';
import { mapElements } from '../kernels/map-elements.js';
import type { OutputSpec } from './known-shapes.js';
import type { OnnxAttribute, OnnxAttributes } from './lowered-graph.js';
import type { ComplexParts, Value } from './value.js';

/** The part of the builder that this needs. */
interface Emitter {
  emit(op: string, inputs: readonly (Value | undefined)[], attrs?: OnnxAttributes): Value;
  emitAll(
    op: string,
    inputs: readonly (Value | undefined)[],
    attrs?: OnnxAttributes,
    given?: readonly OutputSpec[],
  ): readonly Value[];
  scalar(dtype: DType, value: number): Value;
  constant(tensor: Tensor): Value;
  cast(value: Value, dtype: DType): Value;
  complex(parts: ComplexParts): Value;
  host(
    op: string,
    inputs: readonly Value[],
    specs: readonly OutputSpec[],
    run: (inputs: readonly Tensor[]) => readonly Tensor[],
  ): readonly Value[];
}

type Inputs = readonly (Value | undefined)[];

export const partDType = (dtype: DType): DType => (dtype === 'complex128' ? 'float64' : 'float32');

/** Ops that do the same to both parts. */
const ON_EACH_PART = new Set(
  (
    'Identity Reshape Unsqueeze Squeeze Transpose Slice Gather GatherND GatherElements Expand Tile Concat Add Sub Neg ' +
    'ReduceSum ReduceMean CumSum ReverseSequence Where Sum'
  ).split(' '),
);

/**
 * Emits an op on complex values as ops on their parts: the engine has no complex tensors.
 *
 * @returns undefined for an op that has no such form
 */
export function emitComplex(
  builder: Emitter,
  op: string,
  inputs: Inputs,
  attrs: OnnxAttributes,
  given: readonly OutputSpec[] | undefined,
): readonly Value[] | undefined {
  const part = (value: Value, which: keyof ComplexParts) =>
    isComplex(value.dtype) ? splitComplex(builder, value)[which] : value;
  const onEach = (which: keyof ComplexParts, specs?: readonly OutputSpec[]) =>
    builder.emitAll(
      op,
      inputs.map((input) => input && part(input, which)),
      attrs,
      specs,
    );
  const reduction = attrs['reduction'];
  const scatters = op === 'ScatterND' && (reduction?.kind !== 'string' || reduction.value === 'add');
  if (ON_EACH_PART.has(op) || op === 'Split' || op === 'Pad' || scatters) {
    const specs = given?.map((spec) => ({ ...spec, dtype: partDType(spec.dtype) }));
    const re = onEach('re', specs);
    const im = onEach('im', specs);
    return re.map((value, i) => builder.complex({ re: value, im: im[i] as Value }));
  }
  if (op === 'Shape' || op === 'Size') return onEach('re');
  const [a, b] = inputs.map((input) => input && asParts(builder, input)) as [ComplexParts, ComplexParts];
  const emit = (name: string, ...values: Value[]) => builder.emit(name, values);
  const product = (name: string) => ({
    re: emit('Sub', emit(name, a.re, b.re), emit(name, a.im, b.im)),
    im: emit('Add', emit(name, a.re, b.im), emit(name, a.im, b.re)),
  });
  switch (op) {
    case 'Mul':
    case 'MatMul':
      return [builder.complex(product(op))];
    case 'Div':
      return [builder.complex(quotient(builder, a, b))];
    case 'Reciprocal': {
      const zero = builder.scalar(a.re.dtype, 0);
      const one = { re: builder.scalar(a.re.dtype, 1), im: zero };
      return [builder.complex(quotient(builder, one, a))];
    }
    case 'Exp': {
      const size = emit('Exp', a.re);
      return [builder.complex({ re: emit('Mul', size, emit('Cos', a.im)), im: emit('Mul', size, emit('Sin', a.im)) })];
    }
    case 'Log': {
      // The engine has no arc tangent of two numbers.
      const spec = { dtype: a.re.dtype, shape: a.re.shape };
      const [angle] = builder.host('Angle', [a.im, a.re], [spec], (parts) => [mapElements(parts, Math.atan2)]);
      return [builder.complex({ re: emit('Log', magnitude(builder, a.re, a.im)), im: angle as Value })];
    }
    case 'Sqrt':
      return [builder.complex(squareRoot(builder, a))];
    case 'Equal':
      return [emit('And', emit('Equal', a.re, b.re), emit('Equal', a.im, b.im))];
    case 'Cast': {
      const to = attrs['to'];
      const dtype = to?.kind === 'string' ? (to.value as DType) : 'float32';
      if (!isComplex(dtype)) return [builder.cast(a.re, dtype)];
      const target = partDType(dtype);
      return [builder.complex({ re: builder.cast(a.re, target), im: builder.cast(a.im, target) })];
    }
    default:
      return undefined;
  }
}

/** The root whose real part is not negative, from the half sum of length and real part, which does not cancel. */
function squareRoot(builder: Emitter, { re, im }: ComplexParts): ComplexParts {
  const emit = (name: string, ...values: Value[]) => builder.emit(name, values);
  const constant = (value: number) => builder.scalar(re.dtype, value);
  const sum = emit('Add', magnitude(builder, re, im), emit('Abs', re));
  const large = emit('Sqrt', emit('Mul', sum, constant(0.5)));
  const isZero = emit('Equal', large, constant(0));
  const divisor = emit('Where', isZero, constant(1), emit('Add', large, large));
  const small = emit('Div', emit('Abs', im), divisor);
  const right = emit('GreaterOrEqual', re, constant(0));
  const upright = emit('Where', right, small, large);
  const below = emit('Less', im, constant(0));
  return { re: emit('Where', right, large, small), im: emit('Where', below, emit('Neg', upright), upright) };
}

/** Division scaled by the larger part of the divisor, so that squares neither overflow nor vanish (Smith's method). */
function quotient(builder: Emitter, a: ComplexParts, b: ComplexParts): ComplexParts {
  const emit = (name: string, ...values: Value[]) => builder.emit(name, values);
  const wide = emit('GreaterOrEqual', emit('Abs', b.re), emit('Abs', b.im));
  const large = emit('Where', wide, b.re, b.im);
  const small = emit('Where', wide, b.im, b.re);
  const ratio = emit('Div', small, large);
  const divisor = emit('Add', large, emit('Mul', small, ratio));
  const x = emit('Where', wide, a.re, a.im);
  const y = emit('Where', wide, a.im, a.re);
  const re = emit('Div', emit('Add', x, emit('Mul', y, ratio)), divisor);
  const im = emit('Div', emit('Sub', y, emit('Mul', x, ratio)), divisor);
  return { re, im: emit('Where', wide, im, emit('Neg', im)) };
}

/** A value as real and imaginary part; a real value has an imaginary part of zero. */
function asParts(builder: Emitter, value: Value): ComplexParts {
  if (isComplex(value.dtype)) return splitComplex(builder, value);
  return realParts(builder, value, value.dtype === 'float64' ? 'complex128' : 'complex64');
}

/** A real value as a complex one, whose imaginary part is zero. */
export function realParts(builder: Emitter, value: Value, dtype: DType): ComplexParts {
  const re = builder.cast(value, partDType(dtype));
  const zero: OnnxAttribute = { kind: 'tensor', value: zeros(re.dtype, [1]) };
  return { re, im: builder.emit('ConstantOfShape', [builder.emit('Shape', [re])], { value: zero }) };
}

/** The parts of a complex value; one that comes from a request or a host op is taken apart on the host. */
export function splitComplex(builder: Emitter, value: Value): ComplexParts {
  if (value.parts !== undefined) return value.parts;
  const dtype = partDType(value.dtype);
  if (value.constant !== undefined) {
    const [re, im] = takeApart(value.constant);
    return { re: builder.constant(re), im: builder.constant(im) };
  }
  const spec = { dtype, shape: value.shape };
  const [re, im] = builder.host('Real and Imag', [value], [spec, spec], ([x]) => takeApart(x as Tensor));
  return { re: re as Value, im: im as Value };
}

function takeApart(x: Tensor): readonly [Tensor, Tensor] {
  const dtype = partDType(x.dtype);
  const data = x.data as Float32Array;
  const make = dtype === 'float64' ? Float64Array : Float32Array;
  const [re, im] = [new make(x.size), new make(x.size)];
  for (let i = 0; i < x.size; i++) {
    re[i] = data[2 * i]!;
    im[i] = data[2 * i + 1]!;
  }
  return [new Tensor(dtype, x.shape, re as Float32Array), new Tensor(dtype, x.shape, im as Float32Array)];
}

/** The host's complex tensor of two real ones. */
export function putTogether(dtype: DType, re: Tensor, im: Tensor): Tensor {
  const data = new (dtype === 'complex128' ? Float64Array : Float32Array)(re.size * 2);
  const [x, y] = [re.data as Float32Array, im.data as Float32Array];
  for (let i = 0; i < re.size; i++) {
    data[2 * i] = x[i]!;
    data[2 * i + 1] = y[i]!;
  }
  return new Tensor(dtype, re.shape, data as never);
}

/** The length of a complex number, scaled by its larger part so that the squares stay finite. */
export function magnitude(builder: Emitter, re: Value, im: Value): Value {
  const [a, b] = [builder.emit('Abs', [re]), builder.emit('Abs', [im])];
  const { dtype } = re;
  const large = builder.emit('Max', [a, b]);
  const small = builder.emit('Min', [a, b]);
  const zero = builder.scalar(dtype, 0);
  const empty = builder.emit('Equal', [large, zero]);
  const ratio = builder.emit('Div', [small, builder.emit('Where', [empty, builder.scalar(dtype, 1), large])]);
  const root = builder.emit('Sqrt', [
    builder.emit('Add', [builder.scalar(dtype, 1), builder.emit('Mul', [ratio, ratio])]),
  ]);
  const length = builder.emit('Mul', [large, root]);
  // An infinite part makes the whole infinite, even beside a part that is not a number.
  const infinite = builder.emit('Or', [builder.emit('IsInf', [re]), builder.emit('IsInf', [im])]);
  const result = builder.emit('Where', [infinite, builder.scalar(dtype, Infinity), length]);
  magnitudes.set(result, { re, im });
  return result;
}

const magnitudes = new WeakMap<Value, ComplexParts>();

/** The square of a value that is the length of a complex number: the root need not be taken. */
export function squaredMagnitude(builder: Emitter, value: Value): Value | undefined {
  const parts = magnitudes.get(value);
  if (parts === undefined) return undefined;
  const { re, im } = parts;
  return builder.emit('Add', [builder.emit('Mul', [re, re]), builder.emit('Mul', [im, im])]);
}
