import { availableParallelism } from 'node:os';
import type { BranchStep, LoopStep, Plan, PlanValue, Subplan } from '@servable/savedmodel';
import { dtypeInfo, Tensor } from '@servable/tensor';
import { RuntimeError } from '../runtime-error.js';
import type { CallOptions } from '../session/interruption.js';

/** What runs the body of a branch or loop: a runner of the plan that {@link planOfBody} gives. */
export interface BodyRunner {
  readonly plan: Pick<Plan, 'inputs' | 'outputs'>;
  run(
    inputs: ReadonlyMap<string, Tensor>,
    aliases: readonly string[],
    options: CallOptions,
  ): Promise<ReadonlyMap<string, Tensor>>;
  close(): Promise<void>;
}

/** A branch whose bodies can run. */
export interface RunnableBranch extends Omit<BranchStep, 'whenTrue' | 'whenFalse'> {
  readonly whenTrue: BodyRunner;
  readonly whenFalse: BodyRunner;
}

/** A loop whose body can run. */
export interface RunnableLoop extends Omit<LoopStep, 'body'> {
  readonly body: BodyRunner;
}

/** The names of a body's inputs and outputs are their positions, since one value may stand for several of them. */
export function planOfBody(
  { inputs, captured, outputs, effects, steps }: Subplan,
  { signatureName, signatureDef }: Pick<Plan, 'signatureName' | 'signatureDef'>,
): Plan {
  const numbered = (values: readonly PlanValue[]) => values.map((value, i) => ({ alias: String(i), ...value }));
  const outside = captured.map((value) => ({ alias: value.value, ...value }));
  return {
    signatureName,
    signatureDef,
    inputs: [...numbered(inputs), ...outside],
    outputs: numbered(outputs),
    constants: new Map(),
    steps,
    effects,
  };
}

/** What a step that the plan runs itself is given. */
export interface ControlCall {
  /** A value of the plan around. */
  tensor(name: string): Tensor;
  /** What is left of the call's limits. @throws RuntimeError when nothing is */
  left(): CallOptions;
}

/** Runs a branch or loop; its outputs in order. */
export async function runControlStep(
  step: RunnableBranch | RunnableLoop,
  call: ControlCall,
): Promise<readonly Tensor[]> {
  const results = step.kind === 'if' ? await runBranch(step, call) : await runLoop(step, call);
  // What is behind the results marks that the step has run.
  return step.outputs.map((_, i) => results[i] ?? new Tensor('bool', [0], new Uint8Array()));
}

async function runBranch(step: RunnableBranch, call: ControlCall): Promise<readonly Tensor[]> {
  const body = call.tensor(step.condition).data[0] ? step.whenTrue : step.whenFalse;
  return runBody(body, [], call);
}

/** Host ops and short islands end without giving way to anything else; after this many milliseconds a loop does. */
const TURN_MS = 10;
/** Enough that while some wait for a thread, others have one; each holds what its iteration needs in memory. */
const ITERATIONS_AT_ONCE = 2 * availableParallelism();

/** When a loop gives way to others. */
class Turns {
  #start = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#start > TURN_MS;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#start = performance.now();
  }
}

async function runLoop(step: RunnableLoop, call: ControlCall): Promise<readonly Tensor[]> {
  const count = step.count === undefined ? Infinity : Number(call.tensor(step.count).data[0]);
  let goesOn = step.condition === undefined || Boolean(call.tensor(step.condition).data[0]);
  const hasCondition = step.condition === undefined ? 0 : 1;
  let carried = step.initial.map((name) => call.tensor(name));
  const stacks = step.body.plan.outputs.slice(hasCondition + carried.length).map((value) => ({
    value,
    rows: [] as Tensor[],
  }));
  if (step.independent === true && count > 1) {
    const results = await runIndependent(step, count, call);
    stacks.forEach(({ rows }, k) => rows.push(...results.map((row) => row[k] as Tensor)));
    return stacks.map(({ value, rows }) => stackRows(step, value, rows));
  }
  const turns = new Turns();
  for (let i = 0; goesOn && i < count; i++) {
    if (turns.isOver) await turns.next();
    const results = await runBody(step.body, [iterationNumber(i), ...carried], call);
    if (hasCondition === 1) goesOn = Boolean(results[0]?.data[0]);
    carried = results.slice(hasCondition, hasCondition + carried.length);
    stacks.forEach(({ rows }, k) => rows.push(results[hasCondition + carried.length + k] as Tensor));
  }
  return [...carried, ...stacks.map(({ value, rows }) => stackRows(step, value, rows))];
}

/** Runs iterations that do not depend on each other, several at a time; their outputs in order. */
async function runIndependent(step: RunnableLoop, count: number, call: ControlCall): Promise<Tensor[][]> {
  const results: Tensor[][] = [];
  let next = 0;
  let failed = Infinity;
  let failure: unknown;
  const turns = new Turns();
  const lane = async () => {
    while (next < count && failed === Infinity) {
      const i = next++;
      try {
        if (turns.isOver) await turns.next();
        results[i] = await runBody(step.body, [iterationNumber(i)], call);
      } catch (error) {
        // Of several that fail the first is told, as if they ran one after the other.
        if (i < failed) [failed, failure] = [i, error];
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, ITERATIONS_AT_ONCE) }, lane));
  if (failed < Infinity) throw failure;
  return results;
}

const iterationNumber = (i: number) => new Tensor('int64', [], BigInt64Array.of(BigInt(i)));

async function runBody(body: BodyRunner, given: readonly Tensor[], call: ControlCall): Promise<Tensor[]> {
  const inputs = new Map<string, Tensor>();
  body.plan.inputs.forEach(({ alias, value }, i) => inputs.set(alias, given[i] ?? call.tensor(value)));
  const aliases = body.plan.outputs.map((output) => output.alias);
  const outputs = await body.run(inputs, aliases, call.left());
  return aliases.map((alias) => outputs.get(alias) as Tensor);
}

/** @throws RuntimeError INVALID_ARGUMENT when the iterations disagree on the shape */
function stackRows(step: RunnableLoop, { dtype, shape }: PlanValue, rows: readonly Tensor[]): Tensor {
  const [first] = rows;
  const rowShape = first?.shape ?? shape?.map((dim) => dim ?? 0) ?? [];
  const other = rows.find((row) => row.shape.join() !== rowShape.join());
  if (other !== undefined) {
    throw new RuntimeError(
      'INVALID_ARGUMENT',
      'RAGGED_LOOP',
      `Loop ${step.node} stacks what its iterations return: expected shape [${rowShape.join()}] as in the first, ` +
        `given [${other.shape.join()}]`,
    );
  }
  const whole = [rows.length, ...rowShape];
  const { array, lanes } = dtypeInfo(dtype);
  if (array === undefined) {
    return new Tensor(
      dtype,
      whole,
      rows.flatMap((row) => row.data as unknown as Uint8Array[]),
    );
  }
  const size = rowShape.reduce((a, b) => a * b, 1) * lanes;
  const data = new array(size * rows.length) as Uint8Array;
  rows.forEach((row, i) => data.set(row.data as Uint8Array, i * size));
  return new Tensor(dtype, whole, data as never);
}
