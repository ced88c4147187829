import { type DType } from '@servable/tensor';
import { broadcastShapes } from '../known-shapes.js';
import { intAttribute } from '../onnx-attributes.js';
import { broadcastStrides, integers, make, numbers, walkRows, type ConstantKernel } from './constant-kernel.js';

/** Ops that work on one element, or on one of each input, at a time. */
export const elementwiseKernels = new Map<string, ConstantKernel>();

function binary(
  onNumbers: (a: number, b: number) => number,
  onBigints?: (a: bigint, b: bigint) => bigint,
): ConstantKernel {
  return ([a, b, ...rest], _attrs, dtype) => {
    if (a === undefined || b === undefined || rest.length > 0) return undefined;
    const shape = broadcastShapes([a.shape, b.shape]) as readonly number[];
    const output = make(dtype, shape);
    if (output === undefined) return undefined;
    const big = a.dtype === 'int64';
    if (big && onBigints === undefined) return undefined;
    const [x, y] = [numbers(a), numbers(b)];
    const { size } = output.tensor;
    if (!big && (a.size === size || a.size === 1) && (b.size === size || b.size === 1)) {
      // Elements stand side by side, as those of the scales and shifts of normalizations do.
      const [stepX, stepY] = [a.size === size ? 1 : 0, b.size === size ? 1 : 0];
      for (let i = 0; i < size; i++) output.data[i] = onNumbers(x[i * stepX] as number, y[i * stepY] as number);
      return output.tensor;
    }
    const strides = [broadcastStrides(a, shape), broadcastStrides(b, shape)];
    walkRows(shape, strides, (out, [i = 0, j = 0], length, [stepX = 0, stepY = 0]) => {
      for (const end = out + length; out < end; out++, i += stepX, j += stepY) {
        if (big && onBigints) output.data[out] = onBigints(x[i] as bigint, y[j] as bigint);
        else output.data[out] = onNumbers(x[i] as number, y[j] as number);
      }
    });
    return output.tensor;
  };
}

function unary(onNumbers: (a: number) => number, onBigints?: (a: bigint) => bigint): ConstantKernel {
  return ([a], _attrs, dtype) => {
    const output = a && make(dtype, a.shape);
    if (a === undefined || output === undefined) return undefined;
    const x = numbers(a);
    const big = a.dtype === 'int64';
    if (big && onBigints === undefined) return undefined;
    for (let i = 0; i < a.size; i++) {
      output.data[i] = big && onBigints ? onBigints(x[i] as bigint) : onNumbers(x[i] as number);
    }
    return output.tensor;
  };
}

const compare = (onNumbers: (a: number | bigint, b: number | bigint) => boolean): ConstantKernel =>
  binary(
    (a, b) => Number(onNumbers(a, b)),
    (a, b) => Number(onNumbers(a, b)) as never,
  );

// Bool outputs of int64 inputs store a number although the inputs are bigints, hence the cast in `compare`.
elementwiseKernels.set(
  'Equal',
  compare((a, b) => a === b),
);
elementwiseKernels.set(
  'Less',
  compare((a, b) => a < b),
);
elementwiseKernels.set(
  'Greater',
  compare((a, b) => a > b),
);
elementwiseKernels.set(
  'LessOrEqual',
  compare((a, b) => a <= b),
);
elementwiseKernels.set(
  'GreaterOrEqual',
  compare((a, b) => a >= b),
);
elementwiseKernels.set(
  'And',
  binary((a, b) => a & b),
);
elementwiseKernels.set(
  'Or',
  binary((a, b) => a | b),
);
elementwiseKernels.set(
  'Xor',
  binary((a, b) => a ^ b),
);
elementwiseKernels.set(
  'Not',
  unary((a) => (a === 0 ? 1 : 0)),
);

