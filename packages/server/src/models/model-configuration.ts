import {
  checkObjectStore,
  ConfigFilePoller,
  isStoreUrl,
  modelConfigList,
  readTextProtoFile,
  ServingError,
  type WaitOptions,
} from '@servable/core';
import { type ModelServerConfig, ModelServerConfigSchema } from '@servable/protos/serving';
import type { ResolvedServerOptions } from '../server-options.js';
import type { ModelPipeline } from './model-pipeline.js';
import { LogRoots } from './log-roots.js';
import { ModelRoots } from './model-roots.js';
import type { ServedModel, ServedModelInput } from './served-model.js';
import { checkModelEngines, servedModels } from './served-model.js';

/** Where configurations come from: options, a file that may be polled, the wire, the program itself. */
export class ModelConfiguration {
  readonly #options: ResolvedServerOptions;
  readonly #pipeline: ModelPipeline;
  readonly #platforms: readonly string[];
  readonly #roots: ModelRoots;
  readonly #logRoots: LogRoots;
  readonly #closing = new AbortController();
  #poller: ConfigFilePoller<ModelServerConfig> | undefined;

  constructor(options: ResolvedServerOptions, pipeline: ModelPipeline) {
    this.#options = options;
    this.#pipeline = pipeline;
    this.#platforms = options.platforms.map(({ name }) => name);
    this.#roots = new ModelRoots(options.modelRoots, options.optionNames.modelRoots);
    this.#logRoots = new LogRoots(options.requestLog.roots, options.optionNames.requestLogRoots);
  }

  /**
   * The models to start with; `undefined` when the file has no list in it.
   *
   * @throws ServingError for a file that cannot be read or says what cannot be
   */
  async readFirst(): Promise<readonly ServedModel[] | undefined> {
    const { models, modelConfigFile } = this.#options;
    if (modelConfigFile === undefined) {
      await this.#checkStores(models);
      this.#allow(models);
      return models;
    }
    const listed = this.#listed(await this.#readFile(modelConfigFile));
    if (listed) {
      await this.#checkStores(listed);
      this.#allow(listed);
    }
    return listed;
  }

  /** Applies the file again and again from now on, if that was asked for. */
  startPolling(): void {
    const { modelConfigFile, modelConfigFilePollMs, clock, logger } = this.#options;
    if (modelConfigFile === undefined || modelConfigFilePollMs <= 0) return;
    this.#poller = new ConfigFilePoller({
      read: () => this.#readFile(modelConfigFile),
      reload: async (config, options) => {
        const models = this.#listed(config);
        if (!models) return;
        await this.#checkStores(models);
        this.#allow(models);
        await this.#pipeline.controller.reload(models, options);
      },
      intervalMs: modelConfigFilePollMs,
      clock,
      logger,
    });
    this.#poller.start();
  }

  /** Applies what the program itself asks for. */
  async reload(models: readonly ServedModelInput[], options?: WaitOptions): Promise<void> {
    const served = servedModels(models, this.#platforms, this.#options);
    await checkModelEngines(served);
    this.#allow(served);
    await this.#reload(served, options);
  }

  /** Applies what came over the wire. @throws ServingError PERMISSION_DENIED for a path that a client may not name */
  async reloadFromWire(config: ModelServerConfig, options?: WaitOptions): Promise<void> {
    const models = this.#listed(config) ?? [];
    this.#roots.check(models);
    this.#logRoots.check(models);
    await this.#reload(models, options);
  }

  /** Ends the polling and every reload that waits. */
  async close(): Promise<void> {
    this.#closing.abort(new ServingError('UNAVAILABLE', 'SERVER_DRAINING', 'The server is shutting down'));
    await this.#poller?.close();
  }

  /** What the operator configures may be named over the wire too. */
  #allow(models: readonly ServedModel[]): void {
    this.#roots.add(models);
    this.#logRoots.add(models);
  }

  async #reload(models: readonly ServedModel[], { signal, timeoutMs }: WaitOptions = {}): Promise<void> {
    await this.#checkStores(models);
    const closing = this.#closing.signal;
    return this.#pipeline.controller.reload(models, {
      signal: signal ? AbortSignal.any([signal, closing]) : closing,
      timeoutMs,
    });
  }

  /** A store that cannot be asked at all, as its package is missing, say, is a mistake of the configuration. */
  async #checkStores(models: readonly ServedModel[]): Promise<void> {
    for (const { basePath, fixed } of models) {
      if (!fixed && isStoreUrl(basePath)) await checkObjectStore(basePath, this.#options.objectStores);
    }
  }

  #readFile(path: string): Promise<ModelServerConfig> {
    return readTextProtoFile(ModelServerConfigSchema, path, { logger: this.#options.logger });
  }

  /** The transition check and the list's (upstream: `ServerCore::ReloadConfig` in model_servers/server_core.cc). */
  #listed({ config }: ModelServerConfig): readonly ServedModel[] | undefined {
    if (config.case === 'modelConfigList') return modelConfigList(config.value, { platforms: this.#platforms });
    if (this.#pipeline.controller.models !== undefined) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        'CONFIG_TRANSITION',
        'Cannot transition to requested config. It is only legal to transition from one ModelConfigList to another.',
      );
    }
    if (config.case === 'customModelConfig') {
      throw new ServingError(
        'UNIMPLEMENTED',
        'CUSTOM_MODEL_CONFIG',
        'ModelServer does not yet support custom model config.',
      );
    }
    this.#options.logger.info('Taking no action for empty config.');
    return undefined;
  }
}
