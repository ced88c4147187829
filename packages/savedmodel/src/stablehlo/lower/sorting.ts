import type { HloBlock, HloValue } from '../hlo.js';
import type { Value } from '../../onnx/value.js';
import type { HloContext } from './context.js';
import { sortTensors, type LineReader } from './host-programs.js';
import { HloFamily } from './registry.js';
import { scalarProgram, type Scalar, type ScalarProgram } from './scalar-program.js';

/** Sorting, by any comparator. */
export const sorting = new HloFamily().op('sort', (context) => {
  const axis = context.int('dimension');
  const block = context.region(0);
  const program = scalarProgram(block);
  if (program === undefined) throw context.refuse('its comparator is none of those that the compiler knows');
  const inputs = context.inputs();
  const specs = inputs.map(({ dtype, shape }) => ({ dtype, shape }));
  const comparator = comparatorOf(context, block, program);
  return context.builder.host('stablehlo.sort', inputs, specs, (tensors) => sortTensors(tensors, axis, comparator));
});

type Comparator = (lines: readonly LineReader[]) => (a: number, b: number) => number;

function comparatorOf(context: HloContext, block: HloBlock, program: ScalarProgram): Comparator {
  const key = keyOf(block);
  const direction = key === undefined ? undefined : directionOf(program, block, key);
  if (key !== undefined && direction !== undefined && isPlainNumber(context.operandType(key).dtype)) {
    return (lines) => {
      const read = lines[key] as (position: number) => number;
      return (i, j) => ordered(read(i), read(j)) * direction;
    };
  }
  const args: Scalar[] = [];
  const isBefore = (lines: readonly LineReader[], i: number, j: number) => {
    lines.forEach((line, k) => {
      args[2 * k] = line(i);
      args[2 * k + 1] = line(j);
    });
    return program(args)[0] !== 0;
  };
  return (lines) => (i, j) => (isBefore(lines, i, j) ? -1 : isBefore(lines, j, i) ? 1 : 0);
}

function isPlainNumber(dtype: Value['dtype']): boolean {
  return dtype !== 'int64' && dtype !== 'uint64';
}

/** NaN is greater than all, and equal to itself. */
function ordered(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : Number(a !== a) - Number(b !== b);
}

/** Elements of which a comparator must have the order. */
const SAMPLES = [-Infinity, -3, -1, -0, 0, 2, 5, Infinity, NaN];

/** 1 for a comparator that sorts upwards by one tensor, -1 for one that sorts downwards. */
function directionOf(program: ScalarProgram, block: HloBlock, key: number): 1 | -1 | undefined {
  const follows = (direction: number) =>
    SAMPLES.every((a) =>
      SAMPLES.every((b) => {
        const args = new Array<Scalar>(block.arguments.length).fill(0);
        [args[2 * key], args[2 * key + 1]] = [a, b];
        return (program(args)[0] !== 0) === ordered(a, b) * direction < 0;
      }),
    );
  return follows(1) ? 1 : follows(-1) ? -1 : undefined;
}

/** The only tensor that a comparator looks at. */
function keyOf(block: HloBlock): number | undefined {
  const keys = new Set<number>();
  const pending: (HloValue | undefined)[] = [block.operations.at(-1)?.operands[0]];
  const seen = new Set<HloValue>();
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    const argument = block.arguments.indexOf(value);
    if (argument >= 0) keys.add(argument >> 1);
    pending.push(...(value.operation?.operands ?? []));
  }
  const [key] = keys;
  return keys.size === 1 ? key : undefined;
}
