import koffi from 'koffi';
import type { Pointer } from './ort-functions.js';

/**
 * Where the memory of a typed array lies. V8 keeps small arrays on its own heap at first; asking for the address moves them
 * out, after which they stay where they are until they are collected. The caller keeps the array for as long as native code
 * uses the address.
 */
export function addressOf(array: NodeJS.ArrayBufferView): Pointer {
  return koffi.address(array);
}

/** Strings as an array of pointers to NUL-terminated UTF-8. */
export interface NativeNames {
  /** One pointer per string. */
  readonly pointers: BigUint64Array;
  /** What they point into; keep it as long as the pointers are used. */
  readonly memory: Uint8Array;
}

/** Lays names out for native code. */
export function nativeNames(names: readonly string[]): NativeNames {
  const memory = new Uint8Array(Buffer.from(`${names.join('\0')}\0`, 'utf8'));
  const pointers = new BigUint64Array(Math.max(1, names.length));
  const base = addressOf(memory);
  let at = 0;
  for (let index = 0; index < names.length; index++) {
    pointers[index] = base + BigInt(at);
    at = memory.indexOf(0, at) + 1;
  }
  return { pointers, memory };
}

/** Reads a NUL-terminated UTF-8 string; empty for NULL. */
export function readString(pointer: Pointer): string {
  return pointer === 0n ? '' : koffi.decode.string(pointer);
}
