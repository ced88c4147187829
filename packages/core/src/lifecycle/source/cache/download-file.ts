import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, sleep } from '../../../servable/clock.js';
import { ServingError } from '../../../servable/serving-error.js';
import type { Checksums } from '../store/object-store.js';
import { fileError, isPassing, storeError } from '../store/store-error.js';
import { ContentHash } from './content-hash.js';

/** The part of a file handle that a download needs; tests stand in for a disk that is full. */
export interface DownloadHandle {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  stat(): Promise<{ size: number }>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a file for reading and writing, making it and its folders where they are not there. */
export type OpenForDownload = (path: string) => Promise<DownloadHandle>;

/** On a real disk. */
export const openForDownload: OpenForDownload = async (path) => {
  await mkdir(dirname(path), { recursive: true });
  // Opened by flags, as no mode of `fopen` both creates a file and keeps what it has.
  const { O_CREAT, O_RDWR } = (await import('node:fs')).constants;
  return open(path, O_CREAT | O_RDWR, 0o644);
};

export interface DownloadFileOptions {
  /** Where to, absolute; what an earlier download left there is gone on with. */
  readonly path: string;
  /** What is downloaded, for messages. */
  readonly what: string;
  readonly bytes: number;
  readonly checksums: Checksums;
  /** The bytes from `start` to the end. */
  readonly read: (start: number, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly openFile: OpenForDownload;
  /** Milliseconds before the first of the further attempts; each next pause is twice as long. */
  readonly retryMs: number;
  /** Milliseconds after which a connection over which nothing comes is given up; default 30 000. */
  readonly stallMs?: number | undefined;
  /** Hears of every piece; `resumed` ones were there already. */
  readonly onBytes?: ((count: number, resumed: boolean) => void) | undefined;
}

/** Attempts in a row that may bring nothing. */
const maxIdleAttempts = 4;
const chunkBytes = 1 << 20;

/**
 * Downloads one file, going on by range where an earlier attempt or an earlier process stopped, and compares it with
 * what the store says of it. A file that does not compare is downloaded once more from its start.
 *
 * @returns its SHA-256 in hex
 * @throws ServingError DATA_LOSS when it does not compare, RESOURCE_EXHAUSTED for a full disk, and the store's errors
 */
export async function downloadFile(options: DownloadFileOptions): Promise<string> {
  const { path, openFile, what } = options;
  const handle = await openFile(path).catch((error: unknown) => {
    throw fileError(error, `write ${path}`);
  });
  try {
    for (let isSecond = false; ; isSecond = true) {
      const { sha256, mismatch } = await downloadOnce(options, handle);
      if (mismatch === undefined) {
        await onDisk(path, () => handle.datasync());
        return sha256;
      }
      // Left empty either way: content that does not compare is no start for anything.
      await onDisk(path, () => handle.truncate(0));
      if (isSecond) {
        throw new ServingError('DATA_LOSS', 'CHECKSUM_MISMATCH', `${what} came twice with other content: ${mismatch}`);
      }
    }
  } finally {
    await handle.close().catch(() => undefined);
  }
}

async function downloadOnce(
  { path, what, bytes, checksums, read, signal, clock, retryMs, stallMs = 30_000, onBytes }: DownloadFileOptions,
  handle: DownloadHandle,
): Promise<ReturnType<ContentHash['end']>> {
  const hash = new ContentHash(checksums);
  let position = await onDisk(path, () => rehash(handle, bytes, hash, onBytes));
  for (let idle = 0; position < bytes;) {
    const start = position;
    try {
      for await (const chunk of unlessStalled(what, read, start, clock, stallMs, signal)) {
        if (position + chunk.length > bytes) {
          throw new ServingError(
            'ABORTED',
            'OBJECT_CHANGED',
            `${what} is longer than the ${bytes} bytes it was listed with`,
          );
        }
        await onDisk(path, () => writeAll(handle, chunk, position));
        hash.update(chunk);
        position += chunk.length;
        onBytes?.(chunk.length, false);
      }
      if (position < bytes) {
        const message = `Cannot read ${what}: the connection ended after ${position} of ${bytes} bytes`;
        throw new ServingError('UNAVAILABLE', 'STORE_UNREACHABLE', message);
      }
    } catch (thrown) {
      signal.throwIfAborted();
      const error = storeError(thrown, `read ${what}`);
      idle = position > start ? 0 : idle + 1;
      if (!isPassing(error) || idle >= maxIdleAttempts) throw error;
      if (retryMs > 0) await sleep(clock, retryMs * 2 ** idle * (0.75 + Math.random() / 2), signal);
    }
  }
  return hash.end();
}

/** Reads what is there already; more than there can be is none. @returns its length */
async function rehash(
  handle: DownloadHandle,
  bytes: number,
  hash: ContentHash,
  onBytes: DownloadFileOptions['onBytes'],
): Promise<number> {
  const { size } = await handle.stat();
  if (size > bytes) {
    await handle.truncate(0);
    return 0;
  }
  const buffer = new Uint8Array(Math.min(size, chunkBytes));
  let position = 0;
  while (position < size) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - position), position);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
    onBytes?.(bytesRead, true);
  }
  return position;
}

async function writeAll(handle: DownloadHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}

/** The chunks of a read, ended by an error when none comes for too long. */
async function* unlessStalled(
  what: string,
  read: DownloadFileOptions['read'],
  start: number,
  clock: Clock,
  stallMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stall = new AbortController();
  const onStall = (): void =>
    stall.abort(
      new ServingError(
        'UNAVAILABLE',
        'STORE_STALLED',
        `Cannot read ${what}: nothing came for ${stallMs / 1000} seconds`,
      ),
    );
  let cancel = clock.schedule(stallMs, onStall);
  try {
    for await (const chunk of await read(start, AbortSignal.any([signal, stall.signal]))) {
      cancel();
      yield chunk;
      cancel = clock.schedule(stallMs, onStall);
    }
  } catch (error) {
    throw stall.signal.aborted && !signal.aborted ? stall.signal.reason : error;
  } finally {
    cancel();
  }
}

async function onDisk<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw fileError(error, `write ${path}`);
  }
}
