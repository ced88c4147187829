import {
  AccessControl,
  AccessPolicy,
  addAdminServices,
  addPredictionServices,
  AdmissionController,
  GrpcServer,
  InFlight,
  loadRequestTracer,
  type Logger,
  nodeHttpListener,
  type ServableProvider,
  type InferenceServable,
  ServableStateMonitor,
  type ServableStateReader,
  ServingError,
  RequestLogger,
  type RequestTracer,
  requestLog,
  ServingHealth,
  ServingMetrics,
  type WaitOptions,
} from '@servable/core';
import { effectiveConfig } from './effective-config.js';
import type { ModelServerConfig } from '@servable/protos/serving';
import { listenAdmin } from './listeners/admin-listener.js';
import { type GrpcListener, listenGrpc } from './listeners/grpc-listener.js';
import type { Listener } from './listeners/listener.js';
import { listenRest, type RestListener } from './listeners/rest-listener.js';
import { ModelConfiguration } from './models/model-configuration.js';
import { type ModelPipeline, modelPipeline } from './models/model-pipeline.js';
import { checkModelEngine } from './platforms/model-engine.js';
import { checkModelEngines, type ServedModel, type ServedModelInput } from './models/served-model.js';
import { notReadyProvider } from './not-ready-provider.js';
import { version } from './version.js';
import { CredentialFollower } from './security/credential-follower.js';
import { followAccess, followTls } from './security/follow-credentials.js';
import { type ResolvedServerOptions, resolveServerOptions, type ServerOptions } from './server-options.js';

/**
 * - `not-ready`: the ports are open and some model has never had a version loaded;
 * - `ready`: every model has had a version loaded;
 * - `draining`: no new requests are taken, the running ones end;
 * - `closed`: the ports are closed and the models unloaded.
 */
export type ServerState = 'not-ready' | 'ready' | 'draining' | 'closed';

/** A running server. */
export interface Server extends AsyncDisposable {
  readonly state: ServerState;
  /** The gRPC port that was bound; `undefined` without gRPC. */
  readonly grpcPort: number | undefined;
  /** The REST port that was bound; `undefined` without REST. */
  readonly restPort: number | undefined;
  /** The admin port that was bound; `undefined` without one. */
  readonly adminPort: number | undefined;
  /** The states of all versions of all models. */
  readonly states: ServableStateReader;
  /**
   * Resolves once every model that the server was started with, and still has, has a version that is available.
   *
   * @throws ServingError UNKNOWN when a model's versions have all failed; DEADLINE_EXCEEDED after `timeoutMs`; the
   * signal's reason
   */
  waitUntilReady(options?: WaitOptions): Promise<void>;
  /** The models that are configured now. */
  readonly models: readonly ServedModel[];
  /**
   * Replaces all models, or nothing: resolves when the new list counts and every model whose name is new has a version
   * available. Models that are left out are unloaded once the new ones are there.
   *
   * @param options - a signal or a time limit ends the wait, and the old models stay
   * @throws ServingError INVALID_ARGUMENT, FAILED_PRECONDITION for a label, UNKNOWN for a model that cannot be loaded
   */
  reload(models: readonly ServedModelInput[], options?: WaitOptions): Promise<void>;
  /**
   * Drains: refuses new requests with UNAVAILABLE, lets the running ones end for up to `drainTimeoutMs`, cuts the rest,
   * closes the ports and unloads the models. Idempotent.
   */
  close(): Promise<void>;
  /** Cuts: ends every connection and unloads the models under their requests. Idempotent, also during a drain. */
  destroy(): Promise<void>;
}

