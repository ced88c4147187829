import {
  type AspiredVersionPolicy,
  availabilityPreservingPolicy,
  type ServableAction,
} from '../../servable/aspired-version-policy.js';
import { type Clock, systemClock } from '../../servable/clock.js';
import { type Executor, inlineExecutor } from '../../servable/executor.js';
import type { Loader } from '../../servable/loader.js';
import { type Logger, silentLogger } from '../../servable/logger.js';
import type { ServableHandle, ServableProvider, ServableRequest } from '../../servable/servable-handle.js';
import { formatServableId, type ServableId } from '../../servable/servable-id.js';
import type { ServableManagerState } from '../../servable/servable-state.js';
import { ServableStateMonitor } from '../../servable/servable-state-monitor.js';
import { ServingError } from '../../servable/serving-error.js';
import type { ServableData, Target } from '../../servable/source.js';
import { LoaderHarness, type LoaderHarnessOptions } from '../loader/loader-harness.js';
import { RamBudget } from './ram-budget.js';
import { ServingMap } from './serving-map.js';

export interface AspiredVersionsManagerOptions {
  /** Order of load and unload within one stream; default {@link availabilityPreservingPolicy}. */
  readonly policy?: AspiredVersionPolicy | undefined;
  /**
   * Orders what the policy wants of several streams, as `Array.sort` does: for servables that must come before others
   * (upstream: `custom_sort_actions`). Default unloads before loads.
   */
  readonly compareActions?: ((a: ServableAction, b: ServableAction) => number) | undefined;
  /** Is told every public state; default one of the manager's own. */
  readonly stateMonitor?: ServableStateMonitor | undefined;
  /** Runs the loads; default all at once. */
  readonly loadExecutor?: Executor | undefined;
  /** Runs the unloads of versions that nobody uses any more; default all at once. */
  readonly unloadExecutor?: Executor | undefined;
  /** Attempts after a first failed load; default 5. */
  readonly maxLoadRetries?: number | undefined;
  /** Milliseconds between attempts; default 60 000. */
  readonly loadRetryIntervalMs?: number | undefined;
  /** Bytes that all loaded versions may take, by what their loaders say before and after the load; default no limit. */
  readonly maxRamBytes?: number | undefined;
  /** Is called once with each version, right before its first attempt to load. Must not throw. */
  readonly preLoadHook?: ((id: ServableId) => void) | undefined;
  /**
   * Tries a failed version again whenever a list comes that has it, which a polling source tells all the time (upstream:
   * `enable_reload_servables_with_error`). Default `false`: it stays failed until it was left out of a list.
   */
  readonly reloadFailed?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/** What is managed of one name. */
interface Stream<T> {
  readonly harnesses: Map<bigint, LoaderHarness<T>>;
  /** The newest list that could not be applied yet. */
  pending: readonly ServableData<Loader<T>>[] | undefined;
}

/**
 * Owns the servables: brings loaded what is aspired and unloads what is not, one stream per name
 * (upstream: core/aspired_versions_manager.cc, core/basic_manager.cc).
 *
 * Where upstream looks at everything ten times a second, this manager works whenever something has happened: a new
 * list, a load that ended, an unload that ended. The decisions are the same.
 *
 * ```text
 * open ── close() ──▶ closing (unloads everything, waits for handles) ──▶ closed
 *   └──── destroy() ──────────────── (waits for nobody) ────────────────────▲
 * ```
 */
export class AspiredVersionsManager<T> implements Target<Loader<T>>, ServableProvider<T> {
  readonly states: ServableStateMonitor;
  readonly #policy: AspiredVersionPolicy;
  readonly #compareActions: ((a: ServableAction, b: ServableAction) => number) | undefined;
  readonly #logger: Logger;
  readonly #harnessOptions: LoaderHarnessOptions;
  readonly #ramBudget: RamBudget;
  readonly #preLoadHook: ((id: ServableId) => void) | undefined;
  readonly #reloadsFailed: boolean;
  readonly #streams = new Map<string, Stream<T>>();
  /** Names of the streams in which something has happened since they were last looked at. */
  readonly #changed = new Set<string>();
  readonly #servingMap = new ServingMap<T>();
  #labels: ReadonlyMap<string, ReadonlyMap<string, bigint>> = new Map();
  #closed: { readonly done: Promise<void>; readonly settle: () => void } | undefined;
  #isReconciling = false;

