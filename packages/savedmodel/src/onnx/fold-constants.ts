import { Tensor, type DType } from '@servable/tensor';
import { transpose } from '../kernels/transpose.js';
import type { OnnxAttributes } from './lowered-graph.js';
import { broadcastShapes, normalizeAxis, sliceBounds } from './infer-shapes.js';

/**
 * Evaluates ONNX ops on constants while lowering. Its purpose is shape arithmetic and the preparation of weights; an op
 * or dtype that is not covered is simply left to the engine.
 */
type Kernel = (inputs: readonly Tensor[], attrs: OnnxAttributes, outputDtype: DType) => Tensor | undefined;

const kernels = new Map<string, Kernel>();

/** Growing ops are left to the engine above this many elements: a constant must not blow up the model. */
const MAX_GROWN_ELEMENTS = 65_536;

/** @returns undefined when the op is not folded */
export function foldConstants(
  op: string,
  inputs: readonly Tensor[],
  attrs: OnnxAttributes,
  outputDtype: DType,
): Tensor | undefined {
  if (inputs.some((input) => !(input.dtype in allocate))) return undefined;
  return kernels.get(op)?.(inputs, attrs, outputDtype);
}

const allocate = {
  float32: (n: number) => new Float32Array(n),
  float64: (n: number) => new Float64Array(n),
  int32: (n: number) => new Int32Array(n),
  int64: (n: number) => new BigInt64Array(n),
  uint8: (n: number) => new Uint8Array(n),
  int8: (n: number) => new Int8Array(n),
  bool: (n: number) => new Uint8Array(n),
} as const;

type FoldedDType = keyof typeof allocate;
/** Elements of any folded dtype: bigints for int64, numbers for the others. */
interface Elements {
  [index: number]: number | bigint;
  readonly length: number;
}

function make(dtype: DType, shape: readonly number[]): { tensor: Tensor; data: Elements } | undefined {
  if (!(dtype in allocate)) return undefined;
  const data = allocate[dtype as FoldedDType](shape.reduce((a, b) => a * b, 1));
  return { tensor: new Tensor(dtype, shape, data as never), data: data as unknown as Elements };
}

const numbers = (tensor: Tensor) => tensor.data as unknown as Elements;
const integers = (tensor: Tensor | undefined): number[] =>
  tensor === undefined ? [] : Array.from(tensor.data as ArrayLike<number | bigint>, Number);
const intAttr = (attrs: OnnxAttributes, name: string, fallback: number) => {
  const attr = attrs[name];
  return attr?.kind === 'int' ? Number(attr.value) : fallback;
};

function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i] ?? 1;
  }
  return strides;
}

/** Strides of an input that is broadcast to `shape`: 0 along the dimensions that repeat. */
function broadcastStrides(input: Tensor, shape: readonly number[]): number[] {
  const own = stridesOf(input.shape);
  const lead = shape.length - input.rank;
  return shape.map((_, i) => (i < lead || input.shape[i - lead] === 1 ? 0 : (own[i - lead] ?? 0)));
}

/** Calls `visit(output offset, offset into each input)` over all elements of `shape`. */
function walk(shape: readonly number[], strides: readonly number[][], visit: (out: number, at: number[]) => void) {
  const size = shape.reduce((a, b) => a * b, 1);
  const index = new Array<number>(shape.length).fill(0);
  const at = strides.map(() => 0);
  for (let out = 0; out < size; out++) {
    visit(out, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      for (let k = 0; k < at.length; k++) at[k] = (at[k] ?? 0) + (strides[k]?.[axis] ?? 0);
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      for (let k = 0; k < at.length; k++) at[k] = (at[k] ?? 0) - (strides[k]?.[axis] ?? 0) * (shape[axis] ?? 0);
      index[axis] = 0;
    }
  }
}

