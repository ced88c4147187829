import { readFile, stat } from 'node:fs/promises';
import type { WeightFile } from '@servable/savedmodel';
import type { Tensor } from '@servable/tensor';
import { logLevels, ortEnv } from '../native/ort-env.js';
import type { Pointer, Status } from '../native/ort-functions.js';
import { check } from '../native/ort-status.js';
import { copyValue, valueType } from '../native/ort-value.js';
import { badOption, RuntimeError } from '../runtime-error.js';
import { CallCount } from './call-count.js';
import { createSession, releaseSession } from './create-session.js';
import { takeTurn } from './device-turns.js';
import { takesEmptyValues } from './execution-providers.js';
import { findsLoop } from './finds-loop.js';
import { checkLimits, type CallOptions } from './interruption.js';
import { NativeValue } from './native-value.js';
import { poolCall } from './pool-call.js';
import { RunCost } from './run-cost.js';
import { isServing, noteCall } from './serving.js';
import { CallFactory, type Feeds, type SessionCall } from './session-call.js';
import { resolveSessionOptions, type ResolvedSessionOptions, type SessionOptions } from './session-options.js';
import { SharedWeights, type SharingSession } from './shared-weights.js';
import { withWeights, type PreparedWeights } from './with-weights.js';
import { describeSession, type SessionSignature, type ValueInfo } from './value-info.js';

/** How {@link NativeSession.create} makes a session. */
export interface CreateSessionOptions extends SessionOptions, CallOptions {
  /**
   * Values of initializers that the model only declares, as external data. They must not change while the session is
   * made; afterwards the engine has its own copy and they need not be kept.
   */
  readonly initializers?: ReadonlyMap<string, Tensor>;
  /**
   * Large initializers that the model declares as external data of one file. They are read one after the other into a
   * temporary file that the engine maps, so that they are in memory once. Weights that are written already are the
   * caller's to remove when the session is there.
   */
  readonly weights?: WeightFile | PreparedWeights | undefined;
  /**
   * Make the session on a thread of low priority, which gives way to calls of others: on Linux, with the threads that
   * sessions share and without devices. Default `false`.
   */
  readonly inBackground?: boolean | undefined;
  /** Sessions that are given the same one have equal weights in memory once, where there are many. */
  readonly sharedWeights?: SharedWeights | undefined;
}

/** What another thread of the process needs to run a session: plain data that `postMessage` can carry. */
export interface SharedSession {
  readonly address: bigint;
  readonly signature: SessionSignature;
  readonly execution: 'auto' | 'async';
  /** Whether dimensions of inputs other than the first may be 0. */
  readonly takesEmpty: boolean;
}

/** A model larger than this is not run on the calling thread. */
const inlineModelBytes = 64 * 1024 * 1024;

/**
 * One ONNX model, loaded and ready to run: an `OrtSession`.
 *
 * Any number of calls may be under way at once. They run on threads of libuv's pool, all sessions together at most one
 * less than the pool has (3 by default, see `UV_THREADPOOL_SIZE`); more wait their turn. Calls of models that turn out to
 * take microseconds run on the calling thread instead.
 *
 * The engine reads tensors where they lie: their typed arrays must not change, nor be transferred to another thread, while
 * a call is under way.
 *
 * @example
 * await using session = await NativeSession.create('model.onnx');
 * const outputs = await session.run(new Map([['x', tensor([[1, 2]])]]), ['y']);
 */
export class NativeSession implements AsyncDisposable {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #address: Pointer;
  /** Frees what belongs to the session, when it is gone; undefined if another thread owns it. */
  readonly #release: (() => void) | undefined;
  readonly #signature: SessionSignature;
  readonly #execution: 'auto' | 'async';
  readonly #takesEmpty: boolean;
  readonly #calls: CallFactory;
  readonly #cost = new RunCost();
  readonly #underWay = new CallCount();
  #closing: Promise<void> | undefined;

  private constructor(shared: SharedSession, release: (() => void) | undefined) {
    this.#address = shared.address;
    this.#release = release;
    this.#signature = shared.signature;
    this.#execution = shared.execution;
    this.#takesEmpty = shared.takesEmpty;
    this.#calls = new CallFactory(shared.signature);
    this.inputs = shared.signature.inputs;
    this.outputs = shared.signature.outputs;
  }

