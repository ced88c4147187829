import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compileSignature, readSavedModel, VariableStore, type SavedModel } from '@servable/savedmodel';
import type { PlanVariant } from '../compile/compile-messages.js';
import { CompileThread, compileWorkerFile } from '../compile/compile-thread.js';
import { allIslands } from '../compile/plan-message.js';
import { returnFreePages, returnFreePagesSoon, reusingFreedBlocks } from '../native/allocator.js';
import { IslandSessions, mayShareSessions, mayShareWeights } from '../plan/island-sessions.js';
import type { PreparedIsland } from '../plan/prepared-plan.js';
import { PlanRunner, type PlanOptions } from '../plan/plan-runner.js';
import { badOption } from '../runtime-error.js';
import { checkLimits, type CallOptions } from '../session/interruption.js';
import { SharedWeights } from '../session/shared-weights.js';
import { isServing } from '../session/serving.js';
import { makeWeightFolder, removeWeightFolder } from '../session/with-weights.js';
import { AnyShapeRunner, type CompileRanks } from './any-shape-runner.js';
import { FilteringRunner } from './filtering-runner.js';
import type { SignatureSource } from './loaded-model.js';

/** Where models are compiled: large ones on a thread of their own, all of them, or none. */
export type CompileOn = 'thread' | 'always' | 'caller';

/** How the signatures of a SavedModel are opened. */
export interface OpenOptions extends CallOptions {
  readonly tags?: readonly string[] | undefined;
  readonly session: Omit<PlanOptions, keyof CallOptions | 'variables' | 'sessions' | 'prepared'>;
  readonly compileOn?: CompileOn | undefined;
}

/** Compiles one of the plans of a signature. */
type CompilePlan = (name: string, signal: AbortSignal, variant?: PlanVariant) => Promise<PlanRunner>;

/** The signatures of a SavedModel. */
export interface SavedModelSignatures extends SignatureSource {
  /** The sessions of the signatures that have been compiled. */
  readonly sessions: IslandSessions;
  /** Frees what is kept for the signatures that are compiled while the model is loaded. */
  loaded(): Promise<void>;
}

/** A graph of this many bytes blocks the event loop for tens of milliseconds when it is read and compiled on its thread. */
const LARGE_GRAPH_BYTES = 512 * 1024;
/** Reading and rearranging so many bytes of weights is worth a thread too, which takes about 100 ms to start. */
const LARGE_MODEL_BYTES = 16 * 1024 * 1024;
/** Larger models have no plans for inputs of other shapes than their signatures': these hold the weights once more. */
const MOST_REPEATED_BYTES = 256 * 1024 * 1024;

/** Opens a SavedModel: on a thread of its own if it is large, else on the calling one. */
export async function openSignatures(dir: string, options: OpenOptions): Promise<SavedModelSignatures> {
  const { compileOn = 'thread' } = options;
  if (compileOn !== 'thread' && compileOn !== 'always' && compileOn !== 'caller') {
    throw badOption('compileOn', "'thread', 'always' or 'caller'", compileOn);
  }
  const file = compileOn === 'caller' ? undefined : compileWorkerFile;
  const sizes = await sizesOf(dir);
  if (file !== undefined && (compileOn === 'always' || isLarge(sizes))) {
    return openOnThread(dir, options, file, sizes);
  }
  return openHere(dir, options, sizes);
}

/** Reads and compiles on the calling thread. */
export async function openHere(
  dir: string,
  { session, ...options }: OpenOptions,
  sizes?: Sizes,
): Promise<SavedModelSignatures> {
  const source = await readSavedModel(dir, options);
  const variables = new VariableStore();
  const sessions = sessionsOf(source.signatureDefs);
  return {
    signatureDefs: source.signatureDefs,
    sessions,
    compile: withVariants(
      inTurns((name, signal, variant) =>
        compileHere(source, name, variant, { ...session, signal, variables, sessions }),
      ),
      (sizes ?? (await sizesOf(dir))).all,
    ),
    loaded: () => Promise.resolve(),
    async close() {
      await source.close();
      returnFreePagesSoon();
    },
  };
}

/**
 * Reads and compiles on threads: one for every signature, which ends before the engine is given the weights, so that its
 * memory is free by then. A plan that holds functions is made again on the calling thread; what takes long, the weights of
 * its islands, comes from the other one.
 *
 * @param file - what the threads run
 */
