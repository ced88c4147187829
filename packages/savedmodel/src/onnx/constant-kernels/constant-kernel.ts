import { Tensor, type DType } from '@servable/tensor';
import type { OnnxAttributes } from '../lowered-graph.js';

/** An ONNX op on constants; undefined when it is left to the engine. */
export type ConstantKernel = (
  inputs: readonly Tensor[],
  attrs: OnnxAttributes,
  outputDtype: DType,
) => Tensor | undefined;

/** Growing ops are left to the engine above this many elements: a constant must not blow up the model. */
export const MAX_GROWN_ELEMENTS = 65_536;

/** The storage of the dtypes that are folded. */
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

export const isFolded = (dtype: DType): dtype is FoldedDType => dtype in allocate;

/** Elements of any folded dtype: bigints for int64, numbers for the others. */
export interface Elements {
  [index: number]: number | bigint;
  readonly length: number;
}

/** A tensor to be filled; undefined for a dtype that is not folded. */
export function make(dtype: DType, shape: readonly number[]): { tensor: Tensor; data: Elements } | undefined {
  if (!isFolded(dtype)) return undefined;
  const data = allocate[dtype](shape.reduce((a, b) => a * b, 1));
  return { tensor: new Tensor(dtype, shape, data), data: data as unknown as Elements };
}

export const numbers = (tensor: Tensor) => tensor.data as unknown as Elements;
export const integers = (tensor: Tensor | undefined): number[] =>
  tensor === undefined ? [] : Array.from(tensor.data as ArrayLike<number | bigint>, Number);
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i] ?? 1;
  }
  return strides;
}

/** Strides of an input that is broadcast to `shape`: 0 along the dimensions that repeat. */
export function broadcastStrides(input: Tensor, shape: readonly number[]): number[] {
  const own = stridesOf(input.shape);
  const lead = shape.length - input.rank;
  return shape.map((_, i) => (i < lead || input.shape[i - lead] === 1 ? 0 : (own[i - lead] ?? 0)));
}

/**
 * Calls `visit` for every row of `shape`, which is its innermost dimension: with the offset of the row in the output and in
 * each input, how many elements it has, and the inputs' steps along it. What is done for an element is then a plain loop.
 */
export function walkRows(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (out: number, at: readonly number[], length: number, steps: readonly number[]) => void,
) {
  const outer = shape.slice(0, -1);
  const length = shape.at(-1) ?? 1;
  const rows = outer.reduce((a, b) => a * b, 1);
  const steps = strides.map((ofInput) => ofInput.at(-1) ?? 0);
  const index = new Array<number>(outer.length).fill(0);
  const at = strides.map(() => 0);
  for (let row = 0; row < rows; row++) {
    visit(row * length, at, length, steps);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      for (let k = 0; k < at.length; k++) at[k] = (at[k] ?? 0) + (strides[k]?.[axis] ?? 0);
      if ((index[axis] ?? 0) < (outer[axis] ?? 0)) break;
      for (let k = 0; k < at.length; k++) at[k] = (at[k] ?? 0) - (strides[k]?.[axis] ?? 0) * (outer[axis] ?? 0);
      index[axis] = 0;
    }
  }
}
