import koffi from 'koffi';
import type { Pointer } from './ort-functions.js';

/** Copies bytes between native memory and typed arrays. */
export type CopyMemory = (
  to: Pointer | NodeJS.ArrayBufferView,
  from: Pointer | NodeJS.ArrayBufferView,
  bytes: number,
) => void;

/** The C library's `memcpy`. */
export function copyMemoryFunction(): CopyMemory {
  const libc = koffi.load(process.platform === 'win32' ? 'msvcrt.dll' : null);
  return libc.func('memcpy', 'void', ['void *', 'void *', 'size_t']);
}
