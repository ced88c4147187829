import type { DType } from '@servable/tensor';
import type { OnnxAttributes } from './lowered-graph.js';
import { DimSymbol, isStatic, type Dim, type Shape, type Value } from './value.js';

/** What is known of an output before it is emitted. */
export interface OutputSpec {
  readonly dtype: DType;
  readonly shape: Shape | undefined;
  readonly elements?: readonly Dim[] | undefined;
}

type Inputs = readonly (Value | undefined)[];
type Inference = (inputs: Inputs, attrs: OnnxAttributes) => OutputSpec | readonly OutputSpec[];

/** Shape and dtype rules of the ONNX ops that the lowerings emit. An op that is not listed needs explicit outputs. */
const rules = new Map<string, Inference>();

const rule = (ops: string, inference: Inference) => {
  for (const op of ops.split(' ')) rules.set(op, inference);
};

/** @returns undefined when there is no rule for `op` */
export function inferOutputs(op: string, inputs: Inputs, attrs: OnnxAttributes): readonly OutputSpec[] | undefined {
  const inference = rules.get(op);
  if (inference === undefined) return undefined;
  const outputs = inference(inputs, attrs);
  return Array.isArray(outputs) ? (outputs as readonly OutputSpec[]) : [outputs as OutputSpec];
}

export const unknownDim = (): Dim => new DimSymbol();

export function unknownShape(rank: number): Shape {
  return Array.from({ length: rank }, unknownDim);
}

/** NumPy broadcasting; a symbol against a size above 1 must turn out to be that size or 1, so the size wins. */
export function broadcastShapes(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: Shape = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    const rank = Math.max(result.length, shape.length);
    const a = padLeft(result, rank);
    const b = padLeft(shape, rank);
    result = a.map((dim, i) => broadcastDim(dim, b[i] ?? 1));
  }
  return result;
}

function padLeft(shape: Shape, rank: number): Shape {
  return [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
}

function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return unknownDim();
}

export function normalizeAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

const at = (inputs: Inputs, index: number): Value => {
  const value = inputs[index];
  if (value === undefined) throw new RangeError(`input ${index} is missing`);
  return value;
};

const int = (attrs: OnnxAttributes, name: string, fallback: number): number => {
  const attr = attrs[name];
  return attr?.kind === 'int' ? Number(attr.value) : fallback;
};

const ints = (attrs: OnnxAttributes, name: string): readonly number[] | undefined => {
  const attr = attrs[name];
  return attr?.kind === 'ints' ? attr.value : undefined;
};

/** The values of an integer input, where all are known. */
export function knownIntegers(value: Value | undefined): readonly number[] | undefined {
  if (value === undefined) return undefined;
  if (value.constant !== undefined) {
    const data = value.constant.data as ArrayLike<number | bigint>;
    return Array.from(data, Number);
  }
  const elements = value.elements;
  return elements !== undefined && isStatic(elements) ? elements : undefined;
}

/** The values of an integer input as dimensions, where its length is known. */
export function knownElements(value: Value | undefined): readonly Dim[] | undefined {
  if (value === undefined) return undefined;
  if (value.elements !== undefined) return value.elements;
  const integers = value.constant !== undefined && value.constant.rank <= 1 ? knownIntegers(value) : undefined;
  if (integers !== undefined) return integers;
  const length = value.shape?.[0];
  return value.shape?.length === 1 && typeof length === 'number' && length < 64
    ? Array.from({ length }, () => new DimSymbol('integer'))
    : undefined;
}

/** An integer that a request brings may be -1 or negative, and so is not the size of anything until an op made it one. */
const asSize = (dim: Dim): Dim => (typeof dim !== 'number' && dim.kind === 'integer' ? unknownDim() : dim);

const isShapeLike = (value: Value) =>
  (value.dtype === 'int64' || value.dtype === 'int32') && value.shape !== undefined && value.shape.length <= 1;

const sameAsFirst: Inference = (inputs) => {
  const { dtype, shape } = at(inputs, 0);
  return { dtype, shape };
};

