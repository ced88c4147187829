import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { fromBinary } from '@bufbuild/protobuf';
import { SignatureDefSchema, type SignatureDef } from '@servable/protos/tensorflow';
import type { IslandIdentity } from '../plan/island-identity.js';
import type { PreparedIsland, PreparedPlan } from '../plan/prepared-plan.js';
import { RuntimeError } from '../runtime-error.js';
import { checkLimits, watchLimits, type CallOptions } from '../session/interruption.js';
import type { CompileReply, CompileRequest, CompileSource, PlanVariant } from './compile-messages.js';
import { errorFromMessage } from './error-message.js';
import { islandsFromMessages, planFromMessage } from './plan-message.js';

/** A plan, or only its islands where the plan itself holds functions and has to be made on the thread that runs it. */
export type CompiledOnThread = { readonly plan: PreparedPlan } | { readonly islands: readonly PreparedIsland[] };

const builtFile = fileURLToPath(new URL('./compile-worker.js', import.meta.url));

/** The file that threads run; `undefined` where it is not beside this one, as when run from sources or bundled anew. */
export const compileWorkerFile = existsSync(builtFile) ? builtFile : undefined;

/**
 * A thread that reads and compiles one SavedModel, so that the event loop stays free, and all that is left behind by
 * compiling goes when the thread ends.
 */
export class CompileThread implements AsyncDisposable {
  readonly #worker: Worker;
  #pending: { resolve(reply: CompileReply): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  constructor(file: string, source: CompileSource) {
    // Loaders and preloaded modules of the program are not needed here, and would take their time in every thread.
    this.#worker = new Worker(file, { workerData: source, execArgv: [], name: 'servable-compile' });
    this.#worker.on('message', (reply: CompileReply) => this.#pending?.resolve(reply));
    const fail = (cause: unknown) => {
      this.#failure ??= threadFailed(source.dir, cause);
      this.#pending?.reject(this.#failure);
    };
    this.#worker.on('error', fail);
    this.#worker.on('messageerror', fail);
    this.#worker.on('exit', (code) => fail(new Error(`the thread ended with code ${code}`)));
  }

  /** The signatures of the model. @throws SavedModelError what reading throws; CANCELLED; DEADLINE_EXCEEDED */
  async describe(limits: CallOptions): Promise<ReadonlyMap<string, SignatureDef>> {
    const reply = await this.#ask({ kind: 'describe' }, limits);
    if (reply.kind !== 'described') throw unexpected(reply);
    return new Map([...reply.signatureDefs].map(([name, bytes]) => [name, fromBinary(SignatureDefSchema, bytes)]));
  }

  /**
   * Compiles a signature and writes its weights, except for those of islands that one of the model's sessions computes.
   *
   * @param known - what the sessions compute
   * @param variant - which of its plans
   * @throws SavedModelError what compiling throws; CANCELLED
   */
  async compile(
    signatureName: string,
    folder: string | undefined,
    known: ReadonlyMap<number, IslandIdentity>,
    limits: CallOptions,
    variant?: PlanVariant,
  ): Promise<CompiledOnThread> {
    const reply = await this.#ask({ kind: 'compile', signatureName, variant, folder, known }, limits);
    if (reply.kind === 'holdsFunctions') return { islands: islandsFromMessages(reply.islands) };
    if (reply.kind !== 'compiled') throw unexpected(reply);
    return { plan: planFromMessage(reply.plan) };
  }

  /** Ends the thread, whatever it is at. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ask(request: CompileRequest, limits: CallOptions): Promise<CompileReply> {
    if (this.#failure !== undefined) throw this.#failure;
    checkLimits(limits);
    let stop: (() => void) | undefined;
    try {
      const reply = await new Promise<CompileReply>((resolve, reject) => {
        this.#pending = { resolve, reject };
        stop = watchLimits(limits, (error) => {
          // What it is at cannot be interrupted otherwise, and its answer would be taken for the next one's.
          this.#failure ??= error;
          reject(error);
          void this.close();
        });
        this.#worker.postMessage(request);
      });
      if (reply.kind === 'failed') throw errorFromMessage(reply.error);
      return reply;
    } finally {
      stop?.();
      this.#pending = undefined;
    }
  }
}

function threadFailed(dir: string, cause: unknown): RuntimeError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new RuntimeError('RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY', `No memory to compile ${dir}: ${message}`, { cause })
    : new RuntimeError('INTERNAL', 'COMPILE_THREAD_FAILED', `The thread that compiles ${dir} failed: ${message}`, {
        cause,
      });
}

function unexpected({ kind }: CompileReply): RuntimeError {
  return new RuntimeError('INTERNAL', 'COMPILE_THREAD_FAILED', `The thread that compiles answered with '${kind}'`);
}
