import type { Value } from '../../onnx/value.js';
import { inComputeDType, isFloat } from '../../ops/dtypes.js';
import type { HloBlock, HloValue } from '../hlo.js';
import type { HloContext } from './context.js';
import { scalarProgram, type Scalar } from './scalar-program.js';
import { tfType } from './tf-attributes.js';

/** Elements that tell one rule from another. */
const SAMPLES = [-1, 0, 2];

/** Which of two elements, with their positions, a block takes, if it takes the extreme one and the first of equals. */
function ruleOf(body: HloBlock, isBig: boolean): 'ArgMax' | 'ArgMin' | undefined {
  const program = scalarProgram(body);
  if (program === undefined || body.arguments.length !== 4) return undefined;
  const position = (at: number): Scalar => (isBig ? BigInt(at) : at);
  const follows = (better: (a: number, b: number) => boolean): boolean =>
    SAMPLES.every((a) =>
      SAMPLES.every((b) =>
        [
          [0, 1],
          [1, 0],
        ].every(([i = 0, j = 0]) => {
          const takesFirst = better(a, b) || (a === b && i < j);
          const [value, at] = program([a, position(i), b, position(j)]);
          return Number(value) === (takesFirst ? a : b) && Number(at) === (takesFirst ? i : j);
        }),
      ),
    );
  if (follows((a, b) => a > b)) return 'ArgMax';
  return follows((a, b) => a < b) ? 'ArgMin' : undefined;
}

/** Whether a value counts along an axis. */
function countsAlong(value: HloValue | undefined, axis: number): boolean {
  const operation = value?.operation;
  const dimension = operation?.attributes.get('iota_dimension');
  const isIota = operation?.name === 'iota' || operation?.name === 'dynamic_iota';
  return isIota && dimension?.kind === 'integer' && Number(dimension.value) === axis;
}

/** What `argmax` and `argmin` are in StableHLO: the greatest element and its position, reduced side by side. */
export function positionOfExtreme(context: HloContext, axes: readonly number[]): readonly Value[] | undefined {
  const { builder, operation } = context;
  const [axis] = axes;
  if (operation.operands.length !== 4 || axes.length !== 1 || axis === undefined) return undefined;
  if (!countsAlong(operation.operands[1], axis)) return undefined;
  const [of, at] = [context.operandType(0).dtype, context.resultType(1).dtype];
  if (of === 'int64' || of === 'uint64') return undefined;
  const rule = ruleOf(context.region(0), at === 'int64' || at === 'uint64');
  if (rule === undefined) return undefined;
  const x = of === 'bool' ? builder.cast(context.input(0), 'int32') : context.input(0);
  // NaN is as extreme as can be.
  const limit = rule === 'ArgMax' ? Infinity : -Infinity;
  const known = isFloat(of)
    ? inComputeDType(builder, [x], ([value]) => {
        const wide = value as Value;
        return builder.emit('Where', [builder.emit('Equal', [wide, wide]), wide, builder.scalar(wide.dtype, limit)]);
      })
    : x;
  const position = context.tf(rule, [known, builder.scalar('int32', axis)], { output_type: tfType('int64') });
  const extreme = context.tf(rule === 'ArgMax' ? 'Max' : 'Min', [x, builder.ints([axis])]);
  return [builder.cast(extreme, of), builder.cast(position, at)];
}
