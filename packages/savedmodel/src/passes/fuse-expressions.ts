import { Tensor } from '@servable/tensor';
import { knownIntegers, normalizeAxis } from '../onnx/known-shapes.js';
import type { LoweredNode, OnnxAttributes, OnnxNode } from '../onnx/lowered-graph.js';
import { intAttribute, intsAttribute } from '../onnx/onnx-attributes.js';
import { isStatic, sameDim, type Shape, type Value } from '../onnx/value.js';

/** The nodes that make values, by the values' names. */
type Makers = ReadonlyMap<string, OnnxNode>;

/**
 * Replaces what TensorFlow writes out in many small ops by the one op of the engine that it amounts to: layer
 * normalization, GELU, and dense layers on more than two dimensions (tf.tensordot's reshapes). A transformer is little
 * else, and each small op costs a pass over memory.
 *
 * @param nodes - in order; the nodes that are not needed any more are left to be dropped
 */
export function fuseExpressions(nodes: readonly LoweredNode[]): LoweredNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes) {
    if (node.kind === 'native') for (const output of node.outputs) makers.set(output.name, node);
  }
  return nodes.map((node) => {
    if (node.kind !== 'native' || node.outputs[0]?.dtype !== 'float32') return node;
    return layerNormalization(node, makers) ?? gelu(node, makers) ?? denseLayer(node, makers) ?? node;
  });
}

const makerOf = (value: Value | undefined, op: string, makers: Makers): OnnxNode | undefined => {
  const maker = value && makers.get(value.name);
  return maker?.op === op && maker.domain === '' ? maker : undefined;
};

/** The number that a constant of one element holds. */
function numberOf(value: Value | undefined): number | undefined {
  const { constant } = value ?? {};
  return constant?.dtype === 'float32' && constant.size === 1 ? Number(constant.data[0]) : undefined;
}

const isNear = (value: number | undefined, expected: number) =>
  value !== undefined && Math.abs(value - expected) <= 1e-6 * Math.abs(expected);

function replaced(node: OnnxNode, op: string, inputs: readonly (Value | undefined)[], attrs: OnnxAttributes): OnnxNode {
  return { ...node, op, domain: '', attrs, inputs: [...inputs] };
}

/** Both orders of a binary op's operands. */
function orders(node: OnnxNode): readonly (readonly [Value, Value])[] {
  const [a, b] = node.inputs;
  if (a === undefined || b === undefined) return [];
  return [
    [a, b],
    [b, a],
  ];
}

/** The factors of a product of products, and its constant factors as one number. */
function product(
  value: Value,
  makers: Makers,
  depth = 4,
): { readonly factor: number; readonly terms: readonly Value[] } {
  const number = numberOf(value);
  if (number !== undefined) return { factor: number, terms: [] };
  const mul = depth > 0 ? makerOf(value, 'Mul', makers) : undefined;
  const [a, b] = mul?.inputs ?? [];
  if (a !== undefined && b !== undefined) {
    const [left, right] = [product(a, makers, depth - 1), product(b, makers, depth - 1)];
    return { factor: left.factor * right.factor, terms: [...left.terms, ...right.terms] };
  }
  const div = depth > 0 ? makerOf(value, 'Div', makers) : undefined;
  const divisor = numberOf(div?.inputs[1]);
  if (div?.inputs[0] !== undefined && divisor !== undefined) {
    const rest = product(div.inputs[0], makers, depth - 1);
    return { factor: rest.factor / divisor, terms: rest.terms };
  }
  return { factor: 1, terms: [value] };
}

/** What stands beside 1 in a sum. */
function besideOne(value: Value, makers: Makers): Value | undefined {
  const add = makerOf(value, 'Add', makers);
  return add && orders(add).find(([, one]) => numberOf(one) === 1)?.[0];
}

/** x/2 · (1 + erf(x/√2)), or its approximation by tanh, in any order of the factors. */
function gelu(node: OnnxNode, makers: Makers): OnnxNode | undefined {
  const [output] = node.outputs;
  if (node.op !== 'Mul' || output === undefined) return undefined;
  const { factor, terms } = product(output, makers);
  const [a, b] = terms;
  if (!isNear(factor, 0.5) || terms.length !== 2 || a === undefined || b === undefined) return undefined;
  for (const [x, sum] of [
    [a, b],
    [b, a],
  ] as const) {
    const inner = besideOne(sum, makers);
    const erf = makerOf(inner, 'Erf', makers)?.inputs[0];
    if (erf !== undefined) {
      const scaled = product(erf, makers);
      if (isNear(scaled.factor, Math.SQRT1_2) && scaled.terms.length === 1 && scaled.terms[0]?.name === x.name) {
        return replaced(node, 'Gelu', [x], {});
      }
    }
    const tanh = makerOf(inner, 'Tanh', makers)?.inputs[0];
    if (tanh !== undefined && isTanhArgument(tanh, x, makers)) {
      return replaced(node, 'Gelu', [x], { approximate: { kind: 'string', value: 'tanh' } });
    }
  }
  return undefined;
}

