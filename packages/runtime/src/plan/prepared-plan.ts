import type { NativeIsland, Plan, PlanStep } from '@servable/savedmodel';
import type { PreparedWeights } from '../session/with-weights.js';

/** A native island whose weights have been read. */
export interface PreparedIsland extends Omit<NativeIsland, 'weights'> {
  readonly weights: PreparedWeights;
}

/** A plan, the weights of whose islands may have been read. */
export interface PreparedPlan extends Omit<Plan, 'steps'> {
  readonly steps: readonly (PlanStep | PreparedIsland)[];
}
