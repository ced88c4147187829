import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16, type DType } from '@servable/tensor';
import { isComplex } from '../../kernels/elements.js';
import type { HloBlock, HloOperation, HloType, HloValue } from '../hlo.js';
import { readConstant } from './tensor-attribute.js';

/** An element: floats and narrow integers as numbers, 64-bit integers as bigints, bools as 0 and 1. */
export type Scalar = number | bigint;

/** A block of scalars as a function; it gives one scalar for each result. */
export type ScalarProgram = (args: readonly Scalar[]) => readonly Scalar[];

type Step = (slots: Scalar[]) => void;

/**
 * Makes a function of a block that takes and gives scalars, such as the comparator of a sort.
 *
 * @returns undefined when the block holds an op that is not among those known here
 */
export function scalarProgram(block: HloBlock): ScalarProgram | undefined {
  const slots = new Map<HloValue, number>();
  const slot = (value: HloValue) => {
    const known = slots.get(value) ?? slots.size;
    slots.set(value, known);
    return known;
  };
  block.arguments.forEach(slot);
  const steps: Step[] = [];
  /** Constants around the block may be used in it. */
  const isKnown = (value: HloValue): boolean => {
    if (slots.has(value)) return true;
    const constant = value.operation?.name === 'constant' ? stepOf(value.operation, slot) : undefined;
    if (constant !== undefined) steps.push(constant);
    return constant !== undefined;
  };
  for (const operation of block.operations) {
    if (operation.name === 'return') {
      if (!operation.operands.every(isKnown)) return undefined;
      const results = operation.operands.map(slot);
      const count = slots.size;
      return (args) => {
        const values = new Array<Scalar>(count).fill(0);
        args.forEach((arg, i) => (values[i] = arg));
        for (const step of steps) step(values);
        return results.map((i) => values[i] as Scalar);
      };
    }
    if (!operation.operands.every(isKnown)) return undefined;
    const made = stepOf(operation, slot);
    if (made === undefined) return undefined;
    steps.push(made);
  }
  return undefined;
}

function stepOf(operation: HloOperation, slot: (value: HloValue) => number): Step | undefined {
  const [result] = operation.results;
  const dtype = dtypeOf(result?.type);
  if (result === undefined || dtype === undefined || isComplex(dtype)) return undefined;
  const from = operation.operands.map(slot);
  const [a = 0, b = 0, c = 0] = from;
  const to = slot(result);
  if (operation.name === 'constant') {
    const value = scalarOf(readConstant(operation.attributes.get('value')).tensor.data, dtype);
    return (slots) => (slots[to] = value);
  }
  if (operation.name === 'compare') {
    const holds = comparison(operation);
    return holds && ((slots) => (slots[to] = Number(holds(slots[a] as Scalar, slots[b] as Scalar))));
  }
  if (operation.name === 'select') {
    return (slots) => (slots[to] = (slots[a] === 0 ? slots[c] : slots[b]) as Scalar);
  }
  const apply = FUNCTIONS[operation.name];
  const round = rounding(dtype);
  return apply && ((slots) => (slots[to] = round(apply(slots[a] as never, slots[b] as never))));
}

/** Ops on elements of one dtype. */
const FUNCTIONS: Readonly<Record<string, (a: never, b: never) => Scalar>> = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => a / b,
  maximum: (a: number, b: number) => (a !== a || a > b ? a : b),
  minimum: (a: number, b: number) => (a !== a || a < b ? a : b),
  and: (a: number, b: number) => a & b,
  or: (a: number, b: number) => a | b,
  xor: (a: number, b: number) => a ^ b,
  not: (a: number) => Number(a === 0),
  negate: (a: number) => -a,
  abs: (a: number) => (a < 0 ? -a : a),
  convert: (a: Scalar) => a,
  reshape: (a: Scalar) => a,
  exponential: (a: number) => Math.exp(a),
  log: (a: number) => Math.log(a),
};

const DIRECTIONS: readonly ((a: Scalar, b: Scalar) => boolean)[] = [
  (a, b) => a === b,
  (a, b) => a !== b,
  (a, b) => a >= b,
  (a, b) => a > b,
  (a, b) => a <= b,
  (a, b) => a < b,
];
const TOTAL_ORDER = 2;

function comparison({ attributes }: HloOperation): ((a: Scalar, b: Scalar) => boolean) | undefined {
  const direction = attributes.get('comparison_direction');
  const type = attributes.get('compare_type');
  const compare = direction?.kind === 'enum' ? DIRECTIONS[direction.value] : undefined;
  const isTotal = type?.kind === 'enum' && type.value === TOTAL_ORDER;
  return compare && isTotal ? (a, b) => compare(totalOrder(a), totalOrder(b)) : compare;
}

const bits = new DataView(new ArrayBuffer(8));

/** -NaN < -infinity < ... < -0 < 0 < ... < infinity < NaN. */
function totalOrder(value: Scalar): Scalar {
  if (typeof value === 'bigint') return value;
  bits.setFloat64(0, value);
  const as = bits.getBigInt64(0);
  return as < 0n ? as ^ 0x7fff_ffff_ffff_ffffn : as;
}

function dtypeOf(type: HloType | undefined): DType | undefined {
  return type?.kind === 'tensor' && type.shape.length === 0 ? type.dtype : undefined;
}

/** Elements of a tensor's data as scalars. */
export function scalarOf(data: unknown, dtype: DType, index = 0): Scalar {
  const value = (data as ArrayLike<Scalar>)[index] as Scalar;
  if (dtype === 'bfloat16') return bfloat16ToFloat32(Number(value));
  return dtype === 'float16' ? float16ToFloat32(Number(value)) : value;
}

/** A scalar as an element of a tensor's data. */
export function elementOf(value: Scalar, dtype: DType): Scalar {
  if (dtype === 'bfloat16') return float32ToBfloat16(Number(value));
  return dtype === 'float16' ? float32ToFloat16(Number(value)) : value;
}

function rounding(dtype: DType): (value: Scalar) => Scalar {
  switch (dtype) {
    case 'float64':
      return Number;
    case 'float32':
      return (value) => Math.fround(Number(value));
    case 'bfloat16':
      return (value) => bfloat16ToFloat32(float32ToBfloat16(Number(value)));
    case 'float16':
      return (value) => float16ToFloat32(float32ToFloat16(Number(value)));
    case 'int64':
      return (value) => BigInt.asIntN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value)) || 0));
    case 'uint64':
      return (value) => BigInt.asUintN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value)) || 0));
    case 'bool':
      return (value) => Number(Number(value) !== 0);
    default: {
      const width = Number(/\d+$/.exec(dtype)?.[0] ?? 32);
      const shift = 32 - width;
      return dtype.startsWith('u')
        ? (value) => ((Math.trunc(Number(value)) << shift) >>> shift) >>> 0
        : (value) => (Math.trunc(Number(value)) << shift) >> shift;
    }
  }
}
