import { type ChildProcess, fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fromBinary } from '@bufbuild/protobuf';
import { type Clock, type InferenceCall, type InferenceServable, ServingError, type StatusCode } from '@servable/core';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import type { Tensor } from '@servable/tensor';
import { type Frame, FrameReader, writeFrame } from './frames.js';
import { type Answer, type AnswerHead, type CallHead, callsFd, type ErrorMessage, type Request } from './messages.js';

/** What a process said of the version that it has loaded. */
export interface LoadedVersion extends Pick<InferenceServable, 'platform' | 'signatureDefs' | 'takesOtherTensors'> {
  readonly ramBytes: number | undefined;
}

interface Waiting {
  readonly resolve: (outputs: ReadonlyMap<string, Tensor>) => void;
  readonly reject: (error: Error) => void;
}

/** How long a process gets to unload before it is killed. */
const closeTimeoutMs = 5000;

/** What a process that hangs in native code may take beyond a deadline before the call is answered without it. */
const graceMs = 100;

/** One process with one version in it, from its start to its end. */
export class IsolatedProcess {
  /** Resolves with a description of the end when the process is gone, for whatever reason. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #calls: Duplex;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #callCount = 0;
  #end: string | undefined;
  #loading: { readonly resolve: (loaded: LoadedVersion) => void; readonly reject: Waiting['reject'] } | undefined;

  /** @param file - the program, built */
  constructor(file: string, clock: Clock) {
    this.#clock = clock;
    // Its standard output is nobody's; what native code says when it aborts belongs on ours.
    this.#child = fork(file, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
    });
    this.#child.on('message', (answer) => this.#take(answer as Answer));
    this.#calls = this.#child.stdio[callsFd] as Duplex;
    const reader = new FrameReader<AnswerHead>((frame) => this.#takeAnswer(frame));
    this.#calls.on('data', (chunk: Uint8Array) => {
      try {
        reader.push(chunk);
      } catch {
        // What a process that has gone wrong says next means nothing either.
        this.kill();
      }
    });
    // A process that is gone says so by its exit.
    this.#calls.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#end !== undefined) return;
        this.#end = how;
        const error = died(how);
        this.#loading?.reject(error);
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
        resolve(how);
      };
      this.#child.once('exit', (code, signal) => end(signal === null ? `with status ${code}` : `by ${signal}`));
      this.#child.once('error', (error) => {
        // One that could not be started has no exit.
        if (this.#child.pid === undefined) end(`before it began: ${error.message}`);
      });
    });
  }

  /** `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** @throws ServingError what the load fails with; UNAVAILABLE when the process ends; the signal's reason */
  async load(request: Request & { readonly kind: 'load' }, signal: AbortSignal): Promise<LoadedVersion> {
    const onAbort = (): void => {
      this.#loading?.reject(signal.reason as Error);
      this.kill();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<LoadedVersion>((resolve, reject) => {
        this.#loading = { resolve, reject };
        if (signal.aborted) return onAbort();
        this.#send(request);
      });
    } finally {
      this.#loading = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** @throws ServingError what the run fails with; UNAVAILABLE when the process ends meanwhile */
  run({ signatureName, inputs, outputFilter, signal, timeoutMs }: InferenceCall): Promise<ReadonlyMap<string, Tensor>> {
    const call = ++this.#callCount;
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(died(this.#end));
      if (signal?.aborted) return reject(signal.reason as Error);
      const give = (): void => {
        this.#waiting.delete(call);
        signal?.removeEventListener('abort', onAbort);
        stopTimer?.();
      };
      const giveUp = (error: Error): void => {
        give();
        this.#call({ kind: 'cancel', call });
        reject(error);
      };
      const onAbort = (): void => giveUp(signal!.reason as Error);
      const stopTimer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.schedule(timeoutMs + graceMs, () =>
              giveUp(
                new ServingError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', `Deadline of ${timeoutMs} ms exceeded`),
              ),
            );
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(call, {
        resolve: (outputs) => (give(), resolve(outputs)),
        reject: (error) => (give(), reject(error)),
      });
      this.#call({ kind: 'run', call, signatureName, outputFilter, timeoutMs }, inputs);
    });
  }

  /** Has the version unloaded and the process end; kills it where that takes too long. */
  async close(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#send({ kind: 'close' });
    const stopTimer = this.#clock.schedule(closeTimeoutMs, () => this.kill());
    await this.ended;
    stopTimer();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send(request: Request): void {
    // A process that is gone says so by its exit.
    if (this.#child.connected) this.#child.send(request, () => undefined);
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case 'started':
        return;
      case 'loaded':
        return this.#loading?.resolve({
          platform: answer.platform,
          takesOtherTensors: answer.takesOtherTensors,
          ramBytes: answer.ramBytes,
          signatureDefs: new Map(
            [...answer.signatureDefs].map(([name, bytes]) => [name, fromBinary(SignatureDefSchema, bytes)]),
          ),
        });
      case 'load-failed':
        return this.#loading?.reject(toError(answer.error));
    }
  }

  #call(head: CallHead, tensors: Frame<CallHead>['tensors'] = new Map()): void {
    if (this.#calls.writable) writeFrame(this.#calls, { head, tensors });
  }

  #takeAnswer({ head, tensors, error }: Frame<AnswerHead>): void {
    const waiting = this.#waiting.get(head.call);
    if (head.kind === 'run-failed') waiting?.reject(toError(head.error));
    else if (error) waiting?.reject(ServingError.from(error));
    else waiting?.resolve(tensors);
  }
}

function died(how: string): ServingError {
  return new ServingError(
    'UNAVAILABLE',
    'ISOLATED_PROCESS_DIED',
    `The process of the model ended ${how}; it is started again`,
    { retryAfterMs: 1000 },
  );
}

function toError({ code, reason, message }: ErrorMessage): ServingError {
  return new ServingError(code as Exclude<StatusCode, 'OK'>, reason, message);
}
