import type { InferenceServable, Loader, Logger, ServableId } from '@servable/core';
import { replayWarmup, type WarmupReport } from './replay-warmup.js';
import type { ResolvedWarmupOptions } from './warmup-options.js';
import { replayTraffic } from './replay-traffic.js';
import { sampledServable } from './sampled-servable.js';
import type { TrafficSample } from './traffic-sample.js';
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
  /** Live requests of the model: replayed into the version, which then adds its own. Default: none are kept. */
  readonly traffic?: (() => Promise<TrafficSample>) | undefined;
}

/** A loader whose load includes the warm-up: a version that fails it is unloaded, and the load has failed. */
export function warmedLoader(
  loader: Loader<InferenceServable>,
  { id, directory, warmup, logger, report, state = new WarmupState(), traffic }: WarmedLoaderOptions,
): Loader<InferenceServable> {
  if (!warmup.enabled && traffic === undefined) return loader;
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
        const sample = await traffic?.();
        const how = { id, directory, servable, options: warmup, signal: options.signal, report: tell };
        await state.during(id, async () => {
          if (warmup.enabled) await replayWarmup(how);
          if (sample !== undefined) await replaySample(sample, id, servable, options.signal, logger);
        });
        return sample === undefined ? servable : sampledServable(servable, sample);
      } catch (error) {
        await loader.unload();
        throw error;
      }
    },
  };
}

async function replaySample(
  sample: TrafficSample,
  id: ServableId,
  servable: InferenceServable,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  const { records } = sample;
  if (records.length === 0) return;
  const { answered, refused } = await replayTraffic(records, id, servable, signal);
  logger.info(
    `Replayed ${answered} live request(s) into ${id.name} version ${id.version}` +
      (refused === 0 ? '' : `; ${refused} did not fit its signatures and were passed over`),
  );
}