  /**
   * Loads a model without blocking the event loop.
   *
   * @param model - the bytes of a ModelProto, or the path of a file that holds one (external data is found beside it)
   * @throws RuntimeError INVALID_ARGUMENT `BAD_OPTION`, `MODEL_NOT_PARSABLE`, `MODEL_INVALID`; NOT_FOUND
   * `MODEL_FILE_NOT_FOUND`; UNIMPLEMENTED for ops and types that the engine lacks; CANCELLED; DEADLINE_EXCEEDED;
   * FAILED_PRECONDITION when the engine's library is missing
   */
  static async create(model: Uint8Array | string, options: CreateSessionOptions = {}): Promise<NativeSession> {
    if (!(model instanceof Uint8Array) && (typeof model !== 'string' || model === '')) {
      throw badOption('model', 'the bytes of an ONNX model or its path', model);
    }
    const resolved = resolveSessionOptions(options);
    const { address, release } = await makeSession(model, resolved, options);
    try {
      const execution = (await mayRunInline(model)) ? resolved.execution : 'async';
      const takesEmpty = takesEmptyValues(resolved.executionProviders);
      return new NativeSession({ address, signature: describeSession(address), execution, takesEmpty }, release);
    } catch (error) {
      ortEnv().api.ReleaseSession(address);
      release();
      throw error;
    }
  }

  /**
   * Uses a session of another thread of this process. The thread that made it must keep it open for longer: closing the
   * attached one does not close it.
   */
  static attach(shared: SharedSession): NativeSession {
    ortEnv();
    return new NativeSession(shared, undefined);
  }

  /** What another thread attaches to. */
  share(): SharedSession {
    this.#refuseClosed();
    return {
      address: this.#address,
      signature: this.#signature,
      execution: this.#execution,
      takesEmpty: this.#takesEmpty,
    };
  }

  /**
   * Computes outputs.
   *
   * @param feeds - a value for every input of the model
   * @param fetches - names of outputs, in the order of the result
   * @returns tensors with memory of their own
   * @throws RuntimeError INVALID_ARGUMENT: `UNKNOWN_INPUT`, `MISSING_INPUT`, `UNKNOWN_OUTPUT`, `INPUT_DTYPE_MISMATCH`,
   * `ENGINE_INVALID_ARGUMENT` (shape), `KERNEL_FAILED`; RESOURCE_EXHAUSTED `OUT_OF_MEMORY`; CANCELLED;
   * DEADLINE_EXCEEDED; FAILED_PRECONDITION `SESSION_CLOSED`
   */
  async run(feeds: Feeds, fetches: readonly string[], options: CallOptions = {}): Promise<Map<string, Tensor>> {
    const outputs = await this.#run(feeds, fetches, options);
    try {
      const tensors = new Map<string, Tensor>();
      for (let index = 0; index < fetches.length; index++) {
        const name = fetches[index] ?? '';
        const value = outputs[index] ?? 0n;
        tensors.set(name, copyValue(value, valueType(value, name)));
      }
      return tensors;
    } finally {
      releaseValues(outputs);
    }
  }

  /** Like {@link run}, but leaves the outputs in the engine's memory. The caller closes every value. */
  async runNative(
    feeds: Feeds,
    fetches: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, NativeValue>> {
    const outputs = await this.#run(feeds, fetches, options);
    const values = new Map<string, NativeValue>();
    let adopted = 0;
    try {
      for (const name of fetches) values.set(name, NativeValue.adopt(outputs[adopted++] ?? 0n, name));
      return values;
    } catch (error) {
      for (const value of values.values()) value.close();
      releaseValues(outputs.subarray(adopted));
      throw error;
    }
  }

  /** Waits for the calls under way and frees the session. Calls that come later are refused. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#underWay.none();
    if (this.#release === undefined) return;
    const endTurn = this.#takesEmpty ? undefined : await takeTurn();
    await releaseSession(this.#address, this.#takesEmpty && isServing()).finally(endTurn);
    this.#release();
  }

  /** Runs and returns the addresses of the output values, which the caller releases. */
  async #run(feeds: Feeds, fetches: readonly string[], options: CallOptions): Promise<BigUint64Array> {
    this.#refuseClosed();
    checkLimits(options);
    if (!this.#takesEmpty) refuseEmpty(feeds);
    const call = this.#calls.prepare(feeds, fetches);
    this.#underWay.add();
    const inline = this.#execution === 'auto' && this.#cost.runsInline(call.bytes);
    check(ortEnv().api, inline ? this.#runHere(call) : await this.#runOnPool(call, options));
    return call.outputs;
  }

  #runHere(call: SessionCall): Status {
    try {
      const start = performance.now();
      noteCall(start);
      const { inputNames, inputs, inputCount, outputNames, outputs } = call;
      const status = ortEnv().api.Run(
        this.#address,
        null,
        inputNames.pointers,
        inputs,
        inputCount,
        outputNames.pointers,
        outputs.length,
        outputs,
      );
      this.#cost.ranInline(call.bytes, (performance.now() - start) * 1000);
      return status;
    } finally {
      this.#end(call);
    }
  }

  async #runOnPool(call: SessionCall, limits: CallOptions): Promise<Status> {
    const { api } = ortEnv();
    const runOptions = this.#runOptions(call);
    const asked = performance.now();
    noteCall(asked);
    // What takes no empty values is WebGPU, whose sessions have one device together.
    const endTurn = this.#takesEmpty ? undefined : await takeTurn();
    const { signal, timeoutMs } = limits;
    const waited = performance.now() - asked;
    const options =
      endTurn === undefined || timeoutMs === undefined
        ? limits
        : { signal, timeoutMs: Math.max(0, timeoutMs - waited) };
    const { inputNames, inputs, inputCount, outputNames, outputs } = call;
    const release = () => {
      api.ReleaseRunOptions(runOptions);
      endTurn?.();
      this.#end(call);
    };
    const isUndecided = this.#execution === 'auto' && this.#cost.isUndecided(call.bytes);
    let started = 0;
    let hasLoopedTwice = () => true;
    const status = await poolCall<Status>(
      {
        start: (done) => {
          started = performance.now();
          if (isUndecided) hasLoopedTwice = watchLoop();
          api.Run.async(
            this.#address,
            runOptions,
            inputNames.pointers,
            inputs,
            inputCount,
            outputNames.pointers,
            outputs.length,
            outputs,
            done,
          );
        },
        terminate: () => void api.RunOptionsSetTerminate(runOptions),
        abandoned: (status) => {
          if (status === null) releaseValues(outputs);
          else if (status !== undefined) api.ReleaseStatus(status);
          release();
        },
        keep: [call],
      },
      options,
    );
    this.#cost.ranOnPool(call.bytes, (performance.now() - started) * 1000, !hasLoopedTwice());
    release();
    return status;
  }

