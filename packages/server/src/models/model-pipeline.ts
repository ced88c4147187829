import {
  AspiredVersionsManager,
  ConfigController,
  FileSystemSource,
  type InferenceServable,
  LimitedExecutor,
  type ServableStateMonitor,
  sourceAdapter,
  StaticSource,
  type StoragePath,
} from '@servable/core';
import { platformLoader } from '../platforms/platform.js';
import type { ResolvedServerOptions } from '../server-options.js';
import type { ServedModel } from './served-model.js';

/** The life of a model, put together: configuration → sources → platform adapter → manager. */
export interface ModelPipeline {
  readonly manager: AspiredVersionsManager<InferenceServable>;
  readonly controller: ConfigController<ServedModel>;
  /** Whether a model of this name is configured, or is about to be by a reload. */
  isConfigured(name: string): boolean;
  /** Loads go on with the number of places for a running server; a starting one may have more. */
  endStart(): void;
  /** Silences the sources and unloads everything; `cut` waits for no live handle. */
  close(how: { readonly cut: boolean }): Promise<void>;
}

export function modelPipeline(options: ResolvedServerOptions, states: ServableStateMonitor): ModelPipeline {
  const { clock, logger, platforms, pollIntervalMs } = options;
  const loadExecutor = new LimitedExecutor(options.maxConcurrentInitialLoads);
  const manager = new AspiredVersionsManager<InferenceServable>({
    stateMonitor: states,
    loadExecutor,
    unloadExecutor: new LimitedExecutor(options.maxConcurrentUnloads),
    maxLoadRetries: options.maxLoadRetries,
    loadRetryIntervalMs: options.loadRetryIntervalMs,
    clock,
    logger,
  });
  let configured: ReadonlyMap<string, ServedModel> = new Map();
  const loaders = sourceAdapter(({ name }, path: StoragePath) =>
    platformLoader(platforms, configured.get(name)?.platform, path),
  ).adapt(manager);
  const watched = new FileSystemSource({ servables: [], pollIntervalMs, clock, logger });
  const fixed = new StaticSource<StoragePath>([]);
  watched.connect(loaders);
  fixed.connect(loaders);
  const controller = new ConfigController<ServedModel>({
    apply(models) {
      configured = new Map(models.map((model) => [model.name, model]));
      watched.update(models.filter((model) => !model.fixed));
      fixed.update(
        models.flatMap((model) =>
          model.fixed ? [{ id: { name: model.name, version: model.fixed.version }, data: model.fixed.directory }] : [],
        ),
      );
    },
    labels: manager,
    states,
    unavailableLabels: options.unavailableLabels,
    logger,
  });
  return {
    manager,
    controller,
    isConfigured: (name) => configured.has(name),
    endStart: () => loadExecutor.setLimit(options.maxConcurrentLoads),
    async close({ cut }) {
      await Promise.all([watched.close(), fixed.close()]);
      await (cut ? manager.destroy() : manager.close());
    },
  };
}
