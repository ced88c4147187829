import type { DType, Tensor } from '@servable/tensor';
import { integerOf, isComplex } from '../kernels/elements.js';
import {
  diagonalPart,
  diagonalTensor,
  matrixDiagonal,
  matrixDiagonalPart,
  matrixSetDiagonal,
  type DiagonalAlignment,
} from '../kernels/matrix-diagonal.js';
import type { Builder } from '../onnx/builder.js';
import { knownIntegers, unknownShape } from '../onnx/known-shapes.js';
import { sameDim, sameShape, type Shape, type Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { hostValue, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Diagonals and bands of matrices. */
export const matrixDiagonals = new OpFamily('matrix diagonals')
  .native('MatrixDiag MatrixDiagV2 MatrixDiagV3 BatchMatrixDiag', (context) => {
    const [x, k, rows, columns, fill] = context.inputs() as [Value, Value?, Value?, Value?, Value?];
    const asDiagonal = [rows, columns].every((size) => size === undefined || knownIntegers(size)?.[0] === -1);
    const isPlain = fill === undefined || isZero(fill.constant);
    if (asDiagonal && isMain(k) && isPlain && x.shape !== undefined && x.dtype !== 'string') {
      return squareDiagonal(context.builder, x);
    }
    const band = k && knownIntegers(k);
    const single = k === undefined || (band !== undefined && band[0] === band.at(-1));
    const rank = x.shape && (single || band !== undefined ? x.shape.length + (single ? 1 : 0) : undefined);
    return hostValue(
      context,
      context.inputs(),
      { dtype: x.dtype, shape: rank === undefined ? undefined : unknownShape(rank) },
      (diagonal, d, r, c, padding) =>
        matrixDiagonal(diagonal, {
          k: d,
          rows: r && integerOf(r),
          columns: c && integerOf(c),
          fill: padding,
          align: alignment(context),
        }),
    );
  })
  .native('MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 BatchMatrixDiagPart', (context) => {
    const [x, k] = context.inputs() as [Value, Value?];
    if (isMain(k) && isSquare(x) && SUMMED.has(x.dtype)) return mainDiagonal(context.builder, x);
    const band = k && knownIntegers(k);
    const single = k === undefined || (band !== undefined && band[0] === band.at(-1));
    const rank = x.shape && (single || band !== undefined ? x.shape.length - (single ? 1 : 0) : undefined);
    return hostValue(
      context,
      context.inputs(),
      { dtype: x.dtype, shape: rank === undefined ? undefined : unknownShape(rank) },
      (matrix, d, fill) => matrixDiagonalPart(matrix, { k: d, fill, align: alignment(context) }),
    );
  })
  .native('MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 BatchMatrixSetDiag', (context) => {
    const [x, diagonal, k] = context.inputs() as [Value, Value, Value?];
    const fits = sameShape(diagonal.shape, x.shape?.slice(0, -1));
    if (isMain(k) && isSquare(x) && fits && SUMMED.has(x.dtype)) return withDiagonal(context.builder, x, diagonal);
    return hostValue(context, context.inputs(), like(x), (matrix, values, which) =>
      matrixSetDiagonal(matrix, values, which, alignment(context)),
    );
  })
  .native('MatrixBandPart BatchMatrixBandPart', bandPart)
  .host('Diag', (context) => {
    const { dtype, shape } = context.input(0);
    return hostValue(context, context.inputs(), { dtype, shape: shape && [...shape, ...shape] }, (x) =>
      diagonalTensor(x),
    );
  })
  .host('DiagPart', (context) => {
    const { dtype, shape } = context.input(0);
    const half: Shape | undefined = shape?.slice(0, shape.length / 2);
    return hostValue(context, context.inputs(), { dtype, shape: half }, (x) => diagonalPart(x));
  });

/** The second versions of the ops have no such attribute and align to the left. */
function alignment(context: OpContext): DiagonalAlignment {
  const fallback = context.node.op.endsWith('V3') ? 'RIGHT_LEFT' : 'LEFT_LEFT';
  return context.attrs.string('align', fallback) as DiagonalAlignment;
}

function isZero(constant: Tensor | undefined): boolean {
  return (
    constant !== undefined && Array.from(constant.data as ArrayLike<number | bigint>, Number).every((x) => x === 0)
  );
}

/** What the engine adds up and chooses between. */
const SUMMED: ReadonlySet<DType> = new Set<DType>(['float32', 'float64', 'int32', 'int64']);

function isMain(k: Value | undefined): boolean {
  return k === undefined || knownIntegers(k)?.every((d) => d === 0) === true;
}

function isSquare({ shape }: Value): boolean {
  return shape !== undefined && shape.length >= 2 && sameDim(shape.at(-1), shape.at(-2));
}

/** Zeros but on the main diagonal. */
function squareDiagonal(builder: Builder, x: Value): Value {
  const rank = x.shape?.length ?? 1;
  return keepWhere(builder, onDiagonal(builder, x), builder.unsqueeze(x, [rank - 1]));
}

/** Of square matrices. Elsewhere zeros are added, whatever stands there. */
function mainDiagonal(builder: Builder, x: Value): Value {
  const kept = keepWhere(builder, onDiagonal(builder, x), x);
  return builder.emit('ReduceSum', [kept, builder.ints([(x.shape?.length ?? 0) - 1])], { keepdims: 0 });
}

/** Square matrices with other values on the main diagonal. */
function withDiagonal(builder: Builder, x: Value, diagonal: Value): Value {
  const spread = builder.unsqueeze(diagonal, [diagonal.shape?.length ?? 0]);
  return { ...builder.emit('Where', [onDiagonal(builder, x), spread, x]), shape: x.shape };
}

/** Which elements of square matrices, as many rows as `x` has last, stand on the main diagonal. */
function onDiagonal(builder: Builder, x: Value): Value {
  const size = builder.pick(builder.shapeOf(x), -1);
  const counted = builder.emit('Range', [builder.int(0), size, builder.int(1)]);
  return builder.emit('Equal', [builder.unsqueeze(counted, [1]), builder.unsqueeze(counted, [0])]);
}

function keepWhere(builder: Builder, condition: Value, x: Value): Value {
  if (x.dtype === 'bool') return builder.emit('And', [condition, x]);
  if (isComplex(x.dtype)) {
    const { re, im } = builder.complexParts(x);
    return builder.complex({ re: keepWhere(builder, condition, re), im: keepWhere(builder, condition, im) });
  }
  return inComputeDType(builder, [x], ([value]) =>
    builder.emit('Where', [condition, value, builder.scalar((value as Value).dtype, 0)]),
  );
}

/** Zeros outside of the band of `num_lower` diagonals below and `num_upper` above the main one; negative means all. */
function bandPart(context: OpContext): Value {
  const { builder } = context;
  const x = context.input(0);
  const [lower, upper] = [builder.cast(context.input(1), 'int64'), builder.cast(context.input(2), 'int64')];
  const shape = builder.shapeOf(x);
  const count = (axis: -1 | -2) => builder.emit('Range', [builder.int(0), builder.pick(shape, axis), builder.int(1)]);
  const distance = builder.emit('Sub', [builder.unsqueeze(count(-2), [1]), builder.unsqueeze(count(-1), [0])]);
  const within = (limit: Value, value: Value): Value | undefined => {
    const known = knownIntegers(limit)?.[0];
    if (known !== undefined && known < 0) return undefined;
    const near = builder.emit('LessOrEqual', [value, limit]);
    return known === undefined ? builder.emit('Or', [builder.emit('Less', [limit, builder.int(0)]), near]) : near;
  };
  const below = within(lower, distance);
  const above = within(upper, builder.emit('Neg', [distance]));
  if (below === undefined && above === undefined) return x;
  const inside = below === undefined ? above : above === undefined ? below : builder.emit('And', [below, above]);
  return keepWhere(builder, inside as Value, x);
}
