import { closeSync, fstatSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { RuntimeError } from '../runtime-error.js';
import { ortApi } from './ort-api.js';
import type { Pointer } from './ort-functions.js';

/** `PROT_READ`, `MAP_PRIVATE` and `MADV_DONTNEED`, which are the same in Linux and macOS. */
const PROT_READ = 1;
const MAP_PRIVATE = 2;
const MADV_DONTNEED = 4;

/** The largest size of a page that these systems have. */
const PAGE = 65536n;

interface Calls {
  readonly map: (at: null, bytes: number, protection: number, flags: number, fd: number, offset: number) => Pointer;
  readonly unmap: (at: Pointer, bytes: number) => number;
  readonly advise: (at: Pointer, bytes: number, advice: number) => number;
  readonly compare: {
    async(a: Pointer, b: Pointer, bytes: number, done: (error: unknown, order: number) => void): void;
  };
}

let calls: Calls | undefined;

function systemCalls(): Calls {
  if (calls === undefined) {
    // It has to set up koffi before a library is loaded.
    ortApi();
    const libc = koffi.load(null);
    calls = {
      map: libc.func('void *mmap(void *at, size_t bytes, int protection, int flags, int fd, int64_t offset)'),
      unmap: libc.func('int munmap(void *at, size_t bytes)'),
      advise: libc.func('int madvise(void *at, size_t bytes, int advice)'),
      compare: libc.func('int memcmp(const void *a, const void *b, size_t bytes)'),
    };
  }
  return calls;
}

/** Whether files can be mapped on this system. */
export const canMapFiles = process.platform === 'linux' || process.platform === 'darwin';

/** A file in memory, read-only. It may be removed from its folder; its bytes are there until {@link unmap}. */
export class MappedFile {
  private constructor(
    readonly address: Pointer,
    readonly byteLength: number,
  ) {}

  /** Maps a file that is not empty. @throws Error of the file system, or when the system has no room for the map */
  static open(path: string): MappedFile {
    const fd = openSync(path, 'r');
    try {
      const { size } = fstatSync(fd);
      const address = systemCalls().map(null, size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (BigInt.asIntN(64, address) === -1n) throw new RangeError(`${path}: no room to map ${size} bytes`);
      return new MappedFile(address, size);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Takes pages out of this process's memory; those that are read again come back from the file.
   *
   * @param at - where the memory begins whose pages can go, those that it fills
   */
  releasePages(at: Pointer = this.address, bytes: number = this.byteLength): void {
    const start = ((at + PAGE - 1n) / PAGE) * PAGE;
    const end = ((at + BigInt(bytes)) / PAGE) * PAGE;
    if (start < end) systemCalls().advise(start, Number(end - start), MADV_DONTNEED);
  }

  unmap(): void {
    systemCalls().unmap(this.address, this.byteLength);
  }
}

/** Whether two pieces of memory hold the same bytes; compared on a pool thread. */
export function sameBytes(a: Pointer, b: Pointer, bytes: number): Promise<boolean> {
  return new Promise((resolve, reject) =>
    systemCalls().compare.async(a, b, bytes, (error, order) => {
      if (error === null || error === undefined) resolve(order === 0);
      else reject(new RuntimeError('INTERNAL', 'NATIVE_CALL_FAILED', 'memcmp could not be called', { cause: error }));
    }),
  );
}
