import { create, toBinary } from '@bufbuild/protobuf';
import { RunOptionsSchema } from '@servable/protos/tensorflow';
import type { Tensor } from '@servable/tensor';
import { nativeNames } from '../native/address.js';
import type { Pointer } from '../native/ort-functions.js';
import { RuntimeError } from '../runtime-error.js';
import { CallCount } from '../session/call-count.js';
import { checkLimits, deadlineExceeded, type CallOptions } from '../session/interruption.js';
import { poolCall } from '../session/pool-call.js';
import { tfApi, type TfApi } from './tf-api.js';
import { newStatus, takeStatus, withStatus } from './tf-status.js';
import { createTfTensor, readTfTensor } from './tf-tensor.js';
import { sessionConfig, type TensorFlowSessionOptions } from './tensorflow-session-options.js';

/** Which MetaGraph to load, and how to run it. */
export interface LoadTensorFlowSessionOptions extends TensorFlowSessionOptions, CallOptions {
  readonly tags: readonly string[];
}

/** The longest that `RunOptions.timeout_in_ms` is set to: longer limits are none. */
const longestTimeoutMs = 2 ** 31 - 1;

/**
 * A SavedModel in a session of TensorFlow's own (`TF_Session`): its graph, variables and tables, with every op that the
 * library has kernels for.
 *
 * Any number of calls may be under way at once; each occupies a thread of libuv's pool while TensorFlow runs it (see
 * `UV_THREADPOOL_SIZE`), and those that find none wait their turn.
 */
export class TensorFlowSession implements AsyncDisposable {
  /** Version of the library. */
  readonly version: string;
  readonly #api: TfApi;
  readonly #session: Pointer;
  readonly #graph: Pointer;
  /** `TF_Output` of each graph tensor that was used: the operation and the number of its output. */
  readonly #places = new Map<string, readonly [Pointer, bigint]>();
  /** Calls that somebody waits for. */
  readonly #awaited = new CallCount();
  /** Calls that TensorFlow has not ended, those that were given up included. */
  readonly #underWay = new CallCount();
  #closing: Promise<void> | undefined;

  private constructor(api: TfApi, session: Pointer, graph: Pointer) {
    this.version = api.version;
    this.#api = api;
    this.#session = session;
    this.#graph = graph;
  }

  /**
   * Loads a SavedModel on a pool thread: restores its variables and runs its initializers.
   *
   * A load that is given up rejects at once; TensorFlow cannot stop it, so that it ends and is freed in the background.
   *
   * @throws RuntimeError FAILED_PRECONDITION when the library is missing; INVALID_ARGUMENT `BAD_OPTION`; what TensorFlow
   * says, as `TENSORFLOW_<code>`; CANCELLED; DEADLINE_EXCEEDED
   */
  static async load(dir: string, options: LoadTensorFlowSessionOptions): Promise<TensorFlowSession> {
    const { tags, signal, timeoutMs } = options;
    const config = sessionConfig(options);
    const started = performance.now();
    checkLimits({ signal, timeoutMs });
    const api = await tfApi();
    const left = timeoutMs === undefined ? undefined : timeoutMs - (performance.now() - started);
    checkLimits({ signal, timeoutMs: left });
    const sessionOptions = api.TF_NewSessionOptions() ?? 0n;
    try {
      withStatus(api, (status) => api.TF_SetConfig(sessionOptions, config, config.byteLength, status));
    } catch (error) {
      api.TF_DeleteSessionOptions(sessionOptions);
      throw error;
    }
    const graph = api.TF_NewGraph() ?? 0n;
    const status = newStatus(api);
    const names = nativeNames(tags);
    const { pointers } = names;
    const session = await poolCall<Pointer | null>(
      {
        start: (done) =>
          api.TF_LoadSessionFromSavedModel.async(
            sessionOptions,
            null,
            dir,
            pointers,
            tags.length,
            graph,
            null,
            status,
            done,
          ),
        terminate: () => undefined,
        abandoned: (late) => {
          api.TF_DeleteSessionOptions(sessionOptions);
          api.TF_DeleteStatus(status);
          if (late === null || late === undefined) api.TF_DeleteGraph(graph);
          else void new TensorFlowSession(api, late, graph).close();
        },
        keep: [names],
      },
      { signal, timeoutMs: left },
    );
    api.TF_DeleteSessionOptions(sessionOptions);
    const error = takeStatus(api, status);
    if (error === undefined && session !== null) return new TensorFlowSession(api, session, graph);
    api.TF_DeleteGraph(graph);
    throw error ?? new RuntimeError('INTERNAL', 'TENSORFLOW_NO_SESSION', `TensorFlow made no session of ${dir}`);
  }