rule(
  'Abs Neg Sign Sqrt Reciprocal Exp Log Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Erf ' +
    'Relu LeakyRelu Elu Selu Sigmoid HardSigmoid HardSwish Softplus Softsign Gelu FastGelu QuickGelu Mish ThresholdedRelu ' +
    'Not BitwiseNot Clip Softmax LogSoftmax CumSum Trilu LRN',
  sameAsFirst,
);
rule('Identity', (inputs) => {
  const { dtype, shape, elements } = at(inputs, 0);
  return { dtype, shape, elements };
});
rule('IsNaN IsInf', (inputs) => ({ dtype: 'bool', shape: at(inputs, 0).shape }));
rule('LayerNormalization InstanceNormalization GroupNormalization BatchNormalization', sameAsFirst);

const elementwise =
  (combine?: (a: number, b: number) => number): Inference =>
  (inputs) => {
    const values = inputs.filter((input) => input !== undefined);
    const shape = broadcastShapes(values.map((value) => value.shape));
    const first = at(inputs, 0);
    let elements: readonly Dim[] | undefined;
    if (combine !== undefined && values.length === 2 && values.every(isShapeLike)) {
      const [a, b] = values.map(elementsOfShapeLike);
      const length = Math.max(a?.length ?? 0, b?.length ?? 0);
      if (a !== undefined && b !== undefined && shape !== undefined) {
        elements = Array.from({ length }, (_, i) =>
          combineDims(combine, a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]),
        );
      }
    }
    return { dtype: first.dtype, shape, elements };
  };

function elementsOfShapeLike(value: Value): readonly Dim[] | undefined {
  const elements = value.shape?.length === 0 ? (value.elements ?? knownIntegers(value)) : knownElements(value);
  return elements ?? (value.shape?.length === 0 ? [new DimSymbol('integer')] : undefined);
}

function combineDims(combine: (a: number, b: number) => number, a: Dim | undefined, b: Dim | undefined): Dim {
  if (typeof a === 'number' && typeof b === 'number') {
    const result = combine(a, b);
    return Number.isSafeInteger(result) ? result : new DimSymbol('integer');
  }
  // x*1, x+0, x/1 and x-0 keep the symbol: whether a constant is neutral shows in what it does to a few numbers.
  const probes = [-3, 0, 5, 2 ** 40];
  if (typeof b === 'number' && a !== undefined && probes.every((x) => combine(x, b) === x)) return a;
  if (typeof a === 'number' && b !== undefined && probes.every((x) => combine(a, x) === x)) return b;
  return new DimSymbol('integer');
}

rule(
  'Add',
  elementwise((a, b) => a + b),
);
rule(
  'Sub',
  elementwise((a, b) => a - b),
);
rule(
  'Mul',
  elementwise((a, b) => a * b),
);
rule(
  'Div',
  elementwise((a, b) => Math.trunc(a / b)),
);
rule('Max', elementwise(Math.max));
rule('Min', elementwise(Math.min));
rule('Pow Mod PRelu BitShift BitwiseAnd BitwiseOr BitwiseXor Sum Mean', elementwise());
rule('And Or Xor Equal Less Greater LessOrEqual GreaterOrEqual', (inputs) => ({
  dtype: 'bool',
  shape: broadcastShapes(inputs.map((input) => input?.shape)),
}));
rule('Where', (inputs) => ({
  dtype: at(inputs, 1).dtype,
  shape: broadcastShapes(inputs.map((input) => input?.shape)),
}));

rule('Cast', (inputs, attrs) => {
  const value = at(inputs, 0);
  const to = attrs['to'];
  if (to?.kind !== 'string') throw new RangeError("Cast needs 'to' as a dtype name");
  const dtype = to.value as DType;
  return { dtype, shape: value.shape, elements: dtype === 'int64' || dtype === 'int32' ? value.elements : undefined };
});

rule('MatMul', (inputs) => {
  const a = at(inputs, 0);
  const b = at(inputs, 1);
  return { dtype: a.dtype, shape: matMulShape(a.shape, b.shape) };
});

