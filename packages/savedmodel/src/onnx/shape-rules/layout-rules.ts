import { intAttribute, intsAttribute } from '../onnx-attributes.js';
import {
  unknownDim,
  unknownShape,
  broadcastShapes,
  normalizeAxis,
  knownIntegers,
  knownElements,
  sliceBounds,
} from '../known-shapes.js';
import { isStatic, type Dim, type Shape, type Value } from '../value.js';
import { ShapeRules, at, asSize, isShapeLike, sameAsFirst, combineDims } from './shape-rules.js';

/** Ops that move elements and leave them as they are, and those that shapes are made of. */
export const layoutRules = new ShapeRules();
const rule = layoutRules.add;

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
  const { elements } = x;
  if (target === undefined) return { dtype: x.dtype, shape: undefined };
  const copied = target.map((dim, i) =>
    dim === 0 && intAttribute(attrs, 'allowzero', 0) === 0 ? (x.shape?.[i] ?? unknownDim()) : asSize(dim),
  );
  const hole = copied.indexOf(-1);
  if (hole < 0) return { dtype: x.dtype, shape: copied, elements };
  return { dtype: x.dtype, shape: copied.with(hole, remainingDim(x.shape, copied.toSpliced(hole, 1))), elements };
});

const isIndex = ({ dtype }: Value) => dtype === 'int64' || dtype === 'int32';

/** Whether the elements of a tensor are worth following one by one. */
const isSmall = (shape: Shape) => shape.length === 1 || (isStatic(shape) && shape.reduce((a, b) => a * b, 1) < 64);

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
  return { dtype: x.dtype, shape, elements: x.elements };
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
  const axis = normalizeAxis(intAttribute(attrs, 'axis', 0), rank);
  const shapes = values.map((value) => value.shape ?? unknownShape(rank));
  const shape = Array.from({ length: rank }, (_, i): Dim => {
    const dims = shapes.map((dim) => dim[i] ?? unknownDim());
    if (i !== axis) return dims.find((dim) => typeof dim === 'number') ?? dims[0] ?? unknownDim();
    return isStatic(dims) ? (dims as readonly number[]).reduce((a, b) => a + b, 0) : unknownDim();
  });
  const parts = axis === 0 && isIndex(first) && isSmall(shape) ? values.map(knownElements) : [];
  const elements = parts.length > 0 && parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  return { dtype: first.dtype, shape, elements };
});

rule('Transpose', (inputs, attrs) => {
  const x = at(inputs, 0);
  const perm = intsAttribute(attrs, 'perm');
  const { shape } = x;
  if (perm === undefined) return { dtype: x.dtype, shape: shape?.toReversed() };
  const [rows, columns] = [shape?.[0], shape?.[1]];
  const turns = perm.length === 2 && perm[0] === 1 && typeof rows === 'number' && typeof columns === 'number';
  const { elements } = x;
  return {
    dtype: x.dtype,
    shape: perm.map((axis) => shape?.[axis] ?? unknownDim()),
    elements: turns
      ? elements?.map((_, i) => elements[(i % rows) * columns + Math.floor(i / rows)] ?? unknownDim())
      : undefined,
  };
});

rule('Gather', (inputs, attrs) => {
  const x = at(inputs, 0);
  const indices = at(inputs, 1);
  if (x.shape === undefined || indices.shape === undefined) return { dtype: x.dtype, shape: undefined };
  const axis = normalizeAxis(intAttribute(attrs, 'axis', 0), x.shape.length);
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
  const batch = intAttribute(attrs, 'batch_dims', 0);
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

rule('Split', (inputs, attrs) => {
  const x = at(inputs, 0);
  const sizes = knownElements(inputs[1]) ?? [];
  const elements = isShapeLike(x) && x.shape?.length === 1 && isStatic(sizes) ? knownElements(x) : undefined;
  let start = 0;
  return sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape?.with(normalizeAxis(intAttribute(attrs, 'axis', 0), x.shape.length), asSize(size)),
    elements: typeof size === 'number' ? elements?.slice(start, (start += size)) : undefined,
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
  const pads = knownElements(at(inputs, 1));
  const rank = x.shape?.length ?? 0;
  return {
    dtype: x.dtype,
    shape: x.shape?.map((dim, i) => {
      const [before, after] = [pads?.[i], pads?.[i + rank]];
      const total = typeof before === 'number' && typeof after === 'number' ? before + after : undefined;
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
