import type { DType } from '@servable/tensor';
import { broadcastShapes, knownIntegers, knownElements } from '../known-shapes.js';
import { intAttribute } from '../onnx-attributes.js';
import { DimSymbol, sameShape, type Dim, type Value } from '../value.js';
import { ShapeRules, at, isShapeLike, sameAsFirst, combineDims, type Inference } from './shape-rules.js';

/** Ops that work on one element, or on one of each input, at a time. */
export const elementwiseRules = new ShapeRules();
const rule = elementwiseRules.add;

rule(
  'Abs Sign Sqrt Reciprocal Exp Log Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh Erf ' +
    'Relu LeakyRelu Elu Selu Sigmoid HardSigmoid HardSwish Softplus Softsign Gelu FastGelu QuickGelu Mish ThresholdedRelu ' +
    'Not BitwiseNot Clip Softmax LogSoftmax CumSum Trilu LRN',
  sameAsFirst,
);
rule('Identity', (inputs) => {
  const { dtype, shape, elements } = at(inputs, 0);
  return { dtype, shape, elements };
});
rule('Neg', (inputs) => {
  const { dtype, shape, elements } = at(inputs, 0);
  return { dtype, shape, elements: elements?.map(opposite) };
});
rule('IsNaN IsInf', (inputs) => ({ dtype: 'bool', shape: at(inputs, 0).shape }));
rule('LayerNormalization InstanceNormalization GroupNormalization BatchNormalization', sameAsFirst);

function opposite(dim: Dim): Dim {
  if (typeof dim === 'number') return dim === 0 ? 0 : -dim;
  return new DimSymbol(dim.kind === 'integer' ? 'integer' : dim.kind === 'opposite' ? 'count' : 'opposite');
}

const elementwise =
  (combine?: (a: number, b: number) => number, counts?: 1 | 2): Inference =>
  (inputs) => {
    const values = inputs.filter((input) => input !== undefined);
    const shape = broadcastShapes(values.map((value) => value.shape));
    const first = at(inputs, 0);
    let elements: readonly Dim[] | undefined;
    const [left, right] = values;
    if (combine !== undefined && values.length === 2 && isSameTable(left, right)) {
      elements = left?.elements?.map((dim, i) => combineDims(combine, dim, right?.elements?.[i], counts));
    } else if (combine !== undefined && values.length === 2 && values.every(isShapeLike)) {
      const [a, b] = values.map(elementsOfShapeLike);
      const length = Math.max(a?.length ?? 0, b?.length ?? 0);
      if (a !== undefined && b !== undefined && shape !== undefined) {
        elements = Array.from({ length }, (_, i) =>
          combineDims(combine, a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i], counts),
        );
      }
    }
    return { dtype: first.dtype, shape, elements };
  };

/** Whether two values are integers in tables of one size, whose elements are followed. */
function isSameTable(a: Value | undefined, b: Value | undefined): boolean {
  const isTable = (value: Value | undefined) => (value?.shape?.length ?? 0) > 1 && value?.elements !== undefined;
  return isTable(a) && isTable(b) && sameShape(a?.shape, b?.shape) && a?.elements?.length === b?.elements?.length;
}

function elementsOfShapeLike(value: Value): readonly Dim[] | undefined {
  const elements = value.shape?.length === 0 ? (value.elements ?? knownIntegers(value)) : knownElements(value);
  return elements ?? (value.shape?.length === 0 ? [new DimSymbol('integer')] : undefined);
}

rule(
  'Add',
  elementwise((a, b) => a + b, 2),
);
rule(
  'Sub',
  elementwise((a, b) => a - b),
);
rule(
  'Mul',
  elementwise((a, b) => a * b, 2),
);
rule(
  'Div',
  elementwise((a, b) => Math.trunc(a / b), 2),
);
rule('Max', elementwise(Math.max, 1));
rule('Min', elementwise(Math.min, 2));
const remainder = elementwise((a, b) => (b === 0 ? NaN : ((a % b) + b) % b), 2);
rule('Mod', (inputs, attrs) => (intAttribute(attrs, 'fmod', 0) === 1 ? elementwise() : remainder)(inputs, attrs));
rule('Pow PRelu BitShift BitwiseAnd BitwiseOr BitwiseXor Sum Mean', elementwise());
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
