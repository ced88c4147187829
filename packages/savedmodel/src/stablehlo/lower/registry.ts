import type { HloContext } from './context.js';
import type { HloLowered } from './spread.js';

/** Lowers one op of StableHLO. */
export type HloLowering = (context: HloContext) => HloLowered | readonly HloLowered[];

/** The StableHLO ops of one file. */
export class HloFamily {
  readonly lowerings = new Map<string, HloLowering>();

  /** @param names - ops, separated by blanks, that share a lowering */
  op(names: string, lowering: HloLowering): this {
    for (const name of names.split(/\s+/)) this.lowerings.set(name, lowering);
    return this;
  }
}
