import { badOption, RuntimeError } from '../runtime-error.js';
import type { CallOptions } from '../session/interruption.js';
import { resolveSessionOptions, type SessionOptions } from '../session/session-options.js';
import { resolveInstances, type Instances } from '../session/execution-providers.js';
import { LoadedModel } from './loaded-model.js';
import { modelIdentity, type IdentityOptions } from './model-identity.js';
import type { Model } from './model.js';
import { type CompileOn, openSignatures } from './open-signatures.js';

/** How a SavedModel is loaded. */
export interface LoadSavedModelOptions extends IdentityOptions, CallOptions {
  /** Tags of the MetaGraph: exactly these, in any order. Default: `['serve']`. */
  readonly tags?: readonly string[] | undefined;
  /**
   * Signatures to compile while loading; the load fails if one of them does not compile. Default: `serving_default`, or
   * the first that compiles where it does not; all others are compiled when they are first used. Signatures of one
   * model share one copy of their weights: those that compute the same, such as what Keras exports under two names, and on
   * the processors of Linux and macOS the others too.
   */
  readonly eager?: readonly string[] | undefined;
  /** How the engine runs it. */
  readonly session?: SessionOptions | undefined;
  /**
   * How many sessions each part of it has, or `per-device`: one on each device of the first execution provider. Each has
   * its own weights; a call goes to the one with the fewest under way. Variables that requests change and tables are there
   * once, whatever the number. Default 1.
   */
  readonly instances?: Instances | undefined;
  /**
   * Where a model is read and compiled. `'thread'` (default): a large one on a thread of its own, so that the event loop stays
   * free for requests; `'always'`: small models too, though a thread takes longer to start than they take to compile;
   * `'caller'`: on the calling thread, which is sooner ready where nothing else is waiting.
   */
  readonly compileOn?: CompileOn | undefined;
}

/**
 * Loads a SavedModel (an export of TensorFlow 1 or 2, or Keras) and compiles it for the engine. TensorFlow is not needed.
 * Large models are read and compiled on a thread of their own, so that the event loop stays free; the graphs of those with
 * ops that the engine has no word for (strings, tables, image files) are compiled on the calling thread too, not their weights.
 *
 * @param dir - the directory that holds `saved_model.pb`, usually a version directory
 * @throws SavedModelError what reading and compiling throw: NOT_FOUND, DATA_LOSS, UNIMPLEMENTED with the op that stops it
 * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`; FAILED_PRECONDITION `NO_SIGNATURES`, or when the engine's library is
 * missing; CANCELLED; DEADLINE_EXCEEDED
 * @example
 * await using model = await loadSavedModel('models/resnet/3');
 * const { outputs } = await model.predict({ image });
 */
export async function loadSavedModel(dir: string, options: LoadSavedModelOptions = {}): Promise<Model> {
  const { signal, timeoutMs, tags, eager, session = {} } = options;
  const identity = modelIdentity(dir, options);
  resolveSessionOptions(session);
  const instances = resolveInstances(options.instances);
  if (eager !== undefined && !(Array.isArray(eager) && eager.every((name) => typeof name === 'string'))) {
    throw badOption('eager', 'an array of signature names', eager);
  }
  const started = performance.now();
  const signatures = await openSignatures(dir, {
    tags,
    signal,
    timeoutMs,
    session: { ...session, instances },
    compileOn: options.compileOn,
  });
  const model = new LoadedModel(identity, signatures);
  try {
    const left = () => ({
      signal,
      timeoutMs: timeoutMs === undefined ? undefined : timeoutMs - (performance.now() - started),
    });
    if (eager === undefined) await warmFirst(model, dir, left);
    else for (const name of eager as readonly string[]) await model.warm(name, left());
    await signatures.loaded();
    return model;
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** Compiles the default signature, or the first that compiles; fails as the first did when none does. */
async function warmFirst(model: LoadedModel, dir: string, left: () => CallOptions): Promise<void> {
  const errors: unknown[] = [];
  for (const name of model.requestSignatures) {
    try {
      await model.warm(name, left());
      return;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === 'CANCELLED' || code === 'DEADLINE_EXCEEDED') throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  throw new RuntimeError(
    'FAILED_PRECONDITION',
    'NO_SIGNATURES',
    `The SavedModel ${dir} has no signature that can be served`,
  );
}
