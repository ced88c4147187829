import type { HloBlock, HloOperation, HloValue } from '../hlo.js';

/** What a loop of StableHLO is, as far as its blocks tell. */
export interface LoopShape {
  /** Positions of values that every iteration leaves as they are. */
  readonly kept: ReadonlySet<number>;
  /** The position of the value that counts by one, and what it has to stay below; undefined in other loops. */
  readonly counter: { readonly position: number; readonly limit: HloValue } | undefined;
  /** Values of which iteration `i` writes row `i` and nothing reads a row: the rows, by position. */
  readonly rows: ReadonlyMap<number, HloOperation>;
}

/** Finds what JAX makes of `scan` and `fori_loop`: a count, and results that are written row by row. */
export function loopShape(condition: HloBlock, body: HloBlock): LoopShape {
  const results = body.operations.at(-1)?.operands ?? [];
  const kept = new Set(body.arguments.flatMap((argument, i) => (results[i] === argument ? [i] : [])));
  const counter = findCounter(condition, body, results);
  const rows = new Map<number, HloOperation>();
  if (counter !== undefined) {
    const count = body.arguments[counter.position];
    for (const [i, argument] of body.arguments.entries()) {
      const update = results[i]?.operation;
      if (update?.name === 'dynamic_update_slice' && isRow(update, argument, count, body)) rows.set(i, update);
    }
  }
  return { kept, counter, rows };
}

const LESS_THAN = 5;

function findCounter(condition: HloBlock, body: HloBlock, results: readonly HloValue[]): LoopShape['counter'] {
  const test = condition.operations.at(-1)?.operands[0]?.operation;
  const direction = test?.attributes.get('comparison_direction');
  const [counted, limit] = test?.operands ?? [];
  if (test?.name !== 'compare' || direction?.kind !== 'enum' || direction.value !== LESS_THAN) return undefined;
  const position = counted === undefined ? -1 : condition.arguments.indexOf(counted);
  const argument = body.arguments[position];
  const step = results[position]?.operation;
  if (limit === undefined || argument === undefined || step?.name !== 'add') return undefined;
  const other = step.operands[0] === argument ? step.operands[1] : step.operands[0];
  return step.operands.includes(argument) && isOne(other) ? { position, limit } : undefined;
}

/** The integer 1, as a constant of its own. */
function isOne(value: HloValue | undefined): boolean {
  const attribute = value?.operation?.name === 'constant' ? value.operation.attributes.get('value') : undefined;
  if (attribute?.kind !== 'tensor' || attribute.type.kind !== 'tensor') return false;
  if (!attribute.type.dtype.includes('int') || attribute.type.shape.length > 0) return false;
  return attribute.data[0] === 1 && attribute.data.subarray(1).every((byte) => byte === 0);
}

function isRow(update: HloOperation, argument: HloValue, count: HloValue | undefined, body: HloBlock): boolean {
  const [whole, row, first, ...others] = update.operands;
  if (whole !== argument || first === undefined || row?.type.kind !== 'tensor' || argument.type.kind !== 'tensor') {
    return false;
  }
  const sizes = argument.type.shape;
  const isOneRow = row.type.shape.every((size, axis) =>
    axis === 0 ? size === 1 : size !== null && size === sizes[axis],
  );
  if (!isOneRow || sizes[0] === null || !others.every(isZeroOrWrapped)) return false;
  return isCount(first, count) && usesOf(argument, body) === 1;
}

/** The counter, or what `jnp` makes of it where it might be negative: `i < 0 ? i + n : i`. */
function isCount(value: HloValue, count: HloValue | undefined): boolean {
  if (value === count) return true;
  const select = value.operation;
  if (select?.name !== 'select') return select?.name === 'convert' && isCount(select.operands[0] as HloValue, count);
  const test = select.operands[0]?.operation;
  const direction = test?.attributes.get('comparison_direction');
  const isNegative =
    test?.name === 'compare' &&
    direction?.kind === 'enum' &&
    direction.value === LESS_THAN &&
    test.operands[0] === count;
  return isNegative && isZeroOrWrapped(test.operands[1] as HloValue) && select.operands[2] === count;
}

/** Zero; the update has the whole size, so that any other start would be moved there. */
function isZeroOrWrapped(value: HloValue): boolean {
  const attribute = value.operation?.name === 'constant' ? value.operation.attributes.get('value') : undefined;
  return attribute?.kind === 'tensor' && attribute.data.every((byte) => byte === 0);
}

function usesOf(value: HloValue, block: HloBlock): number {
  let uses = 0;
  for (const { operands, regions } of block.operations) {
    uses += operands.filter((operand) => operand === value).length;
    for (const region of regions) uses += usesOf(value, region);
  }
  return uses;
}
