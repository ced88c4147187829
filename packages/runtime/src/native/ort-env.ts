import { badOption, RuntimeError } from '../runtime-error.js';
import { returnLargeBlocks } from './allocator.js';
import { ortApi, type OrtApi } from './ort-api.js';
import type { Pointer } from './ort-functions.js';
import { check } from './ort-status.js';

/** Settings of the engine that all sessions of the process share. */
export interface EngineOptions {
  /**
   * Threads of the shared pool that one operator is spread over, the calling thread included.
   * Default: one per physical core.
   */
  readonly intraOpThreads?: number;
  /** Threads of the shared pool that run operators of one call side by side. Default: one per physical core. */
  readonly interOpThreads?: number;
  /**
   * Whether idle pool threads spin for a while before they sleep: a little less latency for a lot of processor time,
   * which the event loop then lacks. Default `false`.
   */
  readonly allowSpinning?: boolean;
}

/** What is made once per thread and kept until the process ends. */
export interface OrtEnv {
  readonly api: OrtApi;
  readonly env: Pointer;
  /** Describes plain memory of the process. */
  readonly memoryInfo: Pointer;
  /** The engine's default allocator. */
  readonly allocator: Pointer;
}

/** `OrtLoggingLevel`. The engine writes to stderr; everything that fails is thrown as well. */
export const logLevels = { verbose: 0, info: 1, warning: 2, error: 3, fatal: 4 } as const;

let options: EngineOptions = {};
let current: OrtEnv | undefined;

/**
 * Loads the engine now and sets what its sessions share. Without it that happens with the defaults when the first session
 * is made.
 *
 * Call it early when other code of the process uses koffi too: the engine needs larger native stacks than koffi's
 * default, and they can only be set before the first library is loaded. Call it before onnxruntime-node makes a session as
 * well: the engine has one set of shared threads per process, which the first to use it makes or goes without. Sessions
 * that come too late for shared threads have as many of their own.
 *
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`; FAILED_PRECONDITION `ENGINE_STARTED` when sessions share other
 * settings already, and what loading the library throws
 */
export function prepareRuntime(wanted: EngineOptions = {}): void {
  threadCount('intraOpThreads', wanted.intraOpThreads);
  threadCount('interOpThreads', wanted.interOpThreads);
  if (wanted.allowSpinning !== undefined && typeof wanted.allowSpinning !== 'boolean') {
    throw badOption('allowSpinning', 'a boolean', wanted.allowSpinning);
  }
  if (current !== undefined && !sameOptions(wanted, options)) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'ENGINE_STARTED',
      'prepareRuntime() must come before the first session: the engine runs with other settings already',
    );
  }
  options = { ...wanted };
  ortEnv();
}

/** What {@link prepareRuntime} was given. */
export function engineOptions(): EngineOptions {
  return options;
}

/** The environment of the engine, made on first use. */
export function ortEnv(): OrtEnv {
  current ??= createEnv(ortApi());
  return current;
}

function createEnv(api: OrtApi): OrtEnv {
  returnLargeBlocks();
  const out = new BigUint64Array(1);
  const take = (): Pointer => out[0] ?? 0n;
  check(api, api.CreateThreadingOptions(out));
  const threading = take();
  try {
    check(api, api.SetGlobalIntraOpNumThreads(threading, options.intraOpThreads ?? 0));
    check(api, api.SetGlobalInterOpNumThreads(threading, options.interOpThreads ?? 0));
    check(api, api.SetGlobalSpinControl(threading, options.allowSpinning === true ? 1 : 0));
    check(api, api.CreateEnvWithGlobalThreadPools(logLevels.fatal, 'servable', threading, out));
  } finally {
    api.ReleaseThreadingOptions(threading);
  }
  const env = take();
  check(api, api.CreateCpuMemoryInfo(0, 0, out)); // OrtDeviceAllocator, OrtMemTypeDefault
  const memoryInfo = take();
  check(api, api.GetAllocatorWithDefaultOptions(out));
  return Object.freeze({ api, env, memoryInfo, allocator: take() });
}

function sameOptions(a: EngineOptions, b: EngineOptions): boolean {
  return (
    a.intraOpThreads === b.intraOpThreads &&
    a.interOpThreads === b.interOpThreads &&
    (a.allowSpinning ?? false) === (b.allowSpinning ?? false)
  );
}

/** Refuses what is not a number of threads. */
export function threadCount(name: string, value: unknown): void {
  if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1024)) {
    throw badOption(name, 'an integer from 1 to 1024', value);
  }
}
