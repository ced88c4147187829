import type { NativeIsland, Plan, PlanStep } from '@servable/savedmodel';
import type { PreparedWeights } from '../session/with-weights.js';
import type { IslandIdentity } from './island-identity.js';

/** A native island whose weights have been read. */
export interface PreparedIsland extends Omit<NativeIsland, 'weights'> {
  readonly weights: PreparedWeights;
  /** Where the weights come from. */
  readonly origins: IslandIdentity['origins'];
}

/** A native island that computes what one of the model's sessions does. */
export interface SharedIsland extends Pick<NativeIsland, 'kind' | 'inputs' | 'outputs'> {
  readonly shared: {
    /** The number of the session. */
    readonly number: number;
    /** What the session calls the island's inputs and outputs. */
    readonly names: ReadonlyMap<string, string>;
  };
}

/** A plan, the weights of whose islands may have been read. */
export interface PreparedPlan extends Omit<Plan, 'steps'> {
  readonly steps: readonly (PlanStep | PreparedIsland | SharedIsland)[];
}