function binary(onNumbers: (a: number, b: number) => number, onBigints?: (a: bigint, b: bigint) => bigint): Kernel {
  return ([a, b, ...rest], _attrs, dtype) => {
    if (a === undefined || b === undefined || rest.length > 0) return undefined;
    const shape = broadcastShapes([a.shape, b.shape]) as readonly number[];
    const output = make(dtype, shape);
    if (output === undefined) return undefined;
    const big = a.dtype === 'int64';
    if (big && onBigints === undefined) return undefined;
    const [x, y] = [numbers(a), numbers(b)];
    const strides = [broadcastStrides(a, shape), broadcastStrides(b, shape)];
    walk(shape, strides, (out, at) => {
      const [i, j] = at as [number, number];
      if (big && onBigints) output.data[out] = onBigints(x[i] as bigint, y[j] as bigint);
      else output.data[out] = onNumbers(x[i] as number, y[j] as number);
    });
    return output.tensor;
  };
}

function unary(onNumbers: (a: number) => number, onBigints?: (a: bigint) => bigint): Kernel {
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

const compare = (onNumbers: (a: number | bigint, b: number | bigint) => boolean): Kernel =>
  binary(
    (a, b) => Number(onNumbers(a, b)),
    (a, b) => Number(onNumbers(a, b)) as never,
  );

// Bool outputs of int64 inputs store a number although the inputs are bigints, hence the cast in `compare`.
kernels.set(
  'Equal',
  compare((a, b) => a === b),
);
kernels.set(
  'Less',
  compare((a, b) => a < b),
);
kernels.set(
  'Greater',
  compare((a, b) => a > b),
);
kernels.set(
  'LessOrEqual',
  compare((a, b) => a <= b),
);
kernels.set(
  'GreaterOrEqual',
  compare((a, b) => a >= b),
);
kernels.set(
  'And',
  binary((a, b) => a & b),
);
kernels.set(
  'Or',
  binary((a, b) => a | b),
);
kernels.set(
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
kernels.set('Add', add);
kernels.set('Sub', sub);
kernels.set('Mul', (inputs, attrs, dtype) =>
  (isInteger(dtype)
    ? binary(Math.imul)
    : binary(
        (a, b) => a * b,
        (a, b) => a * b,
      ))(inputs, attrs, dtype),
);
kernels.set('Div', (inputs, attrs, dtype) => {
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
kernels.set(
  'Max',
  binary(Math.max, (a, b) => (a > b ? a : b)),
);
kernels.set(
  'Min',
  binary(Math.min, (a, b) => (a < b ? a : b)),
);
kernels.set(
  'Neg',
  unary(
    (a) => -a,
    (a) => -a,
  ),
);
kernels.set(
  'Abs',
  unary(Math.abs, (a) => (a < 0n ? -a : a)),
);
kernels.set('Sqrt', unary(Math.sqrt));
kernels.set(
  'Reciprocal',
  unary((a) => 1 / a),
);
kernels.set('Exp', unary(Math.exp));
kernels.set('Log', unary(Math.log));
kernels.set('Floor', unary(Math.floor));
kernels.set('Ceil', unary(Math.ceil));
kernels.set('Identity', ([x]) => x);

kernels.set('Cast', ([x], _attrs, dtype) => {
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
    else output.data[i] = Number(BigInt.asIntN(32, BigInt(Math.trunc(Number(value)))));
  }
  return output.tensor;
});

kernels.set('Where', ([condition, a, b], _attrs, dtype) => {
  if (condition === undefined || a === undefined || b === undefined) return undefined;
  const shape = broadcastShapes([condition.shape, a.shape, b.shape]) as readonly number[];
  const output = make(dtype, shape);
  if (output === undefined) return undefined;
  const strides = [condition, a, b].map((tensor) => broadcastStrides(tensor, shape));
  const [c, x, y] = [numbers(condition), numbers(a), numbers(b)];
  walk(shape, strides, (out, at) => {
    const [i, j, k] = at as [number, number, number];
    output.data[out] = ((c[i] as number) !== 0 ? x[j] : y[k]) as number;
  });
  return output.tensor;
});

kernels.set('Shape', ([x]) => x && new Tensor('int64', [x.rank], BigInt64Array.from(x.shape, BigInt)));
kernels.set('Size', ([x]) => x && new Tensor('int64', [], BigInt64Array.of(BigInt(x.size))));

const reshaped: Kernel = ([x, target], attrs) => {
  if (x === undefined) return undefined;
  const allowZero = intAttr(attrs, 'allowzero', 0) === 1;
  const shape = integers(target).map((dim, i) => (dim === 0 && !allowZero ? (x.shape[i] ?? 0) : dim));
  const hole = shape.indexOf(-1);
  if (hole >= 0) shape[hole] = x.size / -shape.reduce((a, b) => a * b, 1);
  if (shape.reduce((a, b) => a * b, 1) !== x.size) return undefined;
  return x.reshape(shape);
};
kernels.set('Reshape', reshaped);
kernels.set('Unsqueeze', ([x, axes]) => {
  if (x === undefined) return undefined;
  const rank = x.rank + (axes?.size ?? 0);
  const inserted = new Set(integers(axes).map((axis) => normalizeAxis(axis, rank)));
  const rest = [...x.shape];
  return x.reshape(Array.from({ length: rank }, (_, i) => (inserted.has(i) ? 1 : (rest.shift() ?? 1))));
});
kernels.set('Squeeze', ([x, axes]) => {
  if (x === undefined) return undefined;
  const removed = new Set(integers(axes).map((axis) => normalizeAxis(axis, x.rank)));
  return x.reshape(x.shape.filter((dim, i) => (axes === undefined ? dim !== 1 : !removed.has(i))));
});

/** The elements of `x` at the strides given, in the order of `shape`. */
function copyStrided(x: Tensor, shape: readonly number[], strides: number[], start = 0): Tensor | undefined {
  const output = make(x.dtype, shape);
  if (output === undefined) return undefined;
  const from = numbers(x);
  const last = shape.length - 1;
  const inner = shape[last] ?? 1;
  const step = strides[last] ?? 0;
  // The innermost dimension as a plain loop: weights of tens of millions of elements pass through here.
  walk(shape.slice(0, -1), [strides.slice(0, -1)], (row, [offset = 0]) => {
    let at = start + offset;
    for (let out = row * inner, end = out + inner; out < end; out++, at += step) output.data[out] = from[at] as number;
  });
  return output.tensor;
}

kernels.set('Transpose', ([x], attrs) => {
  if (x === undefined) return undefined;
  const given = attrs['perm'];
  return transpose(x, given?.kind === 'ints' ? given.value : x.shape.map((_, i) => x.rank - 1 - i));
});

kernels.set('Slice', ([x, starts, ends, axes, steps]) => {
  if (x === undefined) return undefined;
  const [from, to, by] = [integers(starts), integers(ends), integers(steps)];
  const which = axes === undefined ? from.map((_, i) => i) : integers(axes).map((axis) => normalizeAxis(axis, x.rank));
  const shape = [...x.shape];
  const strides = stridesOf(x.shape);
  let start = 0;
  which.forEach((axis, i) => {
    const step = by[i] ?? 1;
    const [low, high] = sliceBounds(x.shape[axis] ?? 0, from[i] ?? 0, to[i] ?? 0, step);
    shape[axis] = Math.max(0, Math.ceil((high - low) / step));
    start += low * (strides[axis] ?? 0);
    strides[axis] = (strides[axis] ?? 0) * step;
  });
  return copyStrided(x, shape, strides, start);
});

kernels.set('Concat', (inputs, attrs) => {
  const first = inputs[0];
  if (first === undefined || inputs.some((input) => input.dtype !== first.dtype)) return undefined;
  const axis = normalizeAxis(intAttr(attrs, 'axis', 0), first.rank);
  const shape = first.shape.with(
    axis,
    inputs.reduce((size, input) => size + (input.shape[axis] ?? 0), 0),
  );
  const output = make(first.dtype, shape);
  if (output === undefined) return undefined;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const row = (shape[axis] ?? 0) * inner;
  let start = 0;
  for (const input of inputs) {
    const from = numbers(input);
    const chunk = (input.shape[axis] ?? 0) * inner;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < chunk; i++) output.data[o * row + start + i] = from[o * chunk + i] as number;
    }
    start += chunk;
  }
  return output.tensor;
});

kernels.set('Gather', ([x, indices], attrs) => {
  if (x === undefined || indices === undefined) return undefined;
  const axis = normalizeAxis(intAttr(attrs, 'axis', 0), x.rank);
  const size = x.shape[axis] ?? 0;
  const which = integers(indices).map((index) => (index < 0 ? index + size : index));
  if (which.some((index) => index < 0 || index >= size)) return undefined;
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  if (outer * which.length * inner > Math.max(MAX_GROWN_ELEMENTS, x.size)) return undefined;
  const output = make(x.dtype, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
  if (output === undefined) return undefined;
  const from = numbers(x);
  let out = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of which) {
      const start = (o * size + index) * inner;
      for (let i = 0; i < inner; i++) output.data[out++] = from[start + i] as number;
    }
  }
  return output.tensor;
});