export function matMulShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0) return undefined;
  const rows = a.length === 1 ? [] : [a[a.length - 2] ?? 1];
  const columns = b.length === 1 ? [] : [b[b.length - 1] ?? 1];
  const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)]) ?? [];
  return [...batch, ...rows, ...columns];
}

rule('Gemm', (inputs, attrs) => {
  const a = at(inputs, 0);
  const b = at(inputs, 1);
  const rows = a.shape?.[int(attrs, 'transA', 0) ? 1 : 0] ?? unknownDim();
  const columns = b.shape?.[int(attrs, 'transB', 0) ? 0 : 1] ?? unknownDim();
  return { dtype: a.dtype, shape: [rows, columns] };
});

function spatial(input: Dim, kernel: Dim, stride: number, dilation: number, padding: number, ceil: boolean): Dim {
  if (typeof input !== 'number' || typeof kernel !== 'number') return unknownDim();
  const steps = (input + padding - ((kernel - 1) * dilation + 1)) / stride;
  return Math.max((ceil ? Math.ceil(steps) : Math.floor(steps)) + 1, 0);
}

function window(x: Shape, kernel: readonly Dim[], attrs: OnnxAttributes): Dim[] {
  const count = x.length - 2;
  const strides = ints(attrs, 'strides') ?? Array.from({ length: count }, () => 1);
  const dilations = ints(attrs, 'dilations') ?? Array.from({ length: count }, () => 1);
  const pads = ints(attrs, 'pads') ?? Array.from({ length: count * 2 }, () => 0);
  const auto = attrs['auto_pad'];
  const same = auto?.kind === 'string' && auto.value.startsWith('SAME');
  return x.slice(2).map((dim, i) => {
    const stride = strides[i] ?? 1;
    if (same) return typeof dim === 'number' ? Math.ceil(dim / stride) : stride === 1 ? dim : unknownDim();
    const padding = (pads[i] ?? 0) + (pads[i + count] ?? 0);
    return spatial(dim, kernel[i] ?? 1, stride, dilations[i] ?? 1, padding, int(attrs, 'ceil_mode', 0) === 1);
  });
}

rule('Conv', (inputs, attrs) => {
  const x = at(inputs, 0);
  const w = at(inputs, 1);
  if (x.shape === undefined || w.shape === undefined) return { dtype: x.dtype, shape: undefined };
  const sizes = window(x.shape, w.shape.slice(2), attrs);
  return { dtype: x.dtype, shape: [x.shape[0] ?? unknownDim(), w.shape[0] ?? unknownDim(), ...sizes] };
});
rule('MaxPool AveragePool', (inputs, attrs) => {
  const x = at(inputs, 0);
  if (x.shape === undefined) return { dtype: x.dtype, shape: undefined };
  const sizes = window(x.shape, ints(attrs, 'kernel_shape') ?? [], attrs);
  return { dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...sizes] };
});
rule('GlobalAveragePool GlobalMaxPool', (inputs) => {
  const x = at(inputs, 0);
  return { dtype: x.dtype, shape: x.shape?.map((dim, i) => (i < 2 ? dim : 1)) };
});

const reduction: Inference = (inputs, attrs) => {
  const x = at(inputs, 0);
  const keep = int(attrs, 'keepdims', 1) === 1;
  const axes = inputs[1] === undefined ? (ints(attrs, 'axes') ?? []) : knownIntegers(inputs[1]);
  const all = inputs[1] === undefined && axes?.length === 0;
  const shape = reducedShape(x.shape, all ? 'all' : axes, keep);
  return { dtype: x.dtype, shape };
};
rule(
  'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp',
  reduction,
);

function reducedShape(shape: Shape | undefined, axes: readonly number[] | 'all' | undefined, keep: boolean) {
  if (shape === undefined) return undefined;
  if (axes === undefined) return keep ? unknownShape(shape.length) : undefined;
  const reduced = new Set(
    axes === 'all' ? shape.map((_, i) => i) : axes.map((axis) => normalizeAxis(axis, shape.length)),
  );
  return shape.flatMap((dim, i) => (reduced.has(i) ? (keep ? [1] : []) : [dim]));
}

