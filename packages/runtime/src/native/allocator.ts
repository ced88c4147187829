import koffi from 'koffi';

/** glibc's `M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` (malloc.h). */
const TRIM_THRESHOLD = -1;
const MMAP_THRESHOLD = -3;

/**
 * Blocks of this size and above are given back to the system when they are freed. Left to itself glibc raises the
 * threshold with every large block that is freed, up to 32 MiB, so that a process which loads and unloads models keeps
 * the memory of all of them.
 */
const LARGE_BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * What the allocator may keep while large models are loaded: blocks of up to 32 MiB (the most that glibc puts into its heaps,
 * `HEAP_MAX_SIZE / 2` in malloc/arena.c) are taken from what was freed before.
 */
const REUSED_BLOCK_BYTES = 32 * 1024 * 1024;

/** glibc's `struct mallinfo2` (malloc.h, from 2.33 on): bytes in mapped blocks, and bytes in use of the rest. */
interface AllocatorInfo {
  readonly hblkhd: number;
  readonly uordblks: number;
}

let info: (() => AllocatorInfo) | undefined;
let trim: { async(pad: number, done: (error: unknown) => void): void } | undefined;
let setOption: ((param: number, value: number) => number) | undefined;
let isSet = false;
let reusers = 0;
let isTrimming = false;

/** Free pages of small models are given back together: finding them takes milliseconds. */
const TRIM_AFTER_MS = 1000;

/** Makes the allocator of this process return the memory of unloaded models; has an effect with glibc only. */
export function returnLargeBlocks(): void {
  if (process.platform !== 'linux' || isSet) return;
  isSet = true;
  try {
    const libc = koffi.load('libc.so.6');
    setOption = libc.func('int mallopt(int param, int value)') as (param: number, value: number) => number;
    setThresholds(LARGE_BLOCK_BYTES, LARGE_BLOCK_BYTES);
    trim = libc.func('int malloc_trim(size_t pad)');
    const fields = [
      'arena',
      'ordblks',
      'smblks',
      'hblks',
      'hblkhd',
      'usmblks',
      'fsmblks',
      'uordblks',
      'fordblks',
      'keepcost',
    ];
    const struct = koffi.struct(Object.fromEntries(fields.map((field) => [field, 'size_t'])));
    info = libc.func('mallinfo2', struct, []) as () => AllocatorInfo;
  } catch {
    // Another libc: its allocator is left as it is.
  }
}

/**
 * Bytes of native memory that are in use in this process, those of JavaScript's heap not counted; `undefined` where the
 * allocator does not tell (it is not glibc's, or no model was loaded yet).
 */
export function nativeBytesInUse(): number | undefined {
  if (info === undefined) return undefined;
  const { hblkhd, uordblks } = info();
  return Number(hblkhd) + Number(uordblks);
}

/**
 * Runs the making of a large session, which takes and frees memory of the size of each weight several times over: the
 * system would clear every page of it anew, a third of the time that it takes. Free pages are given back when the last of
 * such works has ended.
 */
export async function reusingFreedBlocks<T>(work: () => Promise<T>): Promise<T> {
  reusers += 1;
  if (reusers === 1) setThresholds(REUSED_BLOCK_BYTES, REUSED_BLOCK_BYTES);
  try {
    return await work();
  } finally {
    reusers -= 1;
    if (reusers === 0) setThresholds(LARGE_BLOCK_BYTES, LARGE_BLOCK_BYTES);
    // Nobody has to wait for it.
    void returnFreePages();
  }
}

function setThresholds(mapped: number, trimmed: number): void {
  setOption?.(MMAP_THRESHOLD, mapped);
  setOption?.(TRIM_THRESHOLD, trimmed);
}

/** Gives free pages between blocks in use back to the system, on a pool thread: it takes milliseconds. */
export function returnFreePages(): Promise<void> {
  const call = trim;
  return call === undefined ? Promise.resolve() : new Promise((resolve) => call.async(0, () => resolve()));
}

/** Gives free pages back within a second, however many ask for it until then. */
export function returnFreePagesSoon(): void {
  if (trim === undefined || isTrimming) return;
  isTrimming = true;
  setTimeout(() => {
    isTrimming = false;
    void returnFreePages();
  }, TRIM_AFTER_MS).unref();
}
