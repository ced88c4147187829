import type { Options } from 'tsup';

/**
 * The build every package shares: ESM for the oldest Node we support, one bundle per entry of the exports map.
 * Declarations come from `tsc -b`, which type-checks in the same pass.
 *
 * @param entry - entry name (path below `dist/`, no extension) to source file
 */
export function packageBuild(entry: Record<string, string>): Options {
  return {
    entry,
    format: 'esm',
    target: 'node20.19',
    platform: 'node',
    splitting: true,
    sourcemap: true,
    clean: false,
    dts: false,
    silent: true,
  };
}
