import type { DType } from '@servable/tensor';
import { isCount } from './known-shapes.js';
import type { Inputs } from './shape-rules/shape-rules.js';
import type { Value } from './value.js';

/** How many bits the numbers of a dtype have, beside their sign. */
const BITS: Partial<Record<DType, number>> = {
  bool: 1,
  int8: 7,
  uint8: 8,
  int16: 15,
  uint16: 16,
  int32: 31,
  uint32: 32,
  int64: 63,
  uint64: 64,
};

/** Constants of more elements are not looked at. */
const MAX_LOOKED_AT = 1024;

/** All elements of an integer tensor are between -2^bits and 2^bits; undefined for other tensors. */
export function bitsOf(value: Value): number | undefined {
  const most = BITS[value.dtype];
  if (most === undefined) return undefined;
  return Math.min(most, value.bits ?? most, ofConstant(value) ?? most, isShape(value) ? 31 : most);
}

/** Sizes of dimensions, and what is counted: none has more than 2^31. */
const isShape = ({ elements }: Value): boolean =>
  elements?.every((dim) => isCount(dim) || typeof dim === 'number') ?? false;

function ofConstant({ constant }: Value): number | undefined {
  if (constant === undefined || constant.size > MAX_LOOKED_AT) return undefined;
  const sizes = Array.from(constant.data as ArrayLike<number | bigint>, (element) => Math.abs(Number(element)));
  return Math.ceil(Math.log2(Math.max(0, ...sizes) + 1));
}

/** Ops whose outputs hold elements of their first input alone. */
const MOVES = new Set(
  'Identity Cast Reshape Unsqueeze Squeeze Transpose Slice Split Gather GatherND GatherElements Tile Expand ReduceMax ReduceMin'.split(
    ' ',
  ),
);
/** Those whose outputs hold elements of several inputs. */
const CHOICES: Readonly<Record<string, number>> = { Concat: 0, Max: 0, Min: 0, Where: 1 };
/** Those that make counts and positions. */
const COUNTS = new Set(['Shape', 'Size', 'NonZero', 'ArgMax', 'ArgMin']);

/** {@link bitsOf} the outputs of an op; undefined when no more is known than their dtype says. */
export function outputBits(op: string, inputs: Inputs): number | undefined {
  if (COUNTS.has(op)) return 31;
  const [first, second] = inputs;
  if (first === undefined) return undefined;
  if (MOVES.has(op)) return bitsOf(first);
  const from = CHOICES[op];
  if (from !== undefined) {
    const bits = inputs.slice(from).map((input) => input && bitsOf(input));
    return bits.every((each) => each !== undefined) ? Math.max(...bits) : undefined;
  }
  if (op === 'BitwiseAnd') return second?.constant && isPositive(second) ? bitsOf(second) : undefined;
  if (op === 'Div' && second?.constant?.size === 1 && isPositive(second)) {
    const [bits, divisor] = [bitsOf(first), Number(second.constant.data[0])];
    return bits === undefined ? undefined : Math.max(0, bits - Math.floor(Math.log2(divisor)));
  }
  return undefined;
}

const isPositive = ({ constant }: Value): boolean =>
  Array.from((constant?.data ?? []) as ArrayLike<number | bigint>).every((element) => element > 0);
