import {
  AspiredVersionsManager,
  FileSystemSource,
  type InferenceServable,
  LimitedExecutor,
  type ServableStateMonitor,
  type Source,
  sourceAdapter,
  StaticSource,
  type StoragePath,
} from '@servable/core';
import { platformLoader } from './platforms/platform.js';
import type { ResolvedServerOptions } from './server-options.js';

/** The life of a model, put together: sources → platform adapter → manager. */
export interface ModelPipeline {
  readonly manager: AspiredVersionsManager<InferenceServable>;
  /** Lets the sources speak: loading begins. */
  start(): void;
  /** Silences the sources and unloads everything; `cut` waits for no live handle. */
  close(how: { readonly cut: boolean }): Promise<void>;
}

export function modelPipeline(options: ResolvedServerOptions, stateMonitor: ServableStateMonitor): ModelPipeline {
  const { clock, logger, platforms, platformOf, watchedModels, singleVersionModels } = options;
  const manager = new AspiredVersionsManager<InferenceServable>({
    stateMonitor,
    loadExecutor: new LimitedExecutor(options.maxConcurrentLoads),
    maxLoadRetries: options.maxLoadRetries,
    loadRetryIntervalMs: options.loadRetryIntervalMs,
    clock,
    logger,
  });
  const adapter = sourceAdapter(({ name }, path: StoragePath) => platformLoader(platforms, platformOf.get(name), path));
  const sources: Source<StoragePath>[] = [];
  if (watchedModels.length > 0) {
    sources.push(
      new FileSystemSource({ servables: watchedModels, pollIntervalMs: options.pollIntervalMs, clock, logger }),
    );
  }
  if (singleVersionModels.length > 0) {
    sources.push(
      new StaticSource(
        singleVersionModels.map(({ name, version, directory }) => ({ id: { name, version }, data: directory })),
      ),
    );
  }
  return {
    manager,
    start() {
      logger.info('Adding/updating models.');
      for (const { name } of [...watchedModels, ...singleVersionModels]) logger.info(` (Re-)adding model: ${name}`);
      for (const source of sources) source.connect(adapter.adapt(manager));
    },
    async close({ cut }) {
      await Promise.all(sources.map((source) => source.close()));
      await (cut ? manager.destroy() : manager.close());
    },
  };
}
