import { type Logger, silentLogger } from '../../servable/logger.js';
import type { ServableStateMonitor, WaitOptions } from '../../servable/servable-state-monitor.js';
import { ServingError } from '../../servable/serving-error.js';
import { checkVersionLabels, type UnavailableLabels, type VersionLabels } from './version-labels.js';

/** What the controller needs to know of a model; the rest is between the configuration and the sources. */
export interface ConfiguredModel {
  readonly name: string;
  readonly platform?: string | undefined;
  readonly versionLabels: VersionLabels;
}

export interface ConfigControllerOptions<M extends ConfiguredModel> {
  /**
   * Makes the sources look after exactly these models from now on: what is not listed is un-aspired at once. Must not
   * throw.
   */
  readonly apply: (models: readonly M[]) => void;
  /** Where labels count: the manager. */
  readonly labels: { setLabels(labels: ReadonlyMap<string, VersionLabels>): void };
  readonly states: ServableStateMonitor;
  /** Default `refuse`. */
  readonly unavailableLabels?: UnavailableLabels | undefined;
  /** Whether configurations may have labels at all; default `true`. */
  readonly allowLabels?: boolean | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * Holds the configuration that counts and replaces it (upstream: `ServerCore::ReloadConfig` in
 * model_servers/server_core.cc).
 *
 * Where upstream stores a new configuration first and unloads what it leaves out before it looks at the rest, a reload
 * here is all or nothing: the models that are new are loaded beside the old ones, and only when they are available, and
 * the labels fit, does the new list replace the old one. What is wrong is thrown, and everything stays as it was.
 */
export class ConfigController<M extends ConfiguredModel> {
  readonly #options: ConfigControllerOptions<M>;
  readonly #logger: Logger;
  #current: readonly M[] | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ConfigControllerOptions<M>) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /** The models that count; `undefined` before the first configuration. */
  get models(): readonly M[] | undefined {
    return this.#current;
  }

  /**
   * Takes a first configuration without waiting for its models: they become available in their own time, and so do their
   * labels.
   *
   * @throws ServingError FAILED_PRECONDITION when there is a configuration already, or for labels where none are allowed
   */
  start(models: readonly M[]): void {
    if (this.#current) {
      throw new ServingError('FAILED_PRECONDITION', 'CONFIG_STARTED', 'There is a configuration already; reload it');
    }
    if (this.#options.allowLabels === false) this.#checkLabels(models, new Map());
    this.#logAdded(models);
    this.#commit(models);
  }

  /**
   * Replaces the configuration entirely. Resolves when every model whose name is new has a version available; existing
   * models change on the next look of their source, and those that are gone unload in the background. Reloads run one
   * after the other; the same list again is accepted and changes nothing.
   *
   * @param options - a signal or a time limit ends the wait, and the old configuration stays
   * @throws ServingError INVALID_ARGUMENT for a model whose platform changes; FAILED_PRECONDITION for a label that may
   * not be set; UNKNOWN `<n> model(s) did not become available: …`; DEADLINE_EXCEEDED; the signal's reason
   */
  reload(models: readonly M[], options: WaitOptions = {}): Promise<void> {
    const reloaded = this.#running.then(() => this.#reload(models, options));
    this.#running = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(models: readonly M[], options: WaitOptions): Promise<void> {
    options.signal?.throwIfAborted();
    const previous = this.#current ?? [];
    const old = new Map(previous.map((model) => [model.name, model]));
    const kept = models.filter(({ name }) => old.has(name));
    const added = models.filter(({ name }) => !old.has(name));
    for (const model of kept) refusePlatformChange(old.get(model.name)!, model);
    this.#checkLabels(kept, old);
    this.#logAdded(models);
    if (added.length > 0) {
      const { states } = this.#options;
      const since = states.moment;
      this.#options.apply([...previous, ...added]);
      try {
        await states.waitUntilAvailable(
          added.map(({ name }) => name),
          { ...options, since, noun: this.#current ? 'model' : 'servable' },
        );
        // Versions may have gone while the new ones loaded.
        this.#checkLabels(models, old);
      } catch (error) {
        this.#options.apply(previous);
        throw error;
      }
    }
    this.#commit(models);
    this.#logger.info('Finished adding/updating models');
  }

  #logAdded(models: readonly M[]): void {
    this.#logger.info('Adding/updating models.');
    for (const { name } of models) this.#logger.info(` (Re-)adding model: ${name}`);
  }

  #commit(models: readonly M[]): void {
    this.#current = models;
    this.#options.labels.setLabels(new Map(models.map(({ name, versionLabels }) => [name, versionLabels])));
    this.#options.apply(models);
  }

  #checkLabels(models: readonly M[], old: ReadonlyMap<string, M>): void {
    const { states, unavailableLabels = 'refuse', allowLabels = true } = this.#options;
    if (!allowLabels && models.some(({ versionLabels }) => versionLabels.size > 0)) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'LABELS_NOT_ALLOWED',
        'Model version labels are not currently allowed by the server.',
      );
    }
    for (const { name, versionLabels } of models) {
      const stateOf = (version: bigint) =>
        states.getVersionStates(name).find(({ id }) => id.version === version)?.managerState;
      checkVersionLabels(
        { name, labels: versionLabels, current: old.get(name)?.versionLabels, stateOf },
        unavailableLabels,
      );
    }
  }
}

function refusePlatformChange(old: ConfiguredModel, next: ConfiguredModel): void {
  if (old.platform === next.platform) return;
  const shown = (platform: string | undefined): string => platform ?? '(any)';
  throw new ServingError(
    'INVALID_ARGUMENT',
    'PLATFORM_CHANGED',
    `Illegal to change a model's platform. For model ${next.name} platform was ${shown(old.platform)} ` +
      `and new platform requested is ${shown(next.platform)}`,
  );
}