kernels.set('Expand', ([x, target]) => {
  if (x === undefined) return undefined;
  const shape = broadcastShapes([x.shape, integers(target)]) as readonly number[];
  if (shape.reduce((a, b) => a * b, 1) > MAX_GROWN_ELEMENTS) return undefined;
  return copyStrided(x, shape, broadcastStrides(x, shape));
});

kernels.set('Range', ([start, limit, delta], _attrs, dtype) => {
  const [from, to, step] = [start, limit, delta].map((tensor) => Number((tensor?.data as ArrayLike<number>)[0]));
  if (from === undefined || to === undefined || !step) return undefined;
  const size = Math.max(0, Math.ceil((to - from) / step));
  if (size > MAX_GROWN_ELEMENTS) return undefined;
  const output = make(dtype, [size]);
  for (let i = 0; output !== undefined && i < size; i++) {
    const value = from + i * step;
    output.data[i] = dtype === 'int64' ? BigInt(value) : value;
  }
  return output?.tensor;
});

kernels.set('ConstantOfShape', ([target], attrs, dtype) => {
  const shape = integers(target);
  if (shape.some((dim) => dim < 0) || shape.reduce((a, b) => a * b, 1) > MAX_GROWN_ELEMENTS) return undefined;
  const output = make(dtype, shape);
  const value = attrs['value'];
  if (output !== undefined && value?.kind === 'tensor') {
    const fill = numbers(value.value)[0];
    for (let i = 0; i < output.tensor.size; i++) output.data[i] = fill as number;
  }
  return output?.tensor;
});