rule('ArgMax ArgMin', (inputs, attrs) => {
  const axis = int(attrs, 'axis', 0);
  return { dtype: 'int64', shape: reducedShape(at(inputs, 0).shape, [axis], int(attrs, 'keepdims', 1) === 1) };
});

rule('Shape', (inputs) => {
  const shape = at(inputs, 0).shape;
  return { dtype: 'int64', shape: [shape?.length ?? unknownDim()], elements: shape };
});
rule('Size', (inputs) => {
  const shape = at(inputs, 0).shape;
  const size = isStatic(shape) ? shape.reduce((a, b) => a * b, 1) : undefined;
  return { dtype: 'int64', shape: [], elements: size === undefined ? undefined : [size] };
});

rule('Reshape', (inputs, attrs) => {
  const x = at(inputs, 0);
  const target = knownElements(at(inputs, 1));
  const elements = x.elements !== undefined && (target?.length ?? 2) <= 1 ? x.elements : undefined;
  if (target === undefined) return { dtype: x.dtype, shape: undefined };
  const copied = target.map((dim, i) =>
    dim === 0 && int(attrs, 'allowzero', 0) === 0 ? (x.shape?.[i] ?? unknownDim()) : asSize(dim),
  );
  const hole = copied.indexOf(-1);
  if (hole < 0) return { dtype: x.dtype, shape: copied, elements };
  return { dtype: x.dtype, shape: copied.with(hole, remainingDim(x.shape, copied.toSpliced(hole, 1))), elements };
});

/** The size that -1 stands for: sizes are divided, symbols that stand on both sides cancel. */
function remainingDim(from: Shape | undefined, rest: Shape): Dim {
  if (from === undefined) return unknownDim();
  const symbols = from.filter((dim) => typeof dim !== 'number');
  for (const dim of rest) {
    if (typeof dim === 'number') continue;
    const position = symbols.indexOf(dim);
    if (position < 0) return unknownDim();
    symbols.splice(position, 1);
  }
  const product = (shape: Shape) =>
    shape.reduce<number>((size, dim) => (typeof dim === 'number' ? size * dim : size), 1);
  const known = product(from) / product(rest);
  if (symbols.length === 0) return Number.isInteger(known) ? known : unknownDim();
  return symbols.length === 1 && known === 1 ? (symbols[0] ?? unknownDim()) : unknownDim();
}

rule('Unsqueeze', (inputs) => {
  const x = at(inputs, 0);
  const axes = knownIntegers(at(inputs, 1));
  if (x.shape === undefined || axes === undefined) return { dtype: x.dtype, shape: undefined };
  const rank = x.shape.length + axes.length;
  const inserted = new Set(axes.map((axis) => normalizeAxis(axis, rank)));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, i) => (inserted.has(i) ? 1 : (rest.shift() ?? unknownDim())));
  return { dtype: x.dtype, shape, elements: rank === 1 ? x.elements : undefined };
});
rule('Squeeze', (inputs) => {
  const x = at(inputs, 0);
  const axes = inputs[1] === undefined ? undefined : knownIntegers(inputs[1]);
  if (x.shape === undefined) return { dtype: x.dtype, shape: undefined };
  if (axes === undefined) {
    return isStatic(x.shape)
      ? { dtype: x.dtype, shape: x.shape.filter((dim) => dim !== 1), elements: x.elements }
      : { dtype: x.dtype, shape: undefined };
  }
  const rank = x.shape.length;
  const removed = new Set(axes.map((axis) => normalizeAxis(axis, rank)));
  return { dtype: x.dtype, shape: x.shape.filter((_, i) => !removed.has(i)), elements: x.elements };
});