  /** @throws ServingError INVALID_ARGUMENT for a number that makes no sense */
  constructor(options: AspiredVersionsManagerOptions = {}) {
    const { clock = systemClock, logger = silentLogger, loadExecutor = inlineExecutor } = options;
    const { unloadExecutor = inlineExecutor } = options;
    const { maxLoadRetries = 5, loadRetryIntervalMs = 60_000, maxRamBytes = Infinity } = options;
    requireNumber('maxLoadRetries', maxLoadRetries, Number.isSafeInteger(maxLoadRetries) && maxLoadRetries >= 0);
    requireNumber('loadRetryIntervalMs', loadRetryIntervalMs, loadRetryIntervalMs >= 0);
    requireNumber('maxRamBytes', maxRamBytes, maxRamBytes >= 0);
    this.states = options.stateMonitor ?? new ServableStateMonitor({ clock });
    this.#policy = options.policy ?? availabilityPreservingPolicy;
    this.#compareActions = options.compareActions;
    this.#logger = logger;
    this.#ramBudget = new RamBudget(maxRamBytes);
    this.#harnessOptions = {
      clock,
      logger,
      loadExecutor,
      unloadExecutor,
      maxLoadRetries,
      loadRetryIntervalMs,
      measuresRam: this.#ramBudget.isLimited,
    };
    this.#preLoadHook = options.preLoadHook;
    this.#reloadsFailed = options.reloadFailed ?? false;
  }

  /**
   * Takes the whole list of one stream. A newer list replaces one that is still waiting. A list with a version that is
   * on its way out waits until that version is gone. A version that is aspired already is left alone, whatever its
   * data says now.
   */
  setAspiredVersions(name: string, versions: readonly ServableData<Loader<T>>[]): void {
    if (this.#closed) return;
    const stranger = versions.find(({ id }) => id.name !== name);
    if (stranger) {
      this.#logger.error(
        `Servable name: ${name} doesn't match name in servable version: ${formatServableId(stranger.id)}`,
      );
      return;
    }
    let stream = this.#streams.get(name);
    if (!stream) this.#streams.set(name, (stream = { harnesses: new Map(), pending: undefined }));
    stream.pending = versions;
    this.#reconcile(name);
  }

  getServableHandle(request: ServableRequest): ServableHandle<T> {
    const { name, label, auto = 'latest' } = request;
    if (name === '') {
      throw new ServingError('INVALID_ARGUMENT', 'MODEL_NAME_EMPTY', 'ModelSpec has no name specified.');
    }
    const version = label === undefined ? request.version : this.#versionOfLabel(name, label);
    const isEarliest = version === undefined && auto === 'earliest';
    const servable = isEarliest ? this.#servingMap.findEarliest(name) : this.#servingMap.find(name, version);
    if (!servable) {
      const unnamed = isEarliest ? `Earliest(${name})` : `Latest(${name})`;
      const what = version === undefined ? unnamed : `Specific(${name}, ${version})`;
      throw new ServingError('NOT_FOUND', 'SERVABLE_NOT_FOUND', `Servable not found for request: ${what}`);
    }
    return servable.acquire();
  }

  /** Every version that can be resolved right now. */
  listAvailableServableIds(): readonly ServableId[] {
    return this.#servingMap.ids();
  }

  /**
   * Replaces the labels of all models at once: model name to label to version. Which labels are allowed is for their
   * owner to say (`checkVersionLabels`); one whose version is not loaded resolves to nothing.
   */
  setLabels(labels: ReadonlyMap<string, ReadonlyMap<string, bigint>>): void {
    this.#labels = new Map([...labels].map(([name, byLabel]) => [name, new Map(byLabel)]));
  }

