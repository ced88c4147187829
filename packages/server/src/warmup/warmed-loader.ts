import type { InferenceServable, Loader, Logger, ServableId } from '@servable/core';
import { replayWarmup, type WarmupReport } from './replay-warmup.js';
import type { ResolvedWarmupOptions } from './warmup-options.js';
import { WarmupState } from './warmup-state.js';

export interface WarmedLoaderOptions {
  readonly id: ServableId;
  /** The version directory. */
  readonly directory: string;
  readonly warmup: ResolvedWarmupOptions;
  readonly logger: Logger;
  readonly report?: ((report: WarmupReport) => void) | undefined;
  /** Is told which versions are being warmed up. */
  readonly state?: WarmupState | undefined;
}

/** A loader whose load includes the warm-up: a version that fails it is unloaded, and the load has failed. */
export function warmedLoader(
  loader: Loader<InferenceServable>,
  { id, directory, warmup, logger, report, state = new WarmupState() }: WarmedLoaderOptions,
): Loader<InferenceServable> {
  if (!warmup.enabled) return loader;
  return {
    unload: () => loader.unload(),
    measureResources: async () => loader.measureResources?.(),
    estimateResources: async () => (await loader.estimateResources?.()) ?? { ramBytes: 0 },
    async load(options) {
      const servable = await loader.load(options);
      const tell = (result: WarmupReport): void => {
        const how = result.error ? `failed with ${result.error.code}` : 'ended';
        logger.info(
          `Warm-up of ${id.name} version ${id.version} ${how} after ${result.records} record(s) ` +
            `and ${Math.round(result.micros / 1000)} ms`,
        );
        report?.(result);
      };
      try {
        const how = { id, directory, servable, options: warmup, signal: options.signal, report: tell };
        await state.during(id, () => replayWarmup(how));
      } catch (error) {
        await loader.unload();
        throw error;
      }
      return servable;
    },
  };
}
