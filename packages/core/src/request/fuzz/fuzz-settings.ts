import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * How much is tried: `FUZZ_CASES` of each kind (2000 by default; 100000 is the long form), from `FUZZ_SEED`:
 *
 * ```
 * FUZZ_CASES=100000 npx vitest run packages/core/src/request/fuzz
 * ```
 */
export const fuzzSettings = {
  cases: Number(process.env['FUZZ_CASES'] ?? 2000),
  seed: Number(process.env['FUZZ_SEED'] ?? 1),
  /** For each kind: far above what it takes, so that only a hang gets there. */
  timeoutMs: 60_000 + Number(process.env['FUZZ_CASES'] ?? 0) * 20,
};

/** Bytes in use after everything that nobody holds was collected. */
export function settledMemory(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What memory in use may differ by between two looks: code that was compiled meanwhile, caches of fixed size. */
export const memorySlack = 24 * 2 ** 20;