rule('Concat', (inputs, attrs) => {
  const values = inputs.filter((input) => input !== undefined);
  const first = at(inputs, 0);
  const rank = values.find((value) => value.shape !== undefined)?.shape?.length;
  if (rank === undefined) return { dtype: first.dtype, shape: undefined };
  const axis = normalizeAxis(int(attrs, 'axis', 0), rank);
  const shapes = values.map((value) => value.shape ?? unknownShape(rank));
  const shape = Array.from({ length: rank }, (_, i): Dim => {
    const dims = shapes.map((dim) => dim[i] ?? unknownDim());
    if (i !== axis) return dims.find((dim) => typeof dim === 'number') ?? dims[0] ?? unknownDim();
    return isStatic(dims) ? (dims as readonly number[]).reduce((a, b) => a + b, 0) : unknownDim();
  });
  const parts = rank === 1 && isShapeLike(first) ? values.map(knownElements) : [];
  const elements = parts.length > 0 && parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  return { dtype: first.dtype, shape, elements };
});

rule('Transpose', (inputs, attrs) => {
  const x = at(inputs, 0);
  const perm = ints(attrs, 'perm');
  const { shape } = x;
  if (perm === undefined) return { dtype: x.dtype, shape: shape?.toReversed() };
  return { dtype: x.dtype, shape: perm.map((axis) => shape?.[axis] ?? unknownDim()) };
});

rule('Gather', (inputs, attrs) => {
  const x = at(inputs, 0);
  const indices = at(inputs, 1);
  if (x.shape === undefined || indices.shape === undefined) return { dtype: x.dtype, shape: undefined };
  const axis = normalizeAxis(int(attrs, 'axis', 0), x.shape.length);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const from = isShapeLike(x) && x.shape.length === 1 ? knownElements(x) : undefined;
  const which = indices.shape.length <= 1 ? knownIntegers(indices) : undefined;
  const elements = from && which?.map((i) => from[normalizeAxis(i, from.length)] ?? unknownDim());
  return { dtype: x.dtype, shape, elements };
});
rule('GatherND', (inputs, attrs) => {
  const x = at(inputs, 0);
  const indices = at(inputs, 1);
  const last = indices.shape?.at(-1);
  if (x.shape === undefined || indices.shape === undefined || typeof last !== 'number') {
    return { dtype: x.dtype, shape: undefined };
  }
  const batch = int(attrs, 'batch_dims', 0);
  return { dtype: x.dtype, shape: [...indices.shape.slice(0, -1), ...x.shape.slice(batch + last)] };
});
rule('GatherElements', (inputs) => ({ dtype: at(inputs, 0).dtype, shape: at(inputs, 1).shape }));
rule('ScatterND ScatterElements', sameAsFirst);

rule('Slice', (inputs) => {
  const x = at(inputs, 0);
  const [starts, ends] = [knownElements(inputs[1]), knownElements(inputs[2])];
  if (x.shape === undefined) return { dtype: x.dtype, shape: undefined };
  const rank = x.shape.length;
  const axes = inputs[3] === undefined ? Array.from({ length: rank }, (_, i) => i) : knownIntegers(inputs[3]);
  const steps = inputs[4] === undefined ? undefined : knownIntegers(inputs[4]);
  if (starts === undefined || ends === undefined || axes === undefined || (inputs[4] && steps === undefined)) {
    return { dtype: x.dtype, shape: unknownShape(rank) };
  }
  const shape = [...x.shape];
  let elements = rank === 1 && isShapeLike(x) ? knownElements(x) : undefined;
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, rank);
    const [start, end, step] = [starts[i], ends[i], steps?.[i] ?? 1];
    const size = x.shape?.[axis] ?? unknownDim();
    if (start === 0 && step === 1 && typeof end === 'number' && end >= 2 ** 31 - 1) return;
    if (start === 0 && step === 1 && end === size) return;
    if (typeof start === 'number' && typeof end === 'number' && typeof size === 'number') {
      const [from, to] = sliceBounds(size, start, end, step);
      shape[axis] = Math.max(0, Math.ceil((to - from) / step));
      elements = elements && Array.from({ length: shape[axis] }, (_, k) => elements?.[from + k * step] ?? 0);
    } else {
      shape[axis] = unknownDim();
      elements = undefined;
    }
  });
  return { dtype: x.dtype, shape, elements };
});

