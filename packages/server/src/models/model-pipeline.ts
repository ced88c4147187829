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
  type VersionLabels,
} from '@servable/core';
import { platformLoader } from '../platforms/platform.js';
import type { ResolvedServerOptions } from '../server-options.js';
import { warmedLoader } from '../warmup/warmed-loader.js';
import type { WarmupReport } from '../warmup/replay-warmup.js';
import type { ServedModel } from './served-model.js';

/** The life of a model, put together: configuration → sources → platform adapter → manager. */
export interface ModelPipeline {
  readonly manager: AspiredVersionsManager<InferenceServable>;
  readonly controller: ConfigController<ServedModel>;
  /** Whether a model of this name is configured, or is about to be by a reload. */
  isConfigured(name: string): boolean;
  /** The labels of a model that count now. */
  labelsOf(name: string): VersionLabels;
  /** Calls `listener` whenever other models are configured. */
  onConfigured(listener: () => void): void;
  /** Loads go on with the number of places for a running server; a starting one may have more. */
  endStart(): void;
  /** Silences the sources and unloads everything; `cut` waits for no live handle. */
  close(how: { readonly cut: boolean }): Promise<void>;
}

export interface ModelPipelineOptions extends ResolvedServerOptions {
  readonly states: ServableStateMonitor;
  /** Is told of every warm-up that has ended. */
  readonly reportWarmup?: ((report: WarmupReport) => void) | undefined;
}

export function modelPipeline(options: ModelPipelineOptions): ModelPipeline {
  const { states, warmup, reportWarmup } = options;
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
  const listeners: (() => void)[] = [];
  const loaders = sourceAdapter((id, directory: StoragePath) =>
    warmedLoader(platformLoader(platforms, configured.get(id.name)?.platform, directory), {
      id,
      directory,
      warmup,
      logger,
      report: reportWarmup,
    }),
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
      for (const listener of listeners) listener();
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
    labelsOf: (name) => controller.models?.find((model) => model.name === name)?.versionLabels ?? new Map(),
    onConfigured: (listener) => void listeners.push(listener),
    endStart: () => loadExecutor.setLimit(options.maxConcurrentLoads),
    async close({ cut }) {
      await Promise.all([watched.close(), fixed.close()]);
      await (cut ? manager.destroy() : manager.close());
    },
  };
}
