import type { DType } from '@servable/tensor';
import { isComplex } from '../../kernels/elements.js';
import type { Value } from '../../onnx/value.js';
import type { HloBlock } from '../hlo.js';
import type { HloContext } from './context.js';
import { HloFamily } from './registry.js';
import type { HloLowered } from './spread.js';
import { positionOfExtreme } from './position-of-extreme.js';
import { reduceOnHost } from './reduce-on-host.js';
import { tfBool } from './tf-attributes.js';

/** Reductions over whole dimensions. */
export const reduction = new HloFamily().op('reduce', (context) => {
  const axes = context.ints('dimensions');
  const body = context.region(0);
  const combiner = combinerOf(body);
  if (combiner !== undefined && context.inputCount === 2 && isReducible(context.operandType(0).dtype, combiner)) {
    return reduceWith(context, combiner, axes);
  }
  return positionOfExtreme(context, axes) ?? reduceOnHost(context, axes);
});

function isReducible(dtype: DType, combiner: string): boolean {
  const known = COMBINERS[combiner];
  return known !== undefined && (dtype === 'bool' ? known.forBools !== undefined : known.op !== '');
}

/** Ops that combine two elements, with what reduces by them in TensorFlow and what changes nothing. */
export const COMBINERS: Readonly<
  Record<string, { readonly op: string; readonly forBools?: string; readonly neutral: number }>
> = {
  add: { op: 'Sum', forBools: 'Any', neutral: 0 },
  multiply: { op: 'Prod', forBools: 'All', neutral: 1 },
  maximum: { op: 'Max', forBools: 'Any', neutral: -Infinity },
  minimum: { op: 'Min', forBools: 'All', neutral: Infinity },
  and: { op: '', forBools: 'All', neutral: 1 },
  or: { op: '', forBools: 'Any', neutral: 0 },
};

/** The op that a block applies to its two arguments, if it does nothing else. */
export function combinerOf({ arguments: args, operations }: HloBlock): string | undefined {
  const [first, last] = operations;
  if (operations.length !== 2 || first === undefined || last?.name !== 'return' || args.length !== 2) return undefined;
  const takesBoth = first.operands.length === 2 && args.every((argument) => first.operands.includes(argument));
  return takesBoth && last.operands[0] === first.results[0] ? first.name : undefined;
}

function reduceWith(context: HloContext, combiner: string, axes: readonly number[]): HloLowered {
  const { builder } = context;
  const known = COMBINERS[combiner];
  const x = context.input(0);
  const initial = context.input(1);
  const isBool = x.dtype === 'bool';
  const op = isBool ? known?.forBools : known?.op;
  if (known === undefined || op === undefined || op === '')
    throw context.refuse(`it reduces ${x.dtype} by ${combiner}`);
  const reduced = axes.length === 0 ? x : context.tf(op, [x, builder.ints(axes)], { keep_dims: tfBool(false) });
  if (isNeutral(initial, known.neutral)) return reduced;
  return context.tf(operationOf(combiner, isBool), [reduced, initial]);
}

export function operationOf(combiner: string, isBool: boolean): string {
  if (combiner === 'add') return isBool ? 'LogicalOr' : 'AddV2';
  if (combiner === 'multiply') return isBool ? 'LogicalAnd' : 'Mul';
  if (combiner === 'maximum') return isBool ? 'LogicalOr' : 'Maximum';
  if (combiner === 'minimum') return isBool ? 'LogicalAnd' : 'Minimum';
  return combiner === 'and' ? 'LogicalAnd' : 'LogicalOr';
}

/** Whether combining with a value changes nothing. */
export function isNeutral({ constant, dtype }: Value, neutral: number): boolean {
  if (constant === undefined || isComplex(dtype)) return false;
  const value = Number((constant.data as ArrayLike<number | bigint>)[0]);
  if (dtype === 'bfloat16' || dtype === 'float16') return halfIs(dtype, value, neutral);
  return value === neutral || (!Number.isFinite(neutral) && value === limitOf(dtype, neutral));
}

/** Halves by their bits. */
function halfIs(dtype: DType, bits: number, value: number): boolean {
  const of: Readonly<Record<number, number>> =
    dtype === 'bfloat16'
      ? { 0: 0, 0x3f80: 1, 0x7f80: Infinity, 0xff80: -Infinity }
      : { 0: 0, 0x3c00: 1, 0x7c00: Infinity, 0xfc00: -Infinity };
  return of[bits] === value;
}

const WIDTHS: Readonly<Partial<Record<DType, number>>> = { bool: 1, int8: 8, int16: 16, int32: 32, int64: 64 };

/** What stands for infinity among integers. */
function limitOf(dtype: DType, sign: number): number | undefined {
  const width = WIDTHS[dtype];
  if (width !== undefined && width > 1) return sign < 0 ? -(2 ** (width - 1)) : Number(2n ** BigInt(width - 1) - 1n);
  if (dtype.startsWith('uint')) return sign < 0 ? 0 : Number(2n ** BigInt(dtype.slice(4)) - 1n);
  return undefined;
}