/**
 * Starts a server: the composition root, the only place that knows every part.
 *
 * @param start.signal - gives the start up; only matters while `waitForModels` waits
 * @returns the server, its ports open
 * @throws ServingError INVALID_ARGUMENT for a bad option; UNAVAILABLE when a port is taken; with `waitForModels`, UNKNOWN
 * when a model cannot be loaded. Nothing stays open after a failed start.
 *
 * @example
 * ```ts
 * await using server = await createServer({
 *   models: [{ name: 'half_plus_two', basePath: '/models/half_plus_two' }],
 *   grpcPort: 8500,
 *   restPort: 8501,
 * });
 * await server.waitUntilReady();
 * ```
 */
export async function createServer(
  options: ServerOptions,
  start: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Server> {
  const resolved = resolveServerOptions(options);
  await checkEngines(resolved);
  if (resolved.modelMemoryBudget !== undefined) {
    for (const platform of resolved.platforms) await platform.prepare?.();
  }
  const { logger, waitForModels } = resolved;
  const tracer = await loadRequestTracer(resolved.tracing, logger);
  const monitor = new ServableStateMonitor({ clock: resolved.clock });
  const inFlight = new InFlight();
  const admission = resolved.admission && new AdmissionController({ ...resolved.admission, clock: resolved.clock });
  const metrics =
    resolved.prometheus &&
    new ServingMetrics({
      nameStyle: resolved.prometheus.nameStyle,
      requestsInFlight: () => inFlight.count,
      requestsQueued: () => admission?.queued ?? 0,
      modelsWarming: () => pipeline.warmupState.count,
      memory: resolved.modelMemoryBudget === undefined ? undefined : () => pipeline.memory!,
    });
  const requestLogger = new RequestLogger(resolved.requestLog, {
    logger,
    clock: resolved.clock,
    onLogged: (name, code) => metrics?.requestLogged(name, code),
  });
  const pipeline: ModelPipeline = modelPipeline({
    ...resolved,
    states: monitor,
    onModels: (models) => requestLogger.update(models),
    memoryObserver: metrics?.memoryObserver,
    reportWarmup:
      metrics && (({ path, error, records, micros }) => metrics.warmedUp(path, error?.code ?? 'OK', records, micros)),
    reportWarmupRun: metrics && ((name, api, micros) => metrics.runtimeRan(name, api, micros)),
    reportTraffic: metrics && (({ name }, replay) => metrics.replayedTraffic(name, replay)),
  });
  const configuration = new ModelConfiguration(resolved, pipeline);
  const parts: Parts = {
    monitor,
    pipeline,
    configuration,
    provider: notReadyProvider(
      pipeline.provider,
      monitor,
      (name) => pipeline.isConfigured(name),
      (name) => pipeline.problemOf(name),
    ),
    inFlight,
    admission,
    metrics,
    requestLogger,
    tracer,
    health: new ServingHealth(),
    access: resolved.access && new AccessControl(new AccessPolicy(resolved.access)),
    credentials: new CredentialFollower({ clock: resolved.clock, logger, intervalMs: resolved.credentialsPollMs }),
    drainTimeoutMs: resolved.drainTimeoutMs,
    logger,
  };
  const listeners: Listeners = { admin: undefined, grpc: undefined, rest: undefined };
  let names: readonly string[];
  try {
    const models = await configuration.readFirst();
    names = (models ?? []).map(({ name }) => name);
    if (waitForModels) {
      if (models) await pipeline.controller.reload(models, { signal: start.signal });
      await listen(resolved, parts, listeners);
    } else {
      await listen(resolved, parts, listeners);
      if (models) pipeline.controller.start(models);
    }
    configuration.startPolling();
    if (parts.access) followAccess(parts.credentials, parts.access, resolved);
    parts.credentials.start();
  } catch (error) {
    listeners.admin?.cut();
    listeners.grpc?.cut();
    listeners.rest?.cut();
    parts.metrics?.close();
    await pipeline.close({ cut: true });
    await requestLogger.close();
    throw error;
  }
  return new RunningServer(parts, listeners, names);
}

/** What models are to run on, the server's and each model's own. */
async function checkEngines(options: ResolvedServerOptions): Promise<void> {
  await checkModelEngine(options, options.optionNames);
  await checkModelEngines(options.models);
}

interface Parts {
  readonly monitor: ServableStateMonitor;
  readonly pipeline: ModelPipeline;
  readonly configuration: ModelConfiguration;
  readonly provider: ServableProvider<InferenceServable>;
  readonly inFlight: InFlight;
  readonly admission: AdmissionController | undefined;
  readonly metrics: ServingMetrics | undefined;
  readonly requestLogger: RequestLogger;
  readonly tracer: RequestTracer | undefined;
  readonly health: ServingHealth;
  readonly access: AccessControl | undefined;
  readonly credentials: CredentialFollower;
  readonly drainTimeoutMs: number;
  readonly logger: Logger;
}

interface Listeners {
  admin: RestListener | undefined;
  grpc: GrpcListener | undefined;
  rest: Listener | undefined;
}

/** Opens the ports, gRPC first; what was opened is in `listeners` also when a later one fails. */
async function listen(options: ResolvedServerOptions, parts: Parts, listeners: Listeners): Promise<void> {
  const { host, restHost, grpcPort, restPort, logger, optionNames } = options;
  const { metrics } = parts;
  const { limits } = options;
  const dependencies = {
    provider: parts.provider,
    states: {
      getVersionStates: (name: string) => parts.monitor.getVersionStates(name),
      getStreamNames: () => parts.monitor.getStreamNames(),
      problemOf: (name: string) => parts.pipeline.problemOf(name),
    },
    labelsOf: (name: string) => parts.pipeline.labelsOf(name),
    inFlight: parts.inFlight,
    admission: parts.admission,
    access: parts.access,
    observers: [
      ...(metrics ? [metrics.observe] : []),
      requestLog({ logger, slowRequestMs: options.slowRequestMs, clock: options.clock }),
    ],
    checkMethodNames: options.checkMethodNames,
    maxInputElements: limits.maxInputElements,
    recorder: parts.requestLogger,
    tracer: parts.tracer,
    metricValue: metrics && ((name: string) => metrics.firstCount(name)),
    serverInfo: { name: 'servable', version: version },
    isReady: () => isEveryModelAvailable(parts),
  };
  const reloadConfig = (config: ModelServerConfig, how?: WaitOptions): Promise<void> =>
    parts.configuration.reloadFromWire(config, how);
  const { grpcSocketPath, adminPort } = options;
  const config = (): unknown => effectiveConfig(options, parts.pipeline.controller.models ?? []);
  const prometheus = metrics && { path: options.prometheus!.path, render: () => metrics.render() };
  if (adminPort !== undefined) {
    const server = grpcServer(options);
    addAdminServices(server, {
      ...dependencies,
      health: options.healthService ? parts.health : undefined,
      reloadConfig,
    });
    const handler = nodeHttpListener({ ...dependencies, purpose: 'admin', config, prometheus });
    const address = { host: options.adminHost, port: adminPort, what: 'admin', portOption: optionNames.adminPort };
    listeners.admin = await listenAdmin(server, handler, address, limits, options.grpcTls);
    logger.info(`Running the admin services at ${options.adminHost}:${listeners.admin.port} ...`);
  }
  if (grpcPort !== undefined || grpcSocketPath !== undefined) {
    const server = grpcServer(options);
    const takesConfigs = options.reloadOverGrpc && options.adminPort === undefined;
    addPredictionServices(server, {
      ...dependencies,
      tensorContent: options.tensorContent,
      health: options.healthService ? parts.health : undefined,
      reloadConfig: takesConfigs ? reloadConfig : undefined,
      reloadRefusal: takesConfigs ? undefined : reloadRefusal(options),
    });
    listeners.grpc = await listenGrpc(server, {
      tcp:
        grpcPort === undefined ? undefined : { host, port: grpcPort, what: 'gRPC', portOption: optionNames.grpcPort },
      socketPath: grpcSocketPath,
      tls: options.grpcTls,
    });
    const grpc = listeners.grpc;
    followTls(parts.credentials, 'grpcTls', options.grpcTls, (tls) => {
      grpc.updateTls(tls);
      listeners.admin?.updateTls(tls);
    });
    logger.info(options.grpcTls ? 'Using SSL credentials' : 'Using InsecureServerCredentials');
    if (grpcPort !== undefined) logger.info(`Running gRPC ModelServer at ${host}:${listeners.grpc.port} ...`);
    if (grpcSocketPath !== undefined) logger.info(`Running gRPC ModelServer at UNIX socket ${grpcSocketPath} ...`);
  }
  if (restPort !== undefined) {
    const handler = nodeHttpListener({
      ...dependencies,
      limits: {
        maxBodyBytes: Math.min(options.maxReceiveMessageBytes, limits.maxHeldBodyBytes ?? Infinity),
        maxHeldBodyBytes: limits.maxHeldBodyBytes,
        maxJsonDepth: limits.maxJsonDepth,
      },
      timeoutMs: options.restTimeoutMs === 0 ? undefined : options.restTimeoutMs,
      enableCors: options.restCors,
      web: { tensorContent: options.tensorContent, health: options.healthService ? parts.health : undefined },
      config: adminPort === undefined ? config : undefined,
      configRefusal: adminPort === undefined ? undefined : onAdminPort('GET /v1/config', options),
      prometheus,
    });
    const address = { host: restHost, port: restPort, what: 'REST', portOption: optionNames.restPort };
    const rest = (listeners.rest = await listenRest(handler, address, limits, options.restTls));
    followTls(parts.credentials, 'restTls', options.restTls, (tls) => rest.updateTls(tls));
    logger.info(`Exporting HTTP/REST API at:localhost:${listeners.rest.port} ...`);
  }
}

function grpcServer({ maxReceiveMessageBytes, limits, grpcChannelOptions }: ResolvedServerOptions): GrpcServer {
  const channelArguments = {
    'grpc.max_receive_message_length': maxReceiveMessageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': limits.grpcKeepaliveMs,
    'grpc.keepalive_timeout_ms': 20_000,
    ...(limits.maxConcurrentStreams && { 'grpc.max_concurrent_streams': limits.maxConcurrentStreams }),
    ...(limits.grpcIdleTimeoutMs && { 'grpc.max_connection_idle_ms': limits.grpcIdleTimeoutMs }),
    ...grpcChannelOptions,
  };
  return new GrpcServer(channelArguments, {
    maxConnections: limits.maxGrpcConnections,
    handshakeTimeoutMs: limits.headersTimeoutMs,
    requestTimeoutMs: limits.requestTimeoutMs,
  });
}

/** Names the option that the operator has to change. */
function reloadRefusal({ adminPort, optionNames }: ResolvedServerOptions): ServingError {
  return adminPort === undefined
    ? new ServingError(
        'UNIMPLEMENTED',
        'RELOAD_UNAVAILABLE',
        `HandleReloadConfigRequest is switched off here; ${optionNames.reloadOverGrpc} switches it on`,
      )
    : onAdminPort('HandleReloadConfigRequest', { optionNames });
}

function onAdminPort(what: string, { optionNames }: Pick<ResolvedServerOptions, 'optionNames'>): ServingError {
  const message = `${what} is not taken on this port; it is on the one of ${optionNames.adminPort}`;
  return new ServingError('PERMISSION_DENIED', 'ON_ADMIN_PORT', message);
}

/** Whether each model that is configured now has a version to call. */
function isEveryModelAvailable({ pipeline, monitor }: Parts): boolean {
  const { models } = pipeline.controller;
  if (models === undefined) return false;
  return models.every(({ name }) =>
    monitor.getVersionStates(name).some(({ managerState }) => managerState === 'AVAILABLE'),
  );
}

class RunningServer implements Server {
  readonly grpcPort: number | undefined;
  readonly restPort: number | undefined;
  readonly adminPort: number | undefined;
  readonly #parts: Parts;
  readonly #listeners: readonly (Listener | GrpcListener)[];
  readonly #names: readonly string[];
  readonly #cut = new AbortController();
  #state: ServerState = 'not-ready';
  #closing: Promise<void> | undefined;

  constructor(parts: Parts, { admin, grpc, rest }: Listeners, names: readonly string[]) {
    this.#parts = parts;
    this.#names = names;
    this.#listeners = [admin, grpc, rest].filter((listener) => listener !== undefined);
    this.grpcPort = grpc?.port;
    this.restPort = rest?.port;
    this.adminPort = admin?.port;
    const { monitor, pipeline } = parts;
    const waiting = new Set(names);
    const update = (...names: readonly string[]): void => {
      for (const name of names) {
        if (!waiting.has(name)) continue;
        // A model that is not configured any more is not waited for.
        if (!pipeline.isConfigured(name)) waiting.delete(name);
        else if (monitor.getVersionStates(name).some(({ managerState }) => managerState === 'AVAILABLE')) {
          waiting.delete(name);
        }
      }
      if (waiting.size > 0 || this.#state !== 'not-ready') return;
      this.#state = 'ready';
      pipeline.endStart();
      parts.health.setServing(true);
      unsubscribe();
    };
    const unsubscribe = monitor.subscribe(({ id }) => update(id.name));
    pipeline.onConfigured(() => update(...waiting));
    update(...waiting);
  }

  get state(): ServerState {
    return this.#state;
  }

  get states(): ServableStateReader {
    return this.#parts.monitor;
  }

  get models(): readonly ServedModel[] {
    return this.#parts.pipeline.controller.models ?? [];
  }

  waitUntilReady(options?: WaitOptions): Promise<void> {
    const { monitor, pipeline } = this.#parts;
    return monitor.waitUntilAvailable(
      this.#names.filter((name) => pipeline.isConfigured(name)),
      options,
    );
  }

  reload(models: readonly ServedModelInput[], options?: WaitOptions): Promise<void> {
    return this.#parts.configuration.reload(models, options);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#drain());
  }

  destroy(): Promise<void> {
    this.#cut.abort(new ServingError('UNAVAILABLE', 'SERVER_DESTROYED', 'The server was destroyed'));
    return this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(): Promise<void> {
    const { configuration, inFlight, health, pipeline, drainTimeoutMs, logger } = this.#parts;
    this.#state = 'draining';
    // Watches end too: they would keep the gRPC server open.
    health.close();
    await configuration.close();
    await this.#parts.credentials.close();
    // No new connections from here on; the ones that are open go on until their calls have ended.
    const stopped = Promise.allSettled(this.#listeners.map((listener) => listener.stop()));
    let cut = false;
    try {
      await inFlight.drain({ timeoutMs: drainTimeoutMs, signal: this.#cut.signal });
    } catch (error) {
      cut = true;
      logger.warning(`Cutting what is still running: ${(error as Error).message}`);
    }
    // Answers that are known may still be on their way out: a client that does not read them cannot hold us up.
    if (!cut) await this.#settleWithin(stopped, drainTimeoutMs);
    for (const listener of this.#listeners) listener.cut();
    this.#cut.signal.addEventListener('abort', () => void pipeline.destroy(), { once: true });
    await pipeline.close({ cut: cut || this.#cut.signal.aborted });
    await this.#parts.requestLogger.close();
    this.#parts.metrics?.close();
    this.#state = 'closed';
  }

  async #settleWithin(stopped: Promise<unknown>, timeoutMs: number): Promise<void> {
    const { signal } = this.#cut;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      void stopped.then(end);
    });
  }
}
