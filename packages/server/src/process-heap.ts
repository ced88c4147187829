import { setFlagsFromString } from 'node:v8';

/** What V8 itself goes up to: the next collection of the whole heap when it is four times what was left by the last one. */
const MOST_GROWTH_PERCENT = 300;
/** V8's own choice. */
const AS_V8_LIKES = 0;

let isWanted = false;
let loads = 0;

/**
 * Has V8 collect the whole heap of this process less often, for processes that do nothing but serve: to be called once, by
 * the program. Bytes that come from sockets lie outside of the heap and are counted with it, and V8, seeing a heap that
 * itself hardly grows, puts its limit some ten megabytes above: requests of 600 KB then have the whole heap collected every
 * twenty calls or so, which takes more time than all else that is done for a call beside the run of its model. With this
 * the process may hold up to a hundred megabytes or so more that wait for collection. While models are loaded V8 does as
 * it likes, since what waits then may be weights.
 *
 * Has no effect where the program was started with `--heap-growing-percent`.
 */
export function letHeapGrow(): void {
  isWanted = !process.execArgv.some((argument) => /^--heap[-_]growing[-_]percent\b/.test(argument));
  apply();
}

/** Loads a model, with V8's own limits meanwhile. */
export async function whileLoading<T>(load: () => Promise<T>): Promise<T> {
  loads++;
  apply();
  try {
    return await load();
  } finally {
    loads--;
    apply();
  }
}

function apply(): void {
  if (!isWanted) return;
  setFlagsFromString(`--heap-growing-percent=${loads === 0 ? MOST_GROWTH_PERCENT : AS_V8_LIKES}`);
}
