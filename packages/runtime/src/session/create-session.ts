import type { Tensor } from '@servable/tensor';
import { addressOf, nativeNames } from '../native/address.js';
import { engineOptions, ortEnv } from '../native/ort-env.js';
import type { Pointer, Status } from '../native/ort-functions.js';
import { check, statusError } from '../native/ort-status.js';
import { createValue } from '../native/ort-value.js';
import { RuntimeError } from '../runtime-error.js';
import { appendProviders } from './append-providers.js';
import { backgroundThread, runningBackgroundThread } from './background-thread.js';
import { takeTurn } from './device-turns.js';
import { sharesDevice, usesDevice } from './execution-providers.js';
import { checkLimits, type CallOptions } from './interruption.js';
import { poolCall } from './pool-call.js';
import type { ResolvedSessionOptions } from './session-options.js';

/**
 * Creates an `OrtSession` on a pool thread.
 *
 * The initializers are given to the engine as values over the typed arrays (`AddExternalInitializers`), not inside the
 * model's bytes: no second copy in JavaScript, no limit of 2 GiB, and the optimizer sees them like any other constant. The
 * engine copies what it keeps of them (as the documentation of `AddExternalInitializers` says), so that the typed arrays
 * are free to be collected when the session is there.
 *
 * @returns the address of the session
 */
export async function createSession(
  model: Uint8Array | string,
  options: ResolvedSessionOptions,
  initializers: ReadonlyMap<string, Tensor>,
  limits: SessionLimits,
  weights: SessionWeights = {},
): Promise<Pointer> {
  const attempt = (threads: SessionThreads) => create(model, options, threads, initializers, limits, weights);
  const { intraOpThreads, interOpThreads } = options;
  if (intraOpThreads !== undefined || interOpThreads !== undefined) {
    return attempt({ intra: intraOpThreads ?? 1, inter: interOpThreads ?? 1 });
  }
  if (envHasPools) {
    try {
      return await attempt('shared');
    } catch (error) {
      if (!(error instanceof RuntimeError && error.message.includes('EnvCreatedWithGlobalThreadPools'))) throw error;
      envHasPools = false;
    }
  }
  const engine = engineOptions();
  return attempt({ intra: engine.intraOpThreads ?? 0, inter: engine.interOpThreads ?? 0 });
}

/** What making a session may take. */
export interface SessionLimits extends CallOptions {
  /** Only what is left of the processor, on a thread of low priority where there can be one. Default `false`. */
  readonly inBackground?: boolean | undefined;
}

/** Weights that are outside of the model. */
export interface SessionWeights {
  /** The folder in which the engine finds the file of weights that the model's bytes refer to. */
  readonly folder?: string | undefined;
  /** Values that the session uses where they lie, in place of initializers of the model. */
  readonly shared?: { readonly values: ReadonlyMap<string, Pointer>; readonly container: Pointer } | undefined;
}

/** Threads of a session's own (0: one per physical core), or those that all sessions share. */
type SessionThreads = 'shared' | { readonly intra: number; readonly inter: number };

/**
 * The engine has one environment per process. Where other code has made it first, such as onnxruntime-node with the same
 * library, it has no threads to share, which the engine only says when a session is made.
 */
let envHasPools = true;