  /**
   * Accepts no more lists, unloads everything and resolves when the last version is gone. Live handles are waited for;
   * {@link destroy} cuts that short. Idempotent.
   */
  close(): Promise<void> {
    if (!this.#closed) {
      let settle!: () => void;
      this.#closed = { done: new Promise<void>((resolve) => (settle = resolve)), settle };
      this.#logger.info('Unload all remaining servables in the manager.');
      for (const stream of this.#streams.values()) stream.pending = [];
      this.#reconcile(...this.#streams.keys());
    }
    return this.#closed.done;
  }

  /**
   * Closes without waiting for live handles, whose servables are unloaded under them, nor for running loads, which are
   * unloaded whenever they end. Idempotent.
   */
  destroy(): Promise<void> {
    const done = this.close();
    for (const { harnesses } of this.#streams.values()) for (const harness of harnesses.values()) harness.cut();
    return done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #versionOfLabel(name: string, label: string): bigint {
    const version = this.#labels.get(name)?.get(label);
    if (version !== undefined) return version;
    throw new ServingError(
      'INVALID_ARGUMENT',
      'VERSION_LABEL_UNKNOWN',
      `Unrecognized servable version label: ${label}`,
    );
  }

  /**
   * Does all that can be done now in the streams named, and in those that change by it: with many models, looking at all
   * of them for each would take longer than the work. Listeners may call back into the manager: that only marks streams.
   */
  #reconcile(...names: readonly string[]): void {
    for (const name of names) this.#changed.add(name);
    if (this.#isReconciling) return;
    this.#isReconciling = true;
    try {
      for (;;) {
        const action = this.#nextAction();
        if (action) this.#perform(action);
        else if (this.#changed.size === 0) break;
      }
    } finally {
      this.#isReconciling = false;
    }
    if (this.#streams.size === 0) this.#closed?.settle();
  }

  /** Brings a stream up to date with its lists; it is gone when nothing is left of it. */
  #update(name: string, stream: Stream<T>): void {
    this.#dropEnded(stream);
    this.#applyPending(stream);
    // Aspired lists may have made new or unwanted ones that can go at once.
    this.#dropEnded(stream);
    if (stream.harnesses.size === 0 && !stream.pending) this.#streams.delete(name);
  }

  #dropEnded({ harnesses }: Stream<T>): void {
    for (const [version, { id, isAspired, state }] of harnesses) {
      if (isAspired || (state !== 'new' && state !== 'disabled' && state !== 'error')) continue;
      harnesses.delete(version);
      // Upstream leaves a version that never started listed as START for ever; whoever waits for it would wait on.
      if (state === 'new') this.#publish(id, 'END');
    }
  }

  #applyPending(stream: Stream<T>): void {
    const { pending, harnesses } = stream;
    if (!pending) return;
    const isLeaving = ({ id }: ServableData<unknown>): boolean => harnesses.get(id.version)?.isAspired === false;
    // The list waits as a whole: un-aspiring the rest now could leave the stream with nothing that answers.
    if (pending.some(isLeaving)) return;
    stream.pending = undefined;
    const wanted = new Set(pending.map(({ id }) => id.version));
    for (const [version, harness] of harnesses) {
      if (this.#reloadsFailed && wanted.has(version) && harness.state === 'error') harnesses.delete(version);
      if (wanted.has(version) || !harness.isAspired) continue;
      harness.isAspired = false;
      harness.cancelLoad();
    }
    const first = new Map<bigint, ServableData<Loader<T>>>();
    for (const version of pending) {
      if (!first.has(version.id.version)) first.set(version.id.version, version);
      else this.#logger.error(`Duplicate aspired version is ignored: ${formatServableId(version.id)}`);
    }
    const added = [...first.values()].filter(({ id }) => !harnesses.has(id.version));
    // Those that can be tried come first, so that a stream never looks failed as a whole while some are still to come.
    for (const version of added) if (!version.error) this.#manage(harnesses, version);
    for (const version of added) if (version.error) this.#manage(harnesses, version);
  }

  #manage(harnesses: Map<bigint, LoaderHarness<T>>, { id, data, error }: ServableData<Loader<T>>): void {
    const harness = new LoaderHarness<T>(id, error ?? data, this.#harnessOptions);
    harnesses.set(id.version, harness);
    if (error) this.#publish(id, 'END', error);
    else this.#publish(id, 'START');
  }

  /** One action of one stream that has changed; unloads go first, as they free what loads may need, or as the order says. */
  #nextAction(): ServableAction | undefined {
    const compare = this.#compareActions;
    let first: ServableAction | undefined;
    const seen = new Set<string>();
    // Those that listeners mark meanwhile are looked at too: one of them may have something to unload.
    for (const name of this.#changed) {
      if (seen.has(name)) continue;
      seen.add(name);
      const stream = this.#streams.get(name);
      // What happens from here on, also by listeners, marks it again.
      this.#changed.delete(name);
      if (!stream) continue;
      this.#update(name, stream);
      const action = this.#policy(
        [...stream.harnesses.values()].map(({ id, state, isAspired }) => ({ id, state, isAspired })),
      );
      if (!action) continue;
      // Whether it is done now or not: there may be another one after it.
      this.#changed.add(name);
      if (!compare && action.kind === 'unload') return action;
      if (!first || (compare && compare(action, first) < 0)) first = action;
    }
    return first;
  }

