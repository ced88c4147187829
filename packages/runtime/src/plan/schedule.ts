import type { Plan, PlanStep } from '@servable/savedmodel';

/** One step of a schedule. */
export interface ScheduledStep {
  /** Index into the plan's steps. */
  readonly index: number;
  /** The outputs of the step that something needs, in the step's order. */
  readonly fetches: readonly string[];
  /** Which of the fetched values the host or the caller needs as tensors. */
  readonly tensors: ReadonlySet<string>;
  /** Whether a later native island needs one of them. */
  readonly feedsIsland: boolean;
  /** Values that nothing needs after this step. */
  readonly dead: readonly string[];
}

/** The parts of a plan that order and use depend on. */
export type Dataflow = {
  readonly steps: readonly Pick<PlanStep, 'kind' | 'inputs' | 'outputs'>[];
} & Pick<Plan, 'constants'>;

/** What has to run, in order, to know `wanted`; steps that only other values need are left out. */
export function schedule(plan: Dataflow, wanted: ReadonlySet<string>): readonly ScheduledStep[] {
  const needed = new Set(wanted);
  const asTensor = new Set(wanted);
  const byIsland = new Set<string>();
  const lastUse = new Map<string, number>();
  const chosen: ScheduledStep[] = [];
  for (let index = plan.steps.length - 1; index >= 0; index--) {
    const step = plan.steps[index];
    const fetches = step?.outputs.filter((value) => needed.has(value)) ?? [];
    if (step === undefined || fetches.length === 0) continue;
    const dead: string[] = [];
    for (const value of step.inputs) {
      needed.add(value);
      if (!lastUse.has(value)) {
        lastUse.set(value, index);
        if (!wanted.has(value) && !plan.constants.has(value)) dead.push(value);
      }
    }
    // Outputs of a step are used after it, so what their users need is known by now.
    chosen.push({
      index,
      fetches,
      tensors: new Set(fetches.filter((value) => asTensor.has(value))),
      feedsIsland: fetches.some((value) => byIsland.has(value)),
      dead,
    });
    for (const value of step.inputs) (step.kind === 'native' ? byIsland : asTensor).add(value);
  }
  return chosen.reverse();
}
