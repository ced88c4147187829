import type { OnnxAttributes } from '../lowered-graph.js';
import { intAttribute, intsAttribute } from '../onnx-attributes.js';
import { unknownDim, broadcastShapes } from '../known-shapes.js';
import type { Dim, Shape } from '../value.js';
import { ShapeRules, at } from './shape-rules.js';

/** Matrix products, and windows that move over a tensor. */
export const productRules = new ShapeRules();
const rule = productRules.add;

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
  const rows = a.shape?.[intAttribute(attrs, 'transA', 0) ? 1 : 0] ?? unknownDim();
  const columns = b.shape?.[intAttribute(attrs, 'transB', 0) ? 0 : 1] ?? unknownDim();
  return { dtype: a.dtype, shape: [rows, columns] };
});

function spatial(input: Dim, kernel: Dim, stride: number, dilation: number, padding: number, ceil: boolean): Dim {
  if (typeof input !== 'number' || typeof kernel !== 'number') return unknownDim();
  const steps = (input + padding - ((kernel - 1) * dilation + 1)) / stride;
  return Math.max((ceil ? Math.ceil(steps) : Math.floor(steps)) + 1, 0);
}

function window(x: Shape, kernel: readonly Dim[], attrs: OnnxAttributes): Dim[] {
  const count = x.length - 2;
  const strides = intsAttribute(attrs, 'strides') ?? Array.from({ length: count }, () => 1);
  const dilations = intsAttribute(attrs, 'dilations') ?? Array.from({ length: count }, () => 1);
  const pads = intsAttribute(attrs, 'pads') ?? Array.from({ length: count * 2 }, () => 0);
  const auto = attrs['auto_pad'];
  const same = auto?.kind === 'string' && auto.value.startsWith('SAME');
  return x.slice(2).map((dim, i) => {
    const stride = strides[i] ?? 1;
    if (same) return typeof dim === 'number' ? Math.ceil(dim / stride) : stride === 1 ? dim : unknownDim();
    const padding = (pads[i] ?? 0) + (pads[i + count] ?? 0);
    return spatial(dim, kernel[i] ?? 1, stride, dilations[i] ?? 1, padding, intAttribute(attrs, 'ceil_mode', 0) === 1);
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
  const sizes = window(x.shape, intsAttribute(attrs, 'kernel_shape') ?? [], attrs);
  return { dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...sizes] };
});
rule('GlobalAveragePool GlobalMaxPool', (inputs) => {
  const x = at(inputs, 0);
  return { dtype: x.dtype, shape: x.shape?.map((dim, i) => (i < 2 ? dim : 1)) };
});