  #perform({ kind, id }: ServableAction): void {
    const harness = this.#streams.get(id.name)?.harnesses.get(id.version);
    if (!harness) {
      throw new ServingError(
        'NOT_FOUND',
        'SERVABLE_NOT_MANAGED',
        `This servable is not being managed by the manager: ${formatServableId(id)}`,
      );
    }
    if (kind === 'load') {
      harness.requestLoad();
      void this.#load(harness);
    } else {
      harness.requestUnload();
      void this.#unload(harness);
    }
  }

  /** Never rejects: a failed load is a state. */
  async #load(harness: LoaderHarness<T>): Promise<void> {
    const { id } = harness;
    let error: ServingError | undefined;
    try {
      if (this.#ramBudget.isLimited) await this.#reserve(harness);
      this.#logger.info(`Successfully reserved resources to load servable ${formatServableId(id)}`);
      harness.approveLoad();
      this.#preLoadHook?.(id);
      this.#publish(id, 'LOADING');
      const servable = await harness.load();
      // Resolvable first, AVAILABLE second: whoever reads AVAILABLE can rely on it.
      this.#servingMap.add(servable);
      this.#publish(id, 'AVAILABLE');
    } catch (thrown) {
      error = ServingError.from(thrown);
      this.#publish(id, 'END', error);
    }
    this.#ramBudget.settle(id, error === undefined, harness.ramBytes);
    this.#reconcile(id.name);
  }

  async #reserve(harness: LoaderHarness<T>): Promise<void> {
    const { id } = harness;
    try {
      await this.#ramBudget.reserve(id, await harness.estimateRamBytes());
    } catch (error) {
      throw harness.fail(ServingError.from(error));
    }
  }

  /** Never rejects: a failed unload is a state. */
  async #unload(harness: LoaderHarness<T>): Promise<void> {
    const { id } = harness;
    let error: ServingError | undefined;
    this.#ramBudget.startUnload(id);
    // UNLOADING first, unresolvable second: the mirror image of a load.
    this.#publish(id, 'UNLOADING');
    this.#servingMap.delete(id);
    try {
      await harness.unload();
    } catch (thrown) {
      error = ServingError.from(thrown);
    }
    this.#publish(id, 'END', error);
    this.#ramBudget.settle(id, false);
    this.#reconcile(id.name);
  }

  #publish(id: ServableId, managerState: ServableManagerState, health?: ServingError): void {
    this.states.publish({ id, managerState, health });
  }
}

function requireNumber(name: string, value: number, isValid: boolean): void {
  if (isValid) return;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'MANAGER_OPTION_INVALID',
    `${name} must be ${name === 'maxLoadRetries' ? 'a whole number' : 'a number'} of at least 0; got ${value}`,
  );
}
