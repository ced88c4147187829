import koffi from 'koffi';
import { RuntimeError } from '../runtime-error.js';

/**
 * koffi runs a native function on a stack of its own, 128 KiB for asynchronous calls unless told otherwise: too little for
 * graph optimisation, and an overflow ends the process. The pages are only used when touched.
 */
const nativeStackBytes = 8 * 1024 * 1024;

/**
 * Makes the stacks of native calls large enough for an engine; to be called before its library is loaded.
 *
 * @param engine - who needs them, for the message
 * @throws RuntimeError FAILED_PRECONDITION `NATIVE_STACK_TOO_SMALL` when other code loaded a library before and left them
 * small
 */
export function prepareNativeStacks(engine: string): void {
  if ((koffi.config().async_stack_size ?? 0) >= nativeStackBytes) return;
  try {
    koffi.config({
      sync_stack_size: nativeStackBytes,
      async_stack_size: nativeStackBytes,
      // As many as libuv's pool can have threads, so that the gate before it is the only limit.
      max_async_calls: 4096,
      resident_async_pools: 32,
    });
  } catch (error) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'NATIVE_STACK_TOO_SMALL',
      `${engine} needs native stacks of ${nativeStackBytes} bytes, and other code in this thread loaded a library ` +
        `through koffi with ${koffi.config().async_stack_size}: call prepareRuntime() before it does`,
      { cause: error },
    );
  }
}
