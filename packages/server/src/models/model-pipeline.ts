import {
  AspiredVersionsManager,
  type AspiredVersionsManagerOptions,
  ConfigController,
  type Executor,
  FileSystemSource,
  formatServableId,
  inlineExecutor,
  type InferenceServable,
  LimitedExecutor,
  type Loader,
  MemoryBudget,
  type MemoryObserver,
  isStoreUrl,
  onDemandLoader,
  OnDemandProvider,
  type OnDemandServable,
  remoteLoader,
  type RemoteVersion,
  type ServableId,
  type ServableProvider,
  type ServingError,
  type ServableStateMonitor,
  sourceAdapter,
  StaticSource,
  type StoragePath,
  type Target,
  type VersionLabels,
} from '@servable/core';
import { isolatedLoader } from '../isolation/isolated-loader.js';
import { platformLoader } from '../platforms/platform.js';
import type { ResolvedServerOptions } from '../server-options.js';
import { RemoteSources, ramPerRemoteByte } from './remote-sources.js';
import { warmedLoader, type WarmedLoaderOptions, warmUp } from '../warmup/warmed-loader.js';
import { TrafficSamples } from '../warmup/traffic-samples.js';
import type { TrafficReplay } from '../warmup/replay-traffic.js';
import { WarmupState } from '../warmup/warmup-state.js';
import type { WarmupReport } from '../warmup/replay-warmup.js';
import type { WarmupRunObserver } from '../warmup/warmup-runner.js';
import type { ServedModel } from './served-model.js';

/** The life of a model, put together: configuration → sources → platform adapter → manager. */
export interface ModelPipeline {
  /** Where requests get their versions. */
  readonly provider: ServableProvider<InferenceServable>;
  readonly controller: ConfigController<ServedModel>;
  /** Whether a model of this name is configured, or is about to be by a reload. */
  isConfigured(name: string): boolean;
  /** The labels of a model that count now. */
  labelsOf(name: string): VersionLabels;
  /** Why a model's base path, where it lies elsewhere, could not be looked at. */
  problemOf(name: string): ServingError | undefined;
  /** Calls `listener` whenever other models are configured. */
  onConfigured(listener: () => void): void;
  /** Loads go on with the number of places for a running server; a starting one may have more. */
  endStart(): void;
  /** Silences the sources and unloads everything; `cut` waits for no live handle. */
  close(how: { readonly cut: boolean }): Promise<void>;
  /** Unloads everything under its requests. */
  destroy(): Promise<void>;
  /** What the loaded versions take; `undefined` without a budget. */
  readonly memory: MemoryBudget | undefined;
  readonly warmupState: WarmupState;
}

export interface ModelPipelineOptions extends ResolvedServerOptions {
  readonly states: ServableStateMonitor;
  /** Is told of every warm-up that has ended. */
  readonly reportWarmup?: ((report: WarmupReport) => void) | undefined;
  /** Is told of every run of a recorded request. */
  readonly reportWarmupRun?: WarmupRunObserver | undefined;
  /** Is told of live requests that were replayed into a version. */
  readonly reportTraffic?: ((id: ServableId, replay: TrafficReplay) => void) | undefined;
  /** Is told which models are configured from now on. */
  readonly onModels?: ((models: readonly ServedModel[]) => void) | undefined;
  /** Is told of every load and unload that a memory budget brings about. */
  readonly memoryObserver?: MemoryObserver | undefined;
}

/** Where a version lies. */
type ModelStorage = StoragePath | RemoteVersion;

/** A manager, and what there is between its versions and the platforms' loaders. */
interface ManagedVersions {
  readonly manager: Pick<AspiredVersionsManager<unknown>, 'close' | 'destroy' | 'setLabels'>;
  readonly provider: ServableProvider<InferenceServable>;
  /** Receives version directories, and versions that are to be brought here first. */
  readonly target: Target<ModelStorage>;
  readonly memory: MemoryBudget | undefined;
}