/** ONNX's (and NumPy's) clamping of slice bounds to a dimension of known size. */
export function sliceBounds(size: number, start: number, end: number, step: number): [from: number, to: number] {
  const wrap = (bound: number) => (bound < 0 ? bound + size : bound);
  return step > 0
    ? [Math.min(Math.max(wrap(start), 0), size), Math.min(Math.max(wrap(end), 0), size)]
    : [Math.min(Math.max(wrap(start), -1), size - 1), Math.min(Math.max(wrap(end), -1), size - 1)];
}

rule('Split', (inputs, attrs) => {
  const x = at(inputs, 0);
  const sizes = knownElements(inputs[1]) ?? [];
  return sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape?.with(normalizeAxis(int(attrs, 'axis', 0), x.shape.length), asSize(size)),
  }));
});

rule('Tile', (inputs) => {
  const x = at(inputs, 0);
  const repeats = knownElements(at(inputs, 1));
  return {
    dtype: x.dtype,
    shape: x.shape?.map((dim, i) => asSize(combineDims((a, b) => a * b, dim, repeats?.[i] ?? unknownDim()))),
  };
});
rule('Expand', (inputs) => {
  const x = at(inputs, 0);
  return { dtype: x.dtype, shape: broadcastShapes([x.shape, knownElements(at(inputs, 1))?.map(asSize)]) };
});
rule('Pad', (inputs) => {
  const x = at(inputs, 0);
  const pads = knownIntegers(at(inputs, 1));
  const rank = x.shape?.length ?? 0;
  return {
    dtype: x.dtype,
    shape: x.shape?.map((dim, i) => {
      const total = pads === undefined ? undefined : (pads[i] ?? 0) + (pads[i + rank] ?? 0);
      if (total === 0) return dim;
      return typeof dim === 'number' && total !== undefined ? dim + total : unknownDim();
    }),
  };
});
rule('Range', (inputs) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => knownIntegersOrFloats(at(inputs, i)));
  const { dtype } = at(inputs, 0);
  if (start === undefined || limit === undefined || delta === undefined) {
    const end = at(inputs, 1).elements?.[0];
    return { dtype, shape: [start === 0 && delta === 1 && end !== undefined ? asSize(end) : unknownDim()] };
  }
  return { dtype, shape: [Math.max(0, Math.ceil((limit - start) / delta))] };
});

function knownIntegersOrFloats(value: Value): number | undefined {
  const first = (value.constant?.data as ArrayLike<number | bigint> | undefined)?.[0];
  return first === undefined ? undefined : Number(first);
}

rule('ConstantOfShape', (inputs, attrs) => {
  const value = attrs['value'];
  const dtype = value?.kind === 'tensor' ? value.value.dtype : 'float32';
  return { dtype, shape: knownElements(at(inputs, 0))?.map(asSize) };
});
rule('OneHot', (inputs, attrs) => {
  const indices = at(inputs, 0);
  const depth = knownIntegers(at(inputs, 1))?.[0] ?? unknownDim();
  const { shape } = indices;
  const axis = shape && normalizeAxis(int(attrs, 'axis', -1), shape.length + 1);
  return {
    dtype: at(inputs, 2).dtype,
    shape: shape && axis !== undefined ? shape.toSpliced(axis, 0, depth) : undefined,
  };
});
rule('TopK', (inputs, attrs) => {
  const x = at(inputs, 0);
  const k = knownIntegers(at(inputs, 1))?.[0] ?? unknownDim();
  const shape = x.shape?.with(normalizeAxis(int(attrs, 'axis', -1), x.shape.length), k);
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
});
rule('NonZero', (inputs) => {
  const rank = at(inputs, 0).shape?.length;
  return { dtype: 'int64', shape: [rank ?? unknownDim(), unknownDim()] };
});