  #runOptions(call: SessionCall): Pointer {
    const { api } = ortEnv();
    const out = new BigUint64Array(1);
    try {
      check(api, api.CreateRunOptions(out));
      const runOptions = out[0] ?? 0n;
      check(api, api.RunOptionsSetRunLogSeverityLevel(runOptions, logLevels.fatal));
      return runOptions;
    } catch (error) {
      this.#end(call);
      throw error;
    }
  }

  #end(call: SessionCall): void {
    call.release();
    this.#underWay.remove();
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) {
      throw new RuntimeError('FAILED_PRECONDITION', 'SESSION_CLOSED', 'The session has been closed');
    }
  }
}

/** A session of its own, or one that shares its weights. */
async function makeSession(
  model: Uint8Array | string,
  resolved: ResolvedSessionOptions,
  {
    signal,
    timeoutMs,
    inBackground,
    weights,
    sharedWeights,
    initializers = new Map<string, Tensor>(),
  }: CreateSessionOptions,
): Promise<SharingSession> {
  const limits = { signal, timeoutMs, inBackground };
  const isShared = sharedWeights !== undefined && (await SharedWeights.takes(resolved, weights));
  return withWeights(weights, limits, async (extra, folder) => {
    const all = new Map([...initializers, ...extra]);
    if (isShared && typeof model !== 'string') {
      const request = { model, options: resolved, initializers: all, folder };
      try {
        const session = await sharedWeights.create(request, limits);
        if (session !== undefined) return session;
      } catch (error) {
        // A full disk, or a graph that the engine writes and does not read. What is wrong with the model is said below.
        const { code } = error as { code?: unknown };
        if (code === 'CANCELLED' || code === 'DEADLINE_EXCEEDED') throw error;
      }
    }
    return { address: await createSession(model, resolved, all, limits, { folder }), release: () => undefined };
  });
}

function refuseEmpty(feeds: Feeds): void {
  for (const [name, { shape }] of feeds) {
    if (!shape.includes(0, 1)) continue;
    throw new RuntimeError(
      'UNIMPLEMENTED',
      'EMPTY_INPUT',
      `Input ${JSON.stringify(name)}: execution provider webgpu takes no values that are empty but for their batch, given shape [${shape.join(', ')}]`,
      { input: name },
    );
  }
}

/** @returns whether the event loop has looked for news twice since */
function watchLoop(): () => boolean {
  let isOver = false;
  setImmediate(() => setImmediate(() => (isOver = true)));
  return () => isOver;
}

/** Small models without loops may turn out to take microseconds. */
async function mayRunInline(model: Uint8Array | string): Promise<boolean> {
  if (typeof model !== 'string') return model.byteLength <= inlineModelBytes && !findsLoop(model);
  const { size } = await stat(model);
  return size <= inlineModelBytes && !findsLoop(await readFile(model));
}

function releaseValues(values: BigUint64Array): void {
  const { api } = ortEnv();
  for (const value of values) if (value !== 0n) api.ReleaseValue(value);
}