  /**
   * Computes tensors of the graph.
   *
   * A call whose signal aborts, or whose time is up, rejects at once. TensorFlow stops it between two operators when the
   * time is up; it has no way to stop one for another reason, so that an aborted call goes on in the background until it
   * ends, its own time is up or the session is closed.
   *
   * @param feeds - values by graph tensor (`name:0`)
   * @param fetches - graph tensors, in the order of the result, each once
   * @returns tensors with memory of their own
   * @throws RuntimeError NOT_FOUND `TENSOR_NOT_FOUND` for what the graph does not have; what TensorFlow says, as
   * `TENSORFLOW_<code>`; CANCELLED; DEADLINE_EXCEEDED; FAILED_PRECONDITION `SESSION_CLOSED`
   */
  async run(
    feeds: ReadonlyMap<string, Tensor>,
    fetches: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, Tensor>> {
    if (this.#closing !== undefined) {
      throw new RuntimeError('FAILED_PRECONDITION', 'SESSION_CLOSED', 'The session has been closed');
    }
    checkLimits(options);
    const api = this.#api;
    const inputs = this.#outputs([...feeds.keys()]);
    const outputs = this.#outputs(fetches);
    const inputValues = new BigUint64Array(Math.max(1, feeds.size));
    const outputValues = new BigUint64Array(Math.max(1, fetches.length));
    const deleteInputs = () => deleteTensors(api, inputValues);
    try {
      let index = 0;
      for (const tensor of feeds.values()) inputValues[index++] = createTfTensor(api, tensor);
    } catch (error) {
      deleteInputs();
      throw error;
    }
    const status = newStatus(api);
    let runOptions: Pointer | null = null;
    const end = () => {
      if (runOptions !== null) api.TF_DeleteBuffer(runOptions);
      deleteInputs();
      deleteTensors(api, outputValues);
      this.#underWay.remove();
    };
    this.#underWay.add();
    this.#awaited.add();
    const begun = performance.now();
    await poolCall<void>(
      {
        start: (done) => {
          const { timeoutMs } = options;
          if (timeoutMs !== undefined) runOptions = timeLimit(api, timeoutMs - (performance.now() - begun));
          api.TF_SessionRun.async(
            this.#session,
            runOptions,
            inputs,
            inputValues,
            feeds.size,
            outputs,
            outputValues,
            fetches.length,
            null,
            0,
            null,
            status,
            done,
          );
        },
        terminate: () => undefined,
        abandoned: () => {
          api.TF_DeleteStatus(status);
          end();
        },
        keep: [inputs, inputValues, outputs, outputValues],
      },
      options,
    ).finally(() => this.#awaited.remove());
    try {
      const error = takeStatus(api, status);
      if (error?.code === 'DEADLINE_EXCEEDED' && runOptions !== null) throw deadlineExceeded(options.timeoutMs, error);
      if (error !== undefined) throw error;
      return new Map(fetches.map((name, index) => [name, readTfTensor(api, outputValues[index] ?? 0n, name)]));
    } finally {
      end();
    }
  }

  /** Waits for the calls under way, stops those that were given up, and frees the session. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const api = this.#api;
    const release = async (call: TfApi['TF_CloseSession']) => {
      const status = newStatus(api);
      await onPool((done) => call.async(this.#session, status, done));
      // What is freed is not used any more, whatever TensorFlow says about it.
      takeStatus(api, status);
    };
    await this.#awaited.none();
    // Cancels what still runs (`DirectSession::Close`).
    await release(api.TF_CloseSession);
    await this.#underWay.none();
    await release(api.TF_DeleteSession);
    await onPool((done) => api.TF_DeleteGraph.async(this.#graph, done));
  }

  /** An array of `TF_Output`. */
  #outputs(names: readonly string[]): BigUint64Array {
    const array = new BigUint64Array(Math.max(1, names.length) * 2);
    names.forEach((name, at) => array.set(this.#place(name), at * 2));
    return array;
  }

  #place(name: string): readonly [Pointer, bigint] {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const api = this.#api;
    const colon = name.lastIndexOf(':');
    const index = colon < 0 ? 0 : Number(name.slice(colon + 1));
    const operation = api.TF_GraphOperationByName(this.#graph, colon < 0 ? name : name.slice(0, colon));
    if (operation === null || !Number.isInteger(index) || index < 0 || index >= api.TF_OperationNumOutputs(operation)) {
      throw new RuntimeError('NOT_FOUND', 'TENSOR_NOT_FOUND', `The graph has no tensor ${JSON.stringify(name)}`);
    }
    const place = [operation, BigInt(index)] as const;
    this.#places.set(name, place);
    return place;
  }
}

function onPool(start: (done: (error: unknown, result: void) => void) => void): Promise<void> {
  return poolCall<void>({ start, terminate: () => undefined, abandoned: () => undefined, keep: [] }, {});
}

function deleteTensors(api: TfApi, tensors: BigUint64Array): void {
  for (const tensor of tensors) if (tensor !== 0n) api.TF_DeleteTensor(tensor);
}

/** A serialized `RunOptions` with what is left of the time. */
function timeLimit(api: TfApi, leftMs: number): Pointer | null {
  if (leftMs > longestTimeoutMs) return null;
  const bytes = toBinary(
    RunOptionsSchema,
    create(RunOptionsSchema, { timeoutInMs: BigInt(Math.max(1, Math.ceil(leftMs))) }),
  );
  return api.TF_NewBufferFromString(bytes, bytes.byteLength);
}