async function create(
  model: Uint8Array | string,
  options: ResolvedSessionOptions,
  threads: SessionThreads,
  initializers: ReadonlyMap<string, Tensor>,
  limits: SessionLimits,
  { folder, shared }: SessionWeights,
): Promise<Pointer> {
  // Threads that a session has for itself would have the low priority of the one that makes it, and keep it.
  const mayGiveWay = limits.inBackground === true && threads === 'shared' && !usesDevice(options.executionProviders);
  const background = mayGiveWay ? await backgroundThread() : undefined;
  const endTurn = sharesDevice(options.executionProviders) ? await takeTurn() : undefined;
  try {
    checkLimits(limits);
  } catch (error) {
    endTurn?.();
    throw error;
  }
  const { api, env } = ortEnv();
  const out = new BigUint64Array(1);
  check(api, api.CreateSessionOptions(out));
  const native = out[0] ?? 0n;
  const values: Pointer[] = [];
  // The session has its own references to the values; the memory below them is kept by its owner.
  const release = () => {
    for (const value of values) api.ReleaseValue(value);
    api.ReleaseSessionOptions(native);
    endTurn?.();
  };
  const keep: unknown[] = [model, out, ...initializers.values()];
  try {
    applyOptions(native, options, threads);
    appendProviders(native, options.executionProviders);
    if (folder !== undefined) {
      check(api, api.AddSessionConfigEntry(native, 'session.model_external_initializers_file_folder_path', folder));
    }
    for (const [name, value] of shared?.values ?? []) check(api, api.AddInitializer(native, name, value));
    if (initializers.size > 0) {
      const names = nativeNames([...initializers.keys()]);
      for (const tensor of initializers.values()) values.push(createValue(tensor));
      const addresses = BigUint64Array.from(values);
      check(api, api.AddExternalInitializers(native, names.pointers, addresses, values.length));
      keep.push(names);
    }
  } catch (error) {
    release();
    throw error;
  }
  const status = await poolCall<Status>(
    {
      isElsewhere: background !== undefined,
      start: (done) => {
        const source = typeof model === 'string' ? [model] : [addressOf(model), model.byteLength];
        const name =
          typeof model === 'string'
            ? (['CreateSession', 'CreateSessionWithPrepackedWeightsContainer'] as const)
            : (['CreateSessionFromArray', 'CreateSessionFromArrayWithPrepackedWeightsContainer'] as const);
        const container = shared === undefined ? [] : [shared.container];
        const args = [env, ...source, native, ...container, addressOf(out)];
        const create = name[shared === undefined ? 0 : 1];
        if (background === undefined) api[create].async(...args, done);
        else background.start(create, args, done);
      },
      terminate: () => void api.SessionOptionsSetLoadCancellationFlag(native, true),
      abandoned: (status) => {
        if (status === null) api.ReleaseSession(out[0] ?? 0n);
        else if (status !== undefined) api.ReleaseStatus(status);
        release();
      },
      keep,
    },
    limits,
  );
  release();
  if (status !== null) {
    const { code, reason, message } = statusError(api, status);
    const where = typeof model !== 'string' || message.includes(model) ? '' : `${model}: `;
    if (usesDevice(options.executionProviders) && deviceFailure.test(message)) {
      throw new RuntimeError('FAILED_PRECONDITION', 'EXECUTION_PROVIDER_FAILED', where + message);
    }
    // Loading does not fail for the engine's own reasons: types, shapes and links of the model do not fit.
    if (reason === 'ENGINE_FAIL') throw new RuntimeError('INVALID_ARGUMENT', 'MODEL_INVALID', where + message);
    throw new RuntimeError(code, reason, where + message);
  }
  return out[0] ?? 0n;
}

/** What the engine says when a device is at fault, not the model. */
const deviceFailure = /\b(CUDA|CUDNN|CUBLAS) (error|failure)|TensorRT EP|WebGPU|Dawn|adapter|device lost/i;

function applyOptions(native: Pointer, options: ResolvedSessionOptions, threads: SessionThreads): void {
  const { api } = ortEnv();
  const set = (status: bigint | null) => check(api, status);
  set(api.SetSessionLogSeverityLevel(native, options.logLevel));
  set(api.SetSessionGraphOptimizationLevel(native, options.graphOptimizationLevel));
  set(api.SetSessionExecutionMode(native, options.parallelExecution ? 1 : 0));
  if (!options.memoryArena) set(api.DisableCpuMemArena(native));
  if (!options.memoryPattern) set(api.DisableMemPattern(native));
  if (options.optimizedModelPath !== undefined) set(api.SetOptimizedModelFilePath(native, options.optimizedModelPath));
  for (const [key, value] of options.config) set(api.AddSessionConfigEntry(native, key, value));
  if (threads === 'shared') {
    set(api.DisablePerSessionThreads(native));
  } else {
    set(api.SetIntraOpNumThreads(native, threads.intra));
    set(api.SetInterOpNumThreads(native, threads.inter));
  }
}

/**
 * Frees a session on a pool thread.
 *
 * @param inBackground - or on the thread of low priority, which runs for as long as versions come and go beside calls
 */
export function releaseSession(address: Pointer, inBackground = false): Promise<void> {
  const background = inBackground ? runningBackgroundThread() : undefined;
  return poolCall<void>(
    {
      isElsewhere: background !== undefined,
      start: (done) => {
        if (background === undefined) ortEnv().api.ReleaseSession.async(address, done);
        else background.start('ReleaseSession', [address], (error) => done(error, undefined));
      },
      terminate: () => undefined,
      abandoned: () => undefined,
      keep: [],
    },
    {},
  );
}