export async function openOnThread(
  dir: string,
  { session, tags, ...limits }: OpenOptions,
  file: string,
  sizes?: Sizes,
): Promise<SavedModelSignatures> {
  checkLimits(limits);
  const variables = new VariableStore();
  let sessions = new IslandSessions();
  // What is loaded while models are being used gives way to their calls.
  const start = () => new CompileThread(file, { dir, tags, givesWay: isServing() });
  // The thread that has read the model compiles the first signature, and others as long as none compiles.
  let idle: CompileThread | undefined = start();
  let isLoading = true;
  let here: Promise<SavedModel> | undefined;
  const rest = async () => {
    const thread = idle;
    idle = undefined;
    await thread?.close();
  };
  const onThisThread = async (
    name: string,
    signal: AbortSignal,
    variant: PlanVariant | undefined,
    prepared: readonly PreparedIsland[],
  ) => {
    here ??= readSavedModel(dir, { tags });
    return compileHere(await here, name, variant, { ...session, signal, variables, sessions, prepared });
  };

  const compile = inTurns(async (name, signal, variant) => {
    const folder = await makeWeightFolder();
    const thread = idle ?? start();
    idle = undefined;
    try {
      let compiled;
      try {
        compiled = await thread.compile(name, folder, sessions.known, { signal }, variant);
      } catch (error) {
        if (isLoading && idle === undefined && !signal.aborted) idle = thread;
        throw error;
      } finally {
        if (idle !== thread) await thread.close();
      }
      const inBackground = isServing();
      return await reusingFreedBlocks(() =>
        'islands' in compiled
          ? onThisThread(name, signal, variant, compiled.islands)
          : PlanRunner.create(compiled.plan, { ...session, signal, variables, sessions, inBackground }),
      );
    } finally {
      await removeWeightFolder(folder);
    }
  });

  try {
    const signatureDefs = await idle.describe(limits);
    sessions = sessionsOf(signatureDefs);
    return {
      signatureDefs,
      sessions,
      compile: withVariants(compile, (sizes ?? (await sizesOf(dir))).all),
      async loaded() {
        isLoading = false;
        await rest();
      },
      async close() {
        await rest();
        await (await here?.catch(() => undefined))?.close();
        await returnFreePages();
      },
    };
  } catch (error) {
    await rest();
    throw error;
  }
}

function sessionsOf(signatureDefs: SavedModelSignatures['signatureDefs']): IslandSessions {
  const weights = mayShareWeights(signatureDefs) ? new SharedWeights() : undefined;
  return new IslandSessions(mayShareSessions(signatureDefs), weights);
}

/** One after the other, so that a signature finds the sessions of those before it. */
function inTurns(compile: CompilePlan): CompilePlan {
  let last: Promise<unknown> = Promise.resolve();
  return (name, signal, variant) => {
    const compiled = last.then(() => compile(name, signal, variant));
    last = compiled.catch(() => undefined);
    return compiled;
  };
}

/** Signatures that compile plans of their own for the outputs that requests ask for, and for the shapes that they bring. */
function withVariants(compile: CompilePlan, modelBytes: number): SignatureSource['compile'] {
  const filtering = async (name: string, signal: AbortSignal, inputRanks?: PlanVariant['inputRanks']) =>
    new FilteringRunner(await compile(name, signal, inputRanks && { inputRanks }), (outputs, stopped) =>
      compile(name, AbortSignal.any([signal, stopped]), { outputs, inputRanks }),
    );
  return async (name, signal) => {
    const runner = await filtering(name, signal);
    const ofRanks: CompileRanks = (inputRanks, stopped) =>
      filtering(name, AbortSignal.any([signal, stopped]), inputRanks);
    return new AnyShapeRunner(runner, modelBytes > MOST_REPEATED_BYTES ? undefined : ofRanks);
  };
}

async function compileHere(
  source: SavedModel,
  name: string,
  variant: PlanVariant | undefined,
  options: PlanOptions & { readonly signal: AbortSignal },
): Promise<PlanRunner> {
  const plan = await compileSignature(source, name, { ...variant, signal: options.signal });
  const bytes = allIslands(plan.steps).reduce((sum, { weights }) => sum + weights.byteLength, 0);
  const create = () => PlanRunner.create(plan, options);
  return bytes >= LARGE_MODEL_BYTES ? reusingFreedBlocks(create) : create();
}

/** Bytes of a SavedModel's files. */
interface Sizes {
  readonly graph: number;
  /** Of the graph and the variables. */
  readonly all: number;
}

/** The sizes that the files say; what is wrong with them is found when they are read. */
async function sizesOf(dir: string): Promise<Sizes> {
  const folder = join(dir, 'variables');
  const sizeOf = (path: string) =>
    stat(path).then(
      ({ size }) => size,
      () => undefined,
    );
  // Most models have one file of variables, and each call of the file system takes time where there are many models.
  const [graph = 0, only] = await Promise.all([
    sizeOf(join(dir, 'saved_model.pb')),
    sizeOf(join(folder, 'variables.data-00000-of-00001')),
  ]);
  if (only !== undefined) return { graph, all: graph + only };
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(folder, name))));
  return { graph, all: sizes.reduce<number>((sum, size = 0) => sum + size, graph) };
}

function isLarge({ graph, all }: Sizes): boolean {
  return graph >= LARGE_GRAPH_BYTES || all >= LARGE_MODEL_BYTES;
}
