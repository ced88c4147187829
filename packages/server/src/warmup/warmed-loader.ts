import type { InferenceServable, Loader, Logger, ServableId } from '@servable/core';
import { replayWarmup, type WarmupReport } from './replay-warmup.js';
import type { ResolvedWarmupOptions } from './warmup-options.js';
import { replayTraffic, type TrafficReplay } from './replay-traffic.js';
import { sampledServable } from './sampled-servable.js';
import type { TrafficSample } from './traffic-sample.js';
import type { WarmupRunObserver } from './warmup-runner.js';
import { WarmupState } from './warmup-state.js';

export interface WarmedLoaderOptions {
  readonly id: ServableId;
  /** The version directory. */
  readonly directory: string;
  readonly warmup: ResolvedWarmupOptions;
  readonly logger: Logger;
  readonly report?: ((report: WarmupReport) => void) | undefined;
  /** Is told of every run of a recorded request. */
  readonly reportRun?: WarmupRunObserver | undefined;
  /** Is told how many live requests were replayed. */
  readonly reportTraffic?: ((id: ServableId, replay: TrafficReplay) => void) | undefined;
  /** Is told which versions are being warmed up. */
  readonly state?: WarmupState | undefined;
  /** Live requests of the model: replayed into the version, which then adds its own. Default: none are kept. */
  readonly traffic?: (() => Promise<TrafficSample>) | undefined;
}

/** A loader whose load includes the warm-up: a version that fails it is unloaded, and the load has failed. */
export function warmedLoader(
  loader: Loader<InferenceServable>,
  options: WarmedLoaderOptions,
): Loader<InferenceServable> {
  if (!options.warmup.enabled && options.traffic === undefined) return loader;
  return {
    unload: () => loader.unload(),
    measureResources: async () => loader.measureResources?.(),
    estimateResources: async () => (await loader.estimateResources?.()) ?? { ramBytes: 0 },
    async load({ signal }) {
      const servable = await loader.load({ signal });
      try {
        const sample = await warmUp(servable, options, signal);
        return sample === undefined ? servable : sampledServable(servable, sample);
      } catch (error) {
        await loader.unload();
        throw error;
      }
    },
  };
}

/**
 * Replays what a version brings along and the live requests that there are.
 *
 * @returns the sample that the version is to add its own calls to, where one is kept
 * @throws ServingError what the version fails with; the signal's reason
 */
export async function warmUp(
  servable: InferenceServable,
  options: WarmedLoaderOptions,
  signal: AbortSignal,
): Promise<TrafficSample | undefined> {
  const { id, directory, warmup, logger, report, reportRun, state = new WarmupState(), traffic } = options;
  const tell = (result: WarmupReport): void => {
    const how = result.error ? `failed with ${result.error.code}` : 'ended';
    logger.info(
      `Warm-up of ${id.name} version ${id.version} ${how} after ${result.records} record(s) ` +
        `and ${Math.round(result.micros / 1000)} ms`,
    );
    report?.(result);
  };
  const sample = await traffic?.();
  await state.during(id, async () => {
    if (warmup.enabled)
      await replayWarmup({ id, directory, servable, options: warmup, signal, report: tell, reportRun });
    if (sample !== undefined) await replaySample(sample, servable, options, signal);
  });
  return sample;
}

async function replaySample(
  { records }: TrafficSample,
  servable: InferenceServable,
  { id, logger, reportTraffic }: WarmedLoaderOptions,
  signal: AbortSignal,
): Promise<void> {
  if (records.length === 0) return;
  const start = performance.now();
  const { answered, refused } = await replayTraffic(records, id, servable, signal);
  logger.info(
    `Replayed ${answered} live request(s) into ${id.name} version ${id.version} ` +
      `in ${Math.round(performance.now() - start)} ms` +
      (refused === 0 ? '' : `; ${refused} did not fit its signatures and were passed over`),
  );
  reportTraffic?.(id, { answered, refused });
}