const reduce =
  (
    start: number,
    step: (total: number, value: number) => number,
    finish = (total: number, _count: number) => total,
  ): Kernel =>
  ([x, axes], attrs, dtype) => {
    // Only what shapes are made of; reductions of weights are the engine's work.
    if (x === undefined || x.size > MAX_GROWN_ELEMENTS || (axes === undefined && attrs['axes'] !== undefined))
      return undefined;
    const keep = intAttr(attrs, 'keepdims', 1) === 1;
    if (axes?.size === 0 && intAttr(attrs, 'noop_with_empty_axes', 0) === 1) return x;
    const reduced = new Set(
      axes === undefined || axes.size === 0
        ? x.shape.map((_, i) => i)
        : integers(axes).map((a) => normalizeAxis(a, x.rank)),
    );
    const kept = x.shape.filter((_, i) => !reduced.has(i));
    const output = make(dtype, keep ? x.shape.map((dim, i) => (reduced.has(i) ? 1 : dim)) : kept);
    if (output === undefined) return undefined;
    const totals = new Array<number>(output.tensor.size).fill(start);
    const keptStrides = stridesOf(kept);
    let k = 0;
    const strides = x.shape.map((_, i) => (reduced.has(i) ? 0 : (keptStrides[k++] ?? 0)));
    const from = numbers(x);
    walk(x.shape, [strides], (i, [at = 0]) => {
      totals[at] = step(totals[at] ?? start, Number(from[i]));
    });
    const count = x.size / Math.max(1, totals.length);
    totals.forEach((total, i) => {
      const value = finish(total, count);
      output.data[i] = dtype === 'int64' ? BigInt(Math.trunc(value)) : value;
    });
    return output.tensor;
  };
kernels.set(
  'ReduceProd',
  reduce(1, (a, b) => a * b),
);
kernels.set(
  'ReduceSum',
  reduce(0, (a, b) => a + b),
);
kernels.set('ReduceMax', reduce(-Infinity, Math.max));
kernels.set('ReduceMin', reduce(Infinity, Math.min));
