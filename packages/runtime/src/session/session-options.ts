import { logLevels, threadCount } from '../native/ort-env.js';
import { badOption } from '../runtime-error.js';
import {
  resolveExecutionProviders,
  usesDevice,
  type ExecutionProviderInput,
  type ResolvedExecutionProvider,
} from './execution-providers.js';

/** How hard the engine works on a graph when it is loaded (`GraphOptimizationLevel`). */
export type GraphOptimization = 'none' | 'basic' | 'extended' | 'all';

/** From which severity the engine writes to stderr. */
export type LogSeverity = keyof typeof logLevels;

/** How a session is made. */
export interface SessionOptions {
  /**
   * Threads of the session's own that one operator is spread over, the calling thread included. Default: the pool that
   * all sessions share (see `prepareRuntime`).
   */
  readonly intraOpThreads?: number;
  /** Threads of the session's own that run operators side by side. Default: the shared pool. */
  readonly interOpThreads?: number;
  /** Run operators that do not need each other side by side. Default `false`: one after another. */
  readonly parallelExecution?: boolean;
  /** Default `'all'`. */
  readonly graphOptimization?: GraphOptimization;
  /** Keep freed memory for the next run. Default `true`. */
  readonly memoryArena?: boolean;
  /** Plan the memory of a run ahead when the shapes repeat. Default `true`. */
  readonly memoryPattern?: boolean;
  /**
   * Keep the weights of matrix products and convolutions a second time, in the order in which the processor reads them:
   * faster runs for more memory. Default `true`.
   */
  readonly prepacking?: boolean;
  /** Default `'fatal'`: failures are thrown, and need not be printed as well. */
  readonly logSeverity?: LogSeverity;
  /** Where to write the optimized graph, for a look at what the engine made of it. */
  readonly optimizedModelPath?: string;
  /**
   * `'auto'` runs calls that were measured to take less than about 100 µs on the calling thread and all others on a pool
   * thread; `'async'` runs all of them on a pool thread. Default `'auto'`.
   */
  readonly execution?: 'auto' | 'async';
  /**
   * What runs the operators, the preferred one first; what none of them takes runs on the processor. Default: the
   * processor. One that this machine cannot run is an error. On devices, `execution` is `'async'`.
   */
  readonly executionProviders?: readonly ExecutionProviderInput[] | undefined;
  /** Other configuration entries of the engine, by its own names (`session.…`). */
  readonly config?: Readonly<Record<string, string>>;
}

/** {@link SessionOptions} with every default in place. */
export interface ResolvedSessionOptions {
  readonly intraOpThreads: number | undefined;
  readonly interOpThreads: number | undefined;
  readonly parallelExecution: boolean;
  readonly graphOptimizationLevel: number;
  readonly memoryArena: boolean;
  readonly memoryPattern: boolean;
  readonly logLevel: number;
  readonly optimizedModelPath: string | undefined;
  readonly execution: 'auto' | 'async';
  readonly executionProviders: readonly ResolvedExecutionProvider[];
  readonly config: ReadonlyMap<string, string>;
}

const disabledOptimizers = 'optimization.disable_specified_optimizers';

/**
 * Optimizers of the engine that change answers. `Pad_Fusion` (onnxruntime/core/optimizer/pad_fusion.cc) moves a padding
 * with zeros into the pooling that follows, which does not count what it pads with: a maximum of negative numbers is then
 * below zero at the edges, and a mean is one of fewer numbers. The compiler itself moves paddings into convolutions.
 */
const WRONG_OPTIMIZERS = 'Pad_Fusion';

const optimizationLevels: Readonly<Record<GraphOptimization, number>> = { none: 0, basic: 1, extended: 2, all: 99 };

/**
 * Checks options and fills in the defaults.
 *
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`
 */
export function resolveSessionOptions(options: SessionOptions = {}): ResolvedSessionOptions {
  threadCount('intraOpThreads', options.intraOpThreads);
  threadCount('interOpThreads', options.interOpThreads);
  const flag = (name: 'parallelExecution' | 'memoryArena' | 'memoryPattern' | 'prepacking', byDefault: boolean) => {
    const value = options[name] ?? byDefault;
    if (typeof value !== 'boolean') throw badOption(name, 'a boolean', value);
    return value;
  };
  const { optimizedModelPath } = options;
  if (optimizedModelPath !== undefined && (typeof optimizedModelPath !== 'string' || optimizedModelPath === '')) {
    throw badOption('optimizedModelPath', 'a path', optimizedModelPath);
  }
  const config = new Map<string, string>();
  if (!flag('prepacking', true)) config.set('session.disable_prepacking', '1');
  // Pool threads that spin take the processor from the event loop.
  config.set('session.intra_op.allow_spinning', '0');
  config.set('session.inter_op.allow_spinning', '0');
  for (const [key, value] of Object.entries(options.config ?? {})) {
    if (typeof value !== 'string') throw badOption(`config[${JSON.stringify(key)}]`, 'a string', value);
    config.set(key, value);
  }
  const own = config.get(disabledOptimizers);
  config.set(disabledOptimizers, own === undefined || own === '' ? WRONG_OPTIMIZERS : `${own};${WRONG_OPTIMIZERS}`);
  const executionProviders = resolveExecutionProviders(options.executionProviders);
  const execution = pick('execution', { auto: 'auto', async: 'async' } as const, options.execution ?? 'auto');
  return Object.freeze({
    intraOpThreads: options.intraOpThreads,
    interOpThreads: options.interOpThreads,
    parallelExecution: flag('parallelExecution', false),
    graphOptimizationLevel: pick('graphOptimization', optimizationLevels, options.graphOptimization ?? 'all'),
    memoryArena: flag('memoryArena', true),
    memoryPattern: flag('memoryPattern', true),
    logLevel: pick('logSeverity', logLevels, options.logSeverity ?? 'fatal'),
    optimizedModelPath,
    // A call waits for its device, which the event loop must not.
    execution: usesDevice(executionProviders) ? 'async' : execution,
    executionProviders,
    config,
  });
}

function pick<K extends string, V>(name: string, choices: Readonly<Record<K, V>>, key: K): V {
  if (!Object.hasOwn(choices, key)) throw badOption(name, `one of ${Object.keys(choices).join(', ')}`, key);
  return choices[key];
}
