import { intAttribute, intsAttribute } from '../onnx-attributes.js';
import { unknownDim, unknownShape, normalizeAxis, knownIntegers, knownElements } from '../known-shapes.js';
import type { Shape } from '../value.js';
import { ShapeRules, at, asSize, type Inference } from './shape-rules.js';

/** Ops whose outputs are of other sizes than their inputs because they count, choose or sum up. */
export const reductionRules = new ShapeRules();
const rule = reductionRules.add;

const reduction: Inference = (inputs, attrs) => {
  const x = at(inputs, 0);
  const keep = intAttribute(attrs, 'keepdims', 1) === 1;
  const axes = inputs[1] === undefined ? (intsAttribute(attrs, 'axes') ?? []) : knownIntegers(inputs[1]);
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
  const axis = intAttribute(attrs, 'axis', 0);
  return { dtype: 'int64', shape: reducedShape(at(inputs, 0).shape, [axis], intAttribute(attrs, 'keepdims', 1) === 1) };
});

rule('ConstantOfShape', (inputs, attrs) => {
  const value = attrs['value'];
  const dtype = value?.kind === 'tensor' ? value.value.dtype : 'float32';
  return { dtype, shape: knownElements(at(inputs, 0))?.map(asSize) };
});
rule('OneHot', (inputs, attrs) => {
  const indices = at(inputs, 0);
  const depth = knownIntegers(at(inputs, 1))?.[0] ?? unknownDim();
  const { shape } = indices;
  const axis = shape && normalizeAxis(intAttribute(attrs, 'axis', -1), shape.length + 1);
  return {
    dtype: at(inputs, 2).dtype,
    shape: shape && axis !== undefined ? shape.toSpliced(axis, 0, depth) : undefined,
  };
});
rule('TopK', (inputs, attrs) => {
  const x = at(inputs, 0);
  const k = knownIntegers(at(inputs, 1))?.[0] ?? unknownDim();
  const shape = x.shape?.with(normalizeAxis(intAttribute(attrs, 'axis', -1), x.shape.length), k);
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
});
rule('NonZero', (inputs) => {
  const rank = at(inputs, 0).shape?.length;
  return { dtype: 'int64', shape: [rank ?? unknownDim(), unknownDim()] };
});
