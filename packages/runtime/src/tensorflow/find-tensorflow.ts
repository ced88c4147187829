import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { RuntimeError } from '../runtime-error.js';

/** The environment variable that names TensorFlow's shared library, or a folder with it. */
export const tensorFlowPathVariable = 'LIBTENSORFLOW_PATH';

/** What the search depends on; the process's own values unless a test says otherwise. */
export interface TensorFlowSearch {
  readonly platform: string;
  readonly overridePath: string | undefined;
  /** What lies at a path. */
  readonly kindOf: (path: string) => 'file' | 'folder' | undefined;
  /** Folder of an installed npm package, or `undefined`. */
  readonly packageFolder: (name: string) => string | undefined;
  /** Folder of Python's `tensorflow` package without importing it, or why there is none. */
  readonly pythonPackage: () => Promise<{ readonly folder: string } | { readonly why: string }>;
}

/** Names of the library, in the order of preference: Python's, then those of the C archives and of tfjs-node. */
const libraryFiles: Readonly<Record<string, readonly string[]>> = {
  linux: ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.so'],
  darwin: ['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib', 'libtensorflow.dylib'],
  win32: ['tensorflow.dll'],
};

const npmPackages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/**
 * Finds TensorFlow's shared library: what `LIBTENSORFLOW_PATH` names (the file, or a folder with it: an unpacked archive
 * of the C library, or the `tensorflow` folder of Python's site-packages), else the one inside
 * `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`, else the one of Python's `tensorflow` or `tensorflow-cpu`
 * package, which is asked of `python3`.
 *
 * @throws RuntimeError FAILED_PRECONDITION: `TENSORFLOW_PATH_INVALID` when the variable names no library,
 * `TENSORFLOW_NOT_INSTALLED` with every place that was looked at, `TENSORFLOW_UNSUPPORTED_PLATFORM`
 */
export async function findTensorFlow(search: TensorFlowSearch = processSearch()): Promise<string> {
  const { platform, overridePath } = search;
  const names = libraryFiles[platform];
  if (overridePath !== undefined && overridePath !== '') return overridden(overridePath, names ?? [], search);
  if (names === undefined) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'TENSORFLOW_UNSUPPORTED_PLATFORM',
      `TensorFlow's library is looked for on ${Object.keys(libraryFiles).join(', ')}, not on ${platform}: ` +
        `set ${tensorFlowPathVariable} to the path of a library of your own`,
    );
  }
  const looked: string[] = [`${tensorFlowPathVariable} (not set)`];
  for (const name of npmPackages) {
    const folder = search.packageFolder(name);
    if (folder === undefined) {
      looked.push(`${name} (not installed)`);
      continue;
    }
    // The package's install script downloads the library there.
    const lib = join(folder, 'deps', 'lib');
    const file = libraryIn(lib, names, search);
    if (file !== undefined) return file;
    looked.push(`${name} (no library in ${lib})`);
  }
  const python = await search.pythonPackage();
  if ('folder' in python) {
    const file = libraryIn(python.folder, names, search);
    if (file !== undefined) return file;
    looked.push(`Python's tensorflow package (no library in ${python.folder})`);
  } else looked.push(`Python's tensorflow package (${python.why})`);
  throw new RuntimeError(
    'FAILED_PRECONDITION',
    'TENSORFLOW_NOT_INSTALLED',
    `TensorFlow's library is not installed. Looked at: ${looked.join('; ')}. Run "pip install tensorflow-cpu" (or ` +
      `"tensorflow[and-cuda]" for GPUs), or set ${tensorFlowPathVariable} to the library or to its folder`,
  );
}

function overridden(path: string, names: readonly string[], search: TensorFlowSearch): string {
  const kind = isAbsolute(path) ? search.kindOf(path) : undefined;
  if (kind === 'file') return path;
  if (kind === 'folder') {
    for (const folder of [path, join(path, 'lib'), join(path, 'tensorflow')]) {
      const file = libraryIn(folder, names, search);
      if (file !== undefined) return file;
    }
  }
  const why = !isAbsolute(path)
    ? ''
    : kind === undefined
      ? ', which does not exist'
      : `, a folder with none of ${names.join(', ')} in it, in lib or in tensorflow`;
  throw new RuntimeError(
    'FAILED_PRECONDITION',
    'TENSORFLOW_PATH_INVALID',
    `${tensorFlowPathVariable} must be the absolute path of TensorFlow's library or of its folder, given ${path}${why}`,
  );
}

function libraryIn(folder: string, names: readonly string[], search: TensorFlowSearch): string | undefined {
  return names.map((name) => join(folder, name)).find((file) => search.kindOf(file) === 'file');
}

function processSearch(): TensorFlowSearch {
  return {
    platform: process.platform,
    overridePath: process.env[tensorFlowPathVariable],
    kindOf: (path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file';
    },
    packageFolder,
    pythonPackage,
  };
}

/** An npm package that this one can see, or the application that runs in the current directory. */
function packageFolder(name: string): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`));
    } catch {
      // Not seen from there.
    }
  }
  // A package whose exports hide its package.json is still a folder.
  const folder = join(process.cwd(), 'node_modules', name);
  return existsSync(folder) ? folder : undefined;
}

/**
 * Where Python would import `tensorflow` from. The module is only located: importing it takes seconds. The current
 * directory, which `-c` puts first on the path, is left out, so that no file there is run.
 */
const locate =
  'import sys; sys.path.pop(0); import importlib.util as u; s = u.find_spec("tensorflow"); ' +
  'print(next(iter(s.submodule_search_locations or []), "") if s else "")';

const pythonTimeoutMs = 10_000;

function pythonPackage(): Promise<{ readonly folder: string } | { readonly why: string }> {
  const python = process.platform === 'win32' ? 'python' : 'python3';
  return new Promise((resolve) => {
    execFile(python, ['-c', locate], { timeout: pythonTimeoutMs, encoding: 'utf8' }, (error, stdout) => {
      const folder = stdout.trim();
      if (error !== null) {
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        resolve({ why: missing ? `there is no ${python}` : `${python} failed: ${error.message.split('\n')[0]}` });
      } else resolve(folder === '' ? { why: `not installed for the ${python} on the path` } : { folder });
    });
  });
}
