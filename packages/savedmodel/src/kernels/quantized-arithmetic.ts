import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { broadcast, broadcastOffsets, doublesOf, invalidRequest, sizeOf, tensorOf } from './elements.js';
import { clampedStepOf, limitsOf, numberOf, stepOf } from './quantized-numbers.js';

const { abs, fround, imul, max, min } = Math;

/** An operand: uint8 and the range that they stand for. */
interface Operand {
  readonly bytes: ArrayLike<number>;
  readonly least: number;
  readonly most: number;
}

function operands(x: Tensor, y: Tensor, ranges: readonly Tensor[]): readonly [Operand, Operand] {
  const scalar = (index: number) => {
    const tensor = ranges[index];
    if (tensor?.rank === 0) return doublesOf(tensor)[0]!;
    throw invalidRequest('NOT_A_SCALAR', `expected ranges that are scalars, got one of rank ${tensor?.rank}`);
  };
  return [x, y].map(({ data }, i) => {
    const [least, most] = [scalar(i * 2), scalar(i * 2 + 1)];
    if (!(most > least)) {
      throw invalidRequest(
        'EMPTY_RANGE',
        `expected ranges whose maximum is greater than their minimum, got ${least} to ${most}`,
      );
    }
    return { bytes: data as Uint8Array, least, most };
  }) as unknown as readonly [Operand, Operand];
}

/** Groups of neighbouring dimensions in which the same operand repeats (tensorflow/core/util/bcast.h). */
function groups(x: readonly number[], y: readonly number[]): number {
  let count = 0;
  let before: string | undefined;
  for (let i = 1; i <= max(x.length, y.length); i++) {
    const [a, b] = [x.at(-i) ?? 1, y.at(-i) ?? 1];
    if (a === 1 && b === 1) continue;
    const state = a === b ? 'same' : a === 1 ? 'x repeats' : 'y repeats';
    if (state !== before) count++;
    before = state;
  }
  return count;
}

/** `f` of each pair of elements, which TensorFlow finds by counting the smaller operand through again and again. */
function combine(x: Tensor, y: Tensor, f: (i: number, j: number) => number): Tensor {
  const shape = broadcast(x.shape, y.shape);
  const result = new Int32Array(sizeOf(shape));
  const kinds = groups(x.shape, y.shape);
  if (kinds > 2) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_BROADCAST',
      `Broadcast between [${x.shape.join(', ')}] and [${y.shape.join(', ')}] is not supported.`,
    );
  }
  if (kinds === 2 && min(x.size, y.size) === 0) {
    throw invalidRequest('NO_ELEMENTS', 'expected operands of one element or more, got none');
  }
  if (max(x.size, y.size) === result.length && result.length > 0) {
    for (let i = 0; i < result.length; i++) result[i] = f(i % x.size, i % y.size);
  } else {
    const [ofX, ofY] = [broadcastOffsets(x.shape, shape), broadcastOffsets(y.shape, shape)];
    for (let i = 0; i < result.length; i++) result[i] = f(ofX?.[i] ?? i, ofY?.[i] ?? i);
  }
  return tensorOf('qint32', shape, result);
}

const scalar = (value: number) => tensorOf('float32', [], Float32Array.of(value));

/** tensorflow/core/kernels/quantized_add_op.cc */
export function quantizedAdd(x: Tensor, y: Tensor, ranges: readonly Tensor[]): readonly Tensor[] {
  const [a, b] = operands(x, y, ranges);
  const widest = max(abs(min(a.least, b.least)), abs(max(a.most, b.most)));
  const most = fround(widest * 2 ** 14);
  const [low, high] = limitsOf('qint32');
  const alone = groups(x.shape, y.shape) <= 1;
  const table = ({ least, most: top }: Operand, isScalar: boolean) => {
    const at = (step: number) => numberOf('quint8', step, least, top);
    const [zero, one] = [stepOf('qint32', at(0), -most, most), stepOf('qint32', at(1), -most, most)];
    return Int32Array.from({ length: 256 }, (_, step) =>
      isScalar ? clampedStepOf('qint32', at(step), -most, most) : min(max(zero + step * ((one - zero) | 0), low), high),
    );
  };
  const first = table(a, alone && x.size === 1);
  const second = table(b, alone && x.size !== 1 && y.size === 1);
  const sum = combine(x, y, (i, j) => (first[a.bytes[i]!]! + second[b.bytes[j]!]!) | 0);
  return [sum, scalar(-most), scalar(most)];
}

/** tensorflow/core/kernels/quantized_mul_op.cc */
export function quantizedMultiply(x: Tensor, y: Tensor, ranges: readonly Tensor[]): readonly Tensor[] {
  const [a, b] = operands(x, y, ranges);
  const zero = ({ least, most }: Operand) => stepOf('quint8', 0, least, most) | 0;
  const [zeroOfX, zeroOfY] = [zero(a), zero(b)];
  const product = combine(x, y, (i, j) => imul(a.bytes[i]! - zeroOfX, b.bytes[j]! - zeroOfY));
  const level = ({ least, most }: Operand) => fround(fround(most - least) / 255);
  const step = fround(level(a) * level(b));
  return [product, scalar(fround(step * -(2 ** 31))), scalar(fround(step * 2 ** 31))];
}