/** √(2/π) · (x + 0.044715 · x³) */
function isTanhArgument(value: Value, x: Value, makers: Makers): boolean {
  const { factor, terms } = product(value, makers);
  const sum = terms.length === 1 ? makerOf(terms[0], 'Add', makers) : undefined;
  if (sum === undefined || !isNear(factor, Math.sqrt(2 / Math.PI))) return false;
  return orders(sum).some(([own, other]) => {
    if (own.name !== x.name) return false;
    const cubic = product(other, makers);
    const power = makerOf(cubic.terms.length === 1 ? cubic.terms[0] : undefined, 'Pow', makers);
    const cube =
      power === undefined
        ? cubic.terms.length === 3 && cubic.terms.every((term) => term.name === x.name)
        : power.inputs[0]?.name === x.name && numberOf(power.inputs[1]) === 3;
    return cube && isNear(cubic.factor, 0.044715);
  });
}

/** x·m + (β − mean·m), where m = γ / √(variance + ε); γ and β may be missing. */
function layerNormalization(node: OnnxNode, makers: Makers): OnnxNode | undefined {
  if (node.op !== 'Add') return undefined;
  for (const [first, second] of orders(node)) {
    const scaled = makerOf(first, 'Mul', makers);
    const shift = scaled && shiftOf(second, makers);
    if (scaled === undefined || shift === undefined) continue;
    for (const [x, factor] of orders(scaled)) {
      if (factor.name !== shift.factor.name) continue;
      const spread = spreadOf(factor, makers);
      const axes = spread && axesOfMoments(spread.variance, shift.mean, x, makers);
      const fused =
        spread !== undefined && axes !== undefined ? normalized(node, x, axes, spread, shift.beta) : undefined;
      if (fused !== undefined) return fused;
    }
  }
  return undefined;
}

interface Shift {
  readonly mean: Value;
  readonly factor: Value;
  readonly beta: Value | undefined;
}

/** β − mean·m, as a difference or as a sum with −mean·m, or −mean·m alone. */
function shiftOf(value: Value, makers: Makers): Shift | undefined {
  const negative = (term: Value): Omit<Shift, 'beta'> | undefined => {
    const mul = makerOf(term, 'Mul', makers);
    for (const [a, factor] of mul ? orders(mul) : []) {
      const mean = makerOf(a, 'Neg', makers)?.inputs[0];
      if (mean !== undefined) return { mean, factor };
    }
    return undefined;
  };
  const alone = negative(value);
  if (alone !== undefined) return { ...alone, beta: undefined };
  const add = makerOf(value, 'Add', makers);
  for (const [term, beta] of add ? orders(add) : []) {
    const found = negative(term);
    if (found !== undefined) return { ...found, beta };
  }
  const sub = makerOf(value, 'Sub', makers);
  const mul = makerOf(sub?.inputs[1], 'Mul', makers);
  for (const [mean, factor] of mul ? orders(mul) : []) {
    if (makerOf(mean, 'ReduceMean', makers) !== undefined) return { mean, factor, beta: sub?.inputs[0] };
  }
  return undefined;
}

interface Spread {
  readonly variance: Value;
  readonly epsilon: number;
  readonly gamma: Value | undefined;
}

/** γ / √(variance + ε) */
function spreadOf(factor: Value, makers: Makers): Spread | undefined {
  const inverse = (value: Value): Omit<Spread, 'gamma'> | undefined => {
    const root = makerOf(makerOf(value, 'Reciprocal', makers)?.inputs[0], 'Sqrt', makers);
    const sum = makerOf(root?.inputs[0], 'Add', makers);
    for (const [variance, epsilon] of sum ? orders(sum) : []) {
      const number = numberOf(epsilon);
      if (number !== undefined) return { variance, epsilon: number };
    }
    return undefined;
  };
  const alone = inverse(factor);
  if (alone !== undefined) return { ...alone, gamma: undefined };
  const mul = makerOf(factor, 'Mul', makers);
  for (const [value, gamma] of mul ? orders(mul) : []) {
    const found = inverse(value);
    if (found !== undefined) return { ...found, gamma };
  }
  return undefined;
}