export function modelPipeline(options: ModelPipelineOptions): ModelPipeline {
  const { states, warmup, reportWarmup } = options;
  const { clock, logger, platforms, pollIntervalMs } = options;
  const loadExecutor = new LimitedExecutor(options.maxConcurrentInitialLoads);
  let configured: ReadonlyMap<string, ServedModel> = new Map();
  const listeners: (() => void)[] = [];
  const warmupState = new WarmupState();
  let hasStarted = false;
  const samples = new TrafficSamples({ clock, logger });
  const localLoader = (id: ServableId, directory: StoragePath): Loader<InferenceServable> => {
    const { platform, engine, warmupFromTraffic, isolation } = configured.get(id.name) ?? {};
    const runsOn = {
      executionProviders: engine?.executionProviders ?? options.executionProviders,
      instances: engine?.instances ?? options.instances,
      // A model that a request waits for is better there sooner.
      isServing: hasStarted && options.modelMemoryBudget === undefined,
    };
    const kept = warmupFromTraffic === undefined ? options.warmupFromTraffic : warmupFromTraffic.options;
    const warming: WarmedLoaderOptions = {
      id,
      directory,
      warmup,
      logger,
      report: reportWarmup,
      reportRun: options.reportWarmupRun,
      reportTraffic: options.reportTraffic,
      state: warmupState,
      traffic: kept && (() => samples.open(id.name, kept)),
    };
    const warmAgain = async (servable: InferenceServable, signal: AbortSignal): Promise<void> =>
      void (await warmUp(servable, warming, signal));
    const loader =
      isolation === 'process' || options.isolatedModels.has(id.name)
        ? isolatedLoader({ id, directory, platforms, platform, engine: runsOn, clock, logger, warmAgain })
        : platformLoader(platforms, platform, directory, runsOn);
    return warmedLoader(loader, warming);
  };
  const createLoader = (id: ServableId, storage: ModelStorage): Loader<InferenceServable> =>
    typeof storage === 'string'
      ? localLoader(id, storage)
      : remoteLoader(storage, (directory) => localLoader(id, directory), ramPerRemoteByte);
  const isPinned = (name: string): boolean => configured.get(name)?.pinned === true || options.pinnedModels.has(name);
  const { manager, provider, target, memory } =
    options.modelMemoryBudget === undefined
      ? loadedVersions(options, loadExecutor, createLoader)
      : versionsOnDemand(options, new MemoryBudget(options.modelMemoryBudget), loadExecutor, createLoader, isPinned);
  const watched = new FileSystemSource({ servables: [], pollIntervalMs, clock, logger });
  const fixed = new StaticSource<StoragePath>([]);
  watched.connect(target);
  fixed.connect(target);
  const remote = new RemoteSources(options);
  remote.connect(target);
  const controller = new ConfigController<ServedModel>({
    apply(models) {
      configured = new Map(models.map((model) => [model.name, model]));
      options.onModels?.(models);
      const moving = models.filter((model) => !model.fixed);
      watched.update(moving.filter(({ basePath }) => !isStoreUrl(basePath)));
      remote.update(moving.filter(({ basePath }) => isStoreUrl(basePath)));
      fixed.update(
        models.flatMap((model) =>
          model.fixed ? [{ id: { name: model.name, version: model.fixed.version }, data: model.fixed.directory }] : [],
        ),
      );
      samples.keep((name) => configured.has(name));
      for (const listener of listeners) listener();
    },
    labels: manager,
    states,
    unavailableLabels: options.unavailableLabels,
    logger,
  });
  return {
    provider,
    controller,
    memory,
    warmupState,
    isConfigured: (name) => configured.has(name),
    labelsOf: (name) => controller.models?.find((model) => model.name === name)?.versionLabels ?? new Map(),
    problemOf: (name) => remote.problemOf(name),
    onConfigured: (listener) => void listeners.push(listener),
    endStart() {
      hasStarted = true;
      loadExecutor.setLimit(options.maxConcurrentLoads);
    },
    async close({ cut }) {
      await Promise.all([watched.close(), fixed.close(), remote.close()]);
      await (cut ? manager.destroy() : manager.close());
      await remote.closeCache();
      await samples.close();
    },
    destroy: () => manager.destroy(),
  };
}

type CreateLoader = (id: ServableId, storage: ModelStorage) => Loader<InferenceServable>;

/** Versions that are in memory as long as they are aspired. */
function loadedVersions(
  options: ModelPipelineOptions,
  loadExecutor: Executor,
  createLoader: CreateLoader,
): ManagedVersions {
  const manager = new AspiredVersionsManager<InferenceServable>(managerOptions(options, loadExecutor));
  return { manager, provider: manager, target: sourceAdapter(createLoader).adapt(manager), memory: undefined };
}

/** Versions that are in memory while they are used and there is room. */
function versionsOnDemand(
  options: ModelPipelineOptions,
  budget: MemoryBudget,
  loadExecutor: Executor,
  createLoader: CreateLoader,
  isPinned: (name: string) => boolean,
): ManagedVersions {
  // What the manager loads is next to nothing, or waits for one of the loads proper.
  const manager = new AspiredVersionsManager<OnDemandServable<InferenceServable>>(
    managerOptions(options, inlineExecutor),
  );
  const { clock, logger } = options;
  const shared = {
    budget,
    loadExecutor,
    unloadExecutor: new LimitedExecutor(options.maxConcurrentUnloads),
    clock,
    logger,
    observer: memoryObserver(options, budget),
  };
  const target = sourceAdapter((id, storage: ModelStorage) =>
    onDemandLoader(() => createLoader(id, storage), { ...shared, id, isPinned: isPinned(id.name) }),
  ).adapt(manager);
  return { manager, provider: new OnDemandProvider(manager), target, memory: budget };
}

function managerOptions(options: ModelPipelineOptions, loadExecutor: Executor): AspiredVersionsManagerOptions {
  const { states, clock, logger, maxLoadRetries, loadRetryIntervalMs, maxConcurrentUnloads } = options;
  const unloadExecutor = new LimitedExecutor(maxConcurrentUnloads);
  return { stateMonitor: states, loadExecutor, unloadExecutor, maxLoadRetries, loadRetryIntervalMs, clock, logger };
}

/** Tells the log and the status what happens: a version that is AVAILABLE and cannot be loaded says so. */
function memoryObserver(
  { states, logger, memoryObserver }: ModelPipelineOptions,
  budget: MemoryBudget,
): MemoryObserver {
  const use = (): string => `${budget.usedBytes} of ${budget.limitBytes} bytes are in use`;
  const publish = (id: ServableId, health: ServingError | undefined): void => {
    const state = states.getVersionStates(id.name).find(({ id: { version } }) => version === id.version);
    if (state?.managerState === 'AVAILABLE' && state.health !== health) states.publish({ ...state, health });
  };
  return {
    loaded(id, bytes, millis) {
      logger.info(`Loaded ${formatServableId(id)} into memory in ${Math.round(millis)} ms: ${use()}`);
      publish(id, undefined);
      memoryObserver?.loaded?.(id, bytes, millis);
    },
    loadFailed(id, error) {
      logger.error(`Could not load ${formatServableId(id)} into memory: ${error.code}: ${error.message}`);
      publish(id, error);
      memoryObserver?.loadFailed?.(id, error);
    },
    evicted(id) {
      logger.info(`Unloaded ${formatServableId(id)} to make room: ${use()}`);
      memoryObserver?.evicted?.(id);
    },
  };
}
