import type { Loader } from '../../servable/loader.js';
import type { Logger } from '../../servable/logger.js';
import { formatServableId, type ServableId } from '../../servable/servable-id.js';
import { ServingError } from '../../servable/serving-error.js';
import { type OnDemandOptions, OnDemandServable } from './on-demand-servable.js';

export interface OnDemandLoaderOptions extends OnDemandOptions {
  readonly id: ServableId;
  /** Is loaded at once, and never leaves while it is aspired. */
  readonly isPinned: boolean;
  readonly logger: Logger;
}

/**
 * What a manager loads for a version that comes into memory on demand: next to nothing, unless the version is pinned, or
 * another version of its stream is in memory. That one is in use, so its successor is loaded, and warmed, before it
 * takes over; where both do not fit, the new one is loaded when it is asked for.
 *
 * @param createLoader - makes a loader for one load of the version and its unload; called for every load
 */
export function onDemandLoader<T>(
  createLoader: () => Loader<T>,
  options: OnDemandLoaderOptions,
): Loader<OnDemandServable<T>> {
  const { id, isPinned, budget, logger } = options;
  let servable: OnDemandServable<T> | undefined;
  return {
    async load({ signal }) {
      const opened = new OnDemandServable(id, isPinned, createLoader, options);
      // Finds out now what can be found out without a load: a directory without a model in it.
      const estimate = (await createLoader().estimateResources?.())?.ramBytes ?? 0;
      if (estimate > budget.limitBytes) {
        logger.warning(
          `Servable version ${formatServableId(id)} needs ${Math.ceil(estimate)} bytes by its estimate, more than the ` +
            `memory budget of ${budget.limitBytes}`,
        );
      }
      if (isPinned || budget.holds(id.name)) {
        try {
          await opened.load({ signal, keep: id.name });
        } catch (error) {
          const { reason } = ServingError.from(error);
          if (isPinned || reason !== 'MEMORY_BUDGET_EXCEEDED') {
            await opened.close();
            throw error;
          }
          logger.info(`No room for servable version ${formatServableId(id)} beside the old one: loaded on demand`);
        }
      }
      if (signal.aborted) {
        await opened.close();
        throw signal.reason;
      }
      servable = opened;
      return opened;
    },
    async unload() {
      // Handles of the content live no longer than those of the version: what is left now is to be cut.
      await servable?.destroy();
      servable = undefined;
    },
  };
}
