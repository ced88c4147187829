import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError, type SavedModelErrorCode } from '../../diagnostics/saved-model-error.js';
import { declaredPixels } from './declared-pixels.js';
import { decodeImage, prepareDecoder, type ImageRequest } from './decode-image.js';

/** What is sent to a thread. */
export interface ImageTask {
  readonly id: number;
  readonly data: Uint8Array;
  readonly request: ImageRequest;
}

/** What a thread answers. */
export type ImageReply =
  | { readonly id: number; readonly dtype: DType; readonly shape: readonly number[]; readonly data: Uint8Array }
  | {
      readonly id: number;
      readonly error: { readonly code: SavedModelErrorCode; readonly reason: string; readonly message: string };
    };

interface Pending {
  readonly resolve: (image: Tensor) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/** Threads of one process. */
const MAX_THREADS = Math.max(1, Math.min(8, availableParallelism()));
/** Images up to this size take less time than the way to a thread and back. */
const SMALL_PIXELS = 2048;
const SMALL_BYTES = 8192;
/** Idle time in milliseconds after which the threads end. */
const IDLE_MS = 30_000;

/**
 * Decodes images on threads of its own, all but the smallest, so that the event loop stays free. Threads start with the first images, end when
 * they have been idle, and never keep the process alive.
 */
export class ImageDecoderPool {
  private readonly threads: Thread[] = [];
  private nextId = 0;
  private idle: NodeJS.Timeout | undefined;

  /** @param script - the worker's file; undefined decodes on the calling thread, as when run from sources */
  constructor(private readonly script: string | undefined) {}

  /**
   * @throws SavedModelError as {@link decodeImage} does, CANCELLED when the signal is aborted first
   */
  async decode(data: Uint8Array, request: ImageRequest, signal?: AbortSignal): Promise<Tensor> {
    if (signal?.aborted === true) throw cancelled();
    if (this.script === undefined || isSmall(data)) {
      await prepareDecoder(data);
      return decodeImage(data, request);
    }
    const thread = this.pick(this.script);
    const id = this.nextId++;
    clearTimeout(this.idle);
    return new Promise<Tensor>((resolve, reject) => {
      const abort = () => settle(() => reject(cancelled()));
      const settle = (action: () => void) => {
        signal?.removeEventListener('abort', abort);
        action();
      };
      signal?.addEventListener('abort', abort, { once: true });
      thread.pending.set(id, {
        resolve: (image) => settle(() => resolve(image)),
        reject: (error) => settle(() => reject(error)),
      });
      thread.worker.ref();
      const task: ImageTask = { id, data, request };
      thread.worker.postMessage(task);
    });
  }

  /** Ends the threads; images that are being decoded fail. */
  close(): void {
    clearTimeout(this.idle);
    for (const thread of this.threads.splice(0)) this.end(thread, new Error('the decoder was closed'));
  }

  private end({ worker, pending }: Thread, cause: Error): void {
    void worker.terminate();
    for (const { reject } of pending.values()) reject(failed(cause));
    pending.clear();
  }

  /** The thread with the least to do, or a new one. */
  private pick(script: string): Thread {
    let best = this.threads[0];
    for (const thread of this.threads) if (best && thread.pending.size < best.pending.size) best = thread;
    if (best !== undefined && (best.pending.size === 0 || this.threads.length >= MAX_THREADS)) return best;
    return this.start(script);
  }

  private start(script: string): Thread {
    const worker = new Worker(script);
    const thread: Thread = { worker, pending: new Map() };
    worker.unref();
    worker.on('message', (reply: ImageReply) => {
      const pending = thread.pending.get(reply.id);
      thread.pending.delete(reply.id);
      if (thread.pending.size === 0) this.rest(thread);
      if ('error' in reply) {
        const { code, reason, message } = reply.error;
        pending?.reject(new SavedModelError(code, reason, message));
      } else {
        pending?.resolve(new Tensor(reply.dtype, reply.shape, reply.data as never));
      }
    });
    const gone = (error: Error) => {
      const at = this.threads.indexOf(thread);
      if (at >= 0) this.threads.splice(at, 1);
      this.end(thread, error);
    };
    worker.on('error', gone);
    worker.on('exit', (code) => gone(new Error(`the decoder's thread ended with code ${code}`)));
    this.threads.push(thread);
    return thread;
  }

  private rest(thread: Thread): void {
    thread.worker.unref();
    if (this.threads.some(({ pending }) => pending.size > 0)) return;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.close(), IDLE_MS).unref();
  }
}

function isSmall(data: Uint8Array): boolean {
  return data.length <= SMALL_BYTES && (declaredPixels(data) ?? Infinity) <= SMALL_PIXELS;
}

function failed(cause: Error): SavedModelError {
  return new SavedModelError('INTERNAL', 'IMAGE_DECODER_FAILED', `An image could not be decoded: ${cause.message}.`, {
    cause,
  });
}

function cancelled(): SavedModelError {
  return new SavedModelError('CANCELLED', 'CANCELLED', 'The call was cancelled while its images were decoded.');
}

const workerFile = fileURLToPath(new URL('./decode-image-worker.js', import.meta.url));

/** The process's decoder. */
export const imageDecoder = new ImageDecoderPool(existsSync(workerFile) ? workerFile : undefined);
