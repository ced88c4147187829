import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const cache = fileURLToPath(new URL('../.cache', import.meta.url));

/** A program that tests start. */
export interface BuiltProgram {
  /** What `node` runs. */
  readonly file: string;
  /** A folder of its own that goes with it. */
  readonly directory: string;
  remove(): Promise<void>;
}

/**
 * Builds a program for tests from its source, with our other packages in it, so that no build has to come first. It lies
 * inside the workspace, where it finds its dependencies.
 */
export async function buildProgram(source: URL): Promise<BuiltProgram> {
  const name = basename(source.pathname, '.ts');
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, `${name}-`));
  await build({
    entry: { [name]: fileURLToPath(source) },
    format: 'esm',
    target: 'node20.19',
    platform: 'node',
    silent: true,
    config: false,
    outDir: directory,
    noExternal: [/^@servable\//],
    // All packages but ours; what begins like a path is none.
    external: [/^(?!@servable\/|[A-Za-z]:)[^./]/],
    tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)),
  });
  return { file: join(directory, `${name}.js`), directory, remove: () => rm(directory, { recursive: true }) };
}
