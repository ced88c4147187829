import { stringTensor, type Tensor } from '@servable/tensor';
import { zeros } from '../kernels/elements.js';
import type { Builder } from './builder.js';
import type { Check } from './check.js';
import type { LoopParts } from './loop-parts.js';
import type { Value } from './value.js';

/** A check of a body as the graph around the body sees it. */
interface Handed {
  readonly check: Check;
  /** Which of its inputs come out of the body; constants are there anyway. */
  readonly varying: readonly Value[];
}

function handed(inner: Builder): readonly Handed[] {
  return inner.checks.map((check) => ({
    check,
    varying: check.inputs.filter(({ constant }) => constant === undefined),
  }));
}

/** The check after the loop or branch that it stands in, with what has come out. */
function outside({ check }: Handed, [holds, ...varying]: readonly Value[]): Check {
  let at = 0;
  const inputs = check.inputs.map((input) => (input.constant === undefined ? (varying[at++] as Value) : input));
  return { ...check, holds: holds as Value, inputs };
}

const widthOf = ({ varying }: Handed): number => varying.length + 1;

/**
 * Hands the checks in the body of a loop out of it: whether each has held so far is a variable of the loop, and so is what
 * the first failure shows. A failure ends the loop if it has a condition, which may count on it. Otherwise the loop goes on,
 * since what follows counts on all of its iterations.
 */
export function carryChecks(
  builder: Builder,
  inner: Builder,
  condition: LoopParts['condition'],
): {
  readonly carried: LoopParts['carried'];
  readonly condition: LoopParts['condition'];
  readonly checks: (outputs: readonly Value[]) => readonly Check[];
} {
  const all = handed(inner);
  let next = condition?.next;
  const carried = all.flatMap(({ check, varying }) => {
    const ok = inner.input(`${inner.origin}/holds`, 'bool', []);
    const holds = inner.emit('And', [ok, check.holds]);
    if (next !== undefined) next = inner.emit('And', [next, holds]);
    const variable = (value: Value) => {
      const parameter = inner.input(`${inner.origin}/asserted`, value.dtype, value.shape);
      const { dtype, shape } = value;
      const first = inner.emit('Where', [ok, value, parameter], {}, { dtype, shape });
      return { initial: builder.constant(nothing(value)), parameter, next: first };
    };
    return [{ initial: builder.scalar('bool', 1), parameter: ok, next: holds }, ...varying.map(variable)];
  });
  const checks = (outputs: readonly Value[]) => {
    let at = 0;
    return all.map((each) => outside(each, outputs.slice(at, (at += widthOf(each)))));
  };
  return { carried, condition: condition && next && { ...condition, next }, checks };
}

/** Hands the checks in both sides of a branch out of it: those of the side that does not run hold. */
export function mergeChecks([a, b]: readonly [Builder, Builder]): {
  readonly pairs: readonly (readonly [Value, Value])[];
  readonly checks: (outputs: readonly Value[]) => readonly Check[];
} {
  const sides = [handed(a), handed(b)] as const;
  const values = (side: readonly Handed[]) => side.flatMap(({ check, varying }) => [check.holds, ...varying]);
  const holding = (side: readonly Handed[], other: Builder) =>
    side.flatMap(({ varying }) => [other.scalar('bool', 1), ...varying.map((value) => other.constant(nothing(value)))]);
  const [yes, no] = [
    [...values(sides[0]), ...holding(sides[1], a)],
    [...holding(sides[0], b), ...values(sides[1])],
  ];
  const checks = (outputs: readonly Value[]) => {
    let at = 0;
    return sides.flat().map((each) => outside(each, outputs.slice(at, (at += widthOf(each)))));
  };
  return { pairs: yes.map((value, i) => [value, no[i] as Value] as const), checks };
}

/** What stands where no failure has shown anything. */
function nothing({ dtype, shape = [] }: Value): Tensor {
  const dims = shape.map(Number);
  if (dtype !== 'string') return zeros(dtype, dims);
  return stringTensor(dims, Array<string>(dims.reduce((size, dim) => size * dim, 1)).fill(''));
}