const isInteger = (dtype: DType) => dtype === 'int32' || dtype === 'int8' || dtype === 'uint8';
const add = binary(
  (a, b) => a + b,
  (a, b) => a + b,
);
const sub = binary(
  (a, b) => a - b,
  (a, b) => a - b,
);
elementwiseKernels.set('Add', add);
elementwiseKernels.set('Sub', sub);
elementwiseKernels.set('Mul', (inputs, attrs, dtype) =>
  (isInteger(dtype)
    ? binary(Math.imul)
    : binary(
        (a, b) => a * b,
        (a, b) => a * b,
      ))(inputs, attrs, dtype),
);
elementwiseKernels.set('Div', (inputs, attrs, dtype) => {
  const divisor = inputs[1];
  const integer = isInteger(dtype) || dtype === 'int64';
  // Division by zero is an error of the request in TensorFlow, so it is left to happen there.
  if (integer && integers(divisor).includes(0)) return undefined;
  return (
    integer
      ? binary(
          (a, b) => Math.trunc(a / b),
          (a, b) => a / b,
        )
      : binary((a, b) => a / b)
  )(inputs, attrs, dtype);
});
elementwiseKernels.set('Mod', (inputs, attrs, dtype) => {
  const integer = isInteger(dtype) || dtype === 'int64';
  if (!integer || intAttribute(attrs, 'fmod', 0) === 1 || integers(inputs[1]).includes(0)) return undefined;
  return binary(
    (a, b) => ((a % b) + b) % b,
    (a, b) => ((a % b) + b) % b,
  )(inputs, attrs, dtype);
});
elementwiseKernels.set(
  'Max',
  binary(Math.max, (a, b) => (a > b ? a : b)),
);
elementwiseKernels.set(
  'Min',
  binary(Math.min, (a, b) => (a < b ? a : b)),
);
elementwiseKernels.set(
  'Neg',
  unary(
    (a) => -a,
    (a) => -a,
  ),
);
elementwiseKernels.set(
  'Abs',
  unary(Math.abs, (a) => (a < 0n ? -a : a)),
);
elementwiseKernels.set('Sqrt', unary(Math.sqrt));
elementwiseKernels.set(
  'Reciprocal',
  unary((a) => 1 / a),
);
elementwiseKernels.set('Exp', unary(Math.exp));
elementwiseKernels.set('Log', unary(Math.log));
elementwiseKernels.set('Cos', unary(Math.cos));
elementwiseKernels.set('Sin', unary(Math.sin));
elementwiseKernels.set('Floor', unary(Math.floor));
elementwiseKernels.set('Ceil', unary(Math.ceil));
elementwiseKernels.set('Identity', ([x]) => x);

elementwiseKernels.set('Cast', ([x], _attrs, dtype) => {
  if (x === undefined) return undefined;
  if (x.dtype === dtype) return x;
  const output = make(dtype, x.shape);
  if (output === undefined) return undefined;
  const from = numbers(x);
  const fractional = x.dtype === 'float32' || x.dtype === 'float64';
  for (let i = 0; i < x.size; i++) {
    const value = from[i] as number | bigint;
    if (dtype === 'bool') output.data[i] = Number(value) !== 0 ? 1 : 0;
    else if (dtype === 'int64') {
      if (fractional && !Number.isFinite(value)) return undefined;
      output.data[i] = typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
    } else if (dtype === 'float32' || dtype === 'float64') output.data[i] = Number(value);
    else if (fractional && !(Math.abs(value as number) < 2 ** 31)) return undefined;
    else output.data[i] = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : Math.trunc(value) | 0;
  }
  return output.tensor;
});

elementwiseKernels.set('Where', ([condition, a, b], _attrs, dtype) => {
  if (condition === undefined || a === undefined || b === undefined) return undefined;
  const shape = broadcastShapes([condition.shape, a.shape, b.shape]) as readonly number[];
  const output = make(dtype, shape);
  if (output === undefined) return undefined;
  const strides = [condition, a, b].map((tensor) => broadcastStrides(tensor, shape));
  const [c, x, y] = [numbers(condition), numbers(a), numbers(b)];
  walkRows(shape, strides, (out, [i = 0, j = 0, k = 0], length, [stepC = 0, stepX = 0, stepY = 0]) => {
    for (const end = out + length; out < end; out++, i += stepC, j += stepX, k += stepY) {
      output.data[out] = ((c[i] as number) !== 0 ? x[j] : y[k]) as number;
    }
  });
  return output.tensor;
});
