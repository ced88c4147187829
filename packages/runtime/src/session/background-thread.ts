import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { hasThreadPriorities } from '../native/thread-priority.js';
import { RuntimeError } from '../runtime-error.js';
import type {
  BackgroundAnswer,
  BackgroundArgument,
  BackgroundCall,
  BackgroundFunction,
} from './background-messages.js';

const builtFile = fileURLToPath(new URL('./background-worker.js', import.meta.url));

/** The file that the thread runs; `undefined` where it is not beside this one, and where threads have no priorities. */
const backgroundFile = hasThreadPriorities && existsSync(builtFile) ? builtFile : undefined;

/** A thread that nobody needed for so long ends. */
const IDLE_MS = 30_000;

let current: BackgroundThread | undefined;

/**
 * The thread that makes and frees sessions while others answer calls; `undefined` where there can be none. It is started
 * when it is first asked for.
 */
export async function backgroundThread(file = backgroundFile): Promise<BackgroundThread | undefined> {
  if (file === undefined) return undefined;
  current ??= new BackgroundThread(file, (ended) => {
    if (current === ended) current = undefined;
  });
  const thread = current;
  return (await thread.isReady) ? thread : undefined;
}

/** The thread, if it runs now. */
export function runningBackgroundThread(): BackgroundThread | undefined {
  return current;
}

interface Pending {
  resolve(result: bigint | null): void;
  reject(error: Error): void;
}

/**
 * Makes native calls one after the other on a thread of low priority. Those of libuv's pool, which serve all calls, cannot
 * be told apart to lower one of them.
 */
export class BackgroundThread implements AsyncDisposable {
  /** Whether it has started; never rejects. */
  readonly isReady: Promise<boolean>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #onEnd: (thread: BackgroundThread) => void;
  #last = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(file: string, onEnd: (thread: BackgroundThread) => void = () => undefined) {
    this.#onEnd = onEnd;
    this.#worker = new Worker(file, { execArgv: [], name: 'servable-background' });
    this.isReady = new Promise((resolve) => {
      this.#pending.set(0, { resolve: () => resolve(true), reject: () => resolve(false) });
    });
    this.#worker.on('message', ({ number, result }: BackgroundAnswer) => this.#take(number)?.resolve(result));
    const fail = (cause: unknown) => this.#fail(cause);
    this.#worker.on('error', fail);
    this.#worker.on('messageerror', fail);
    this.#worker.on('exit', (code) => fail(new Error(`the thread ended with code ${code}`)));
  }

  /**
   * Makes a call when those before have been made. What its pointers point to must be kept until then.
   *
   * @throws RuntimeError INTERNAL `BACKGROUND_THREAD_FAILED`
   */
  call(name: BackgroundFunction, args: readonly BackgroundArgument[]): Promise<bigint | null> {
    const number = ++this.#last;
    clearTimeout(this.#idle);
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject });
      const call: BackgroundCall = { number, name, args };
      this.#worker.postMessage(call);
    });
  }

  /** Like {@link call}, with a callback. */
  start(
    name: BackgroundFunction,
    args: readonly BackgroundArgument[],
    done: (error: unknown, result: bigint | null) => void,
  ): void {
    this.call(name, args).then(
      (result) => done(null, result),
      (error: unknown) => done(error, null),
    );
  }

  /** Ends the thread; a call that is being made is waited for. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#onEnd(this);
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #take(number: number): Pending | undefined {
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    if (this.#pending.size === 0) {
      // It keeps nobody from ending the process.
      this.#worker.unref();
      this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
    return pending;
  }

  #fail(cause: unknown): void {
    clearTimeout(this.#idle);
    this.#onEnd(this);
    const error = new RuntimeError(
      'INTERNAL',
      'BACKGROUND_THREAD_FAILED',
      `The thread that makes sessions failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