/** The axes of the mean and variance, if they are those of `x` over its last dimensions. */
function axesOfMoments(variance: Value, mean: Value, x: Value, makers: Makers): number | undefined {
  const rank = x.shape?.length;
  const over = (value: Value): { readonly of: Value | undefined; readonly count: number } | undefined => {
    const node = makerOf(value, 'ReduceMean', makers);
    const axes = knownIntegers(node?.inputs[1]);
    if (node === undefined || axes === undefined || rank === undefined) return undefined;
    if (intAttribute(node.attrs, 'keepdims', 1) !== 1) return undefined;
    const sorted = axes.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b);
    const last = sorted.length > 0 && sorted.every((axis, i) => axis === rank - sorted.length + i);
    return last ? { of: node.inputs[0], count: sorted.length } : undefined;
  };
  const [ofMean, ofVariance] = [over(mean), over(variance)];
  const square = makerOf(ofVariance?.of, 'Mul', makers);
  const difference = makerOf(square?.inputs[0], 'Sub', makers);
  if (ofMean?.of?.name !== x.name || ofMean.count !== ofVariance?.count || difference === undefined) return undefined;
  if (square?.inputs[0]?.name !== square?.inputs[1]?.name) return undefined;
  const names = difference.inputs.map((input) => input?.name);
  return names.includes(x.name) && names.includes(mean.name) ? ofMean.count : undefined;
}

function normalized(
  node: OnnxNode,
  x: Value,
  count: number,
  { epsilon, gamma }: Spread,
  beta: Value | undefined,
): OnnxNode | undefined {
  const sizes: Shape | undefined = x.shape?.slice(-count);
  const [output] = node.outputs;
  if (sizes === undefined || !isStatic(sizes) || output === undefined) return undefined;
  const parameter = (value: Value | undefined, fallback: number, name: string): Value | undefined => {
    const size = sizes.reduce((a, b) => a * b, 1);
    const shape = value?.constant?.shape ?? [];
    const fits = shape.length >= count && shape.every((dim, i) => dim === (sizes[i - shape.length + count] ?? 1));
    if (value !== undefined && (value.constant?.dtype !== 'float32' || !fits)) return undefined;
    const constant =
      value?.constant?.reshape(sizes) ?? new Tensor('float32', sizes, new Float32Array(size).fill(fallback));
    return { name: `${output.name}/${name}`, dtype: 'float32', shape: sizes, constant };
  };
  const [scale, bias] = [parameter(gamma, 1, 'scale'), parameter(beta, 0, 'bias')];
  if (scale === undefined || bias === undefined) return undefined;
  return replaced(node, 'LayerNormalization', [x, scale, bias], {
    axis: { kind: 'int', value: -count },
    epsilon: { kind: 'float', value: epsilon },
  });
}

/** A product of matrices between two reshapes that only put the leading dimensions together and apart again. */
function denseLayer(node: OnnxNode, makers: Makers): OnnxNode | undefined {
  const target = node.outputs[0]?.shape;
  const matmul = node.op === 'Reshape' ? makerOf(node.inputs[0], 'MatMul', makers) : undefined;
  const reshape = makerOf(matmul?.inputs[0], 'Reshape', makers);
  const [x] = reshape?.inputs ?? [];
  const weights = matmul?.inputs[1];
  const flat = reshape?.outputs[0]?.shape;
  if (x?.shape === undefined || weights?.shape?.length !== 2 || target === undefined || flat?.length !== 2)
    return undefined;
  // With its transposition, the product with one matrix becomes one that the engine refuses for a batch without rows.
  const transposed = makerOf(x, 'Transpose', makers);
  const rank = x.shape.length;
  if (transposed !== undefined && intsAttribute(transposed.attrs, 'perm')?.at(-1) !== rank - 1) return undefined;
  const [width, made] = [x.shape[rank - 1], weights.shape[1]];
  const leads = x.shape.slice(0, -1).every((dim, i) => sameDim(dim, target[i]));
  if (rank < 2 || target.length !== rank || !leads || typeof width !== 'number') return undefined;
  if (!sameDim(width, flat[1]) || !sameDim(width, weights.shape[0]) || !sameDim(made, target[rank - 1]))
    return undefined;
  return replaced(node, 'MatMul', [x, weights], {});
}
