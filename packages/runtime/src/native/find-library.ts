import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { RuntimeError } from '../runtime-error.js';

/** The environment variable that names the shared library of ONNX Runtime to load instead of the installed one. */
export const libraryPathVariable = 'SERVABLE_ONNXRUNTIME_PATH';

/** What the search depends on; the process's own values unless a test says otherwise. */
export interface LibrarySearch {
  readonly platform: string;
  readonly arch: string;
  /** `false` on Linux with musl, where the library cannot be loaded. */
  readonly glibc: boolean;
  readonly overridePath: string | undefined;
  /** Resolves a module specifier to a path, or throws. */
  readonly resolveModule: (specifier: string) => string;
}

const libraryFiles: Readonly<Record<string, string>> = {
  'linux-x64': 'libonnxruntime.so.1',
  'linux-arm64': 'libonnxruntime.so.1',
  'darwin-arm64': 'libonnxruntime.1.dylib',
  'win32-x64': 'onnxruntime.dll',
  'win32-arm64': 'onnxruntime.dll',
};

/**
 * Finds the shared library of ONNX Runtime: the file that `SERVABLE_ONNXRUNTIME_PATH` names, else the platform package
 * `@servable/onnxruntime-<os>-<cpu>`, else the one inside `onnxruntime-node` (a development dependency of this
 * repository).
 *
 * @throws RuntimeError FAILED_PRECONDITION: `ONNXRUNTIME_PATH_INVALID` when the variable names no file,
 * `ONNXRUNTIME_UNSUPPORTED_PLATFORM`, `ONNXRUNTIME_UNSUPPORTED_LIBC` on musl, `ONNXRUNTIME_NOT_INSTALLED`
 */
export function findLibrary(search: LibrarySearch = processSearch()): string {
  const { overridePath } = search;
  if (overridePath !== undefined && overridePath !== '') {
    if (!isAbsolute(overridePath) || !existsSync(overridePath)) {
      throw new RuntimeError(
        'FAILED_PRECONDITION',
        'ONNXRUNTIME_PATH_INVALID',
        `${libraryPathVariable} must be the absolute path of the ONNX Runtime library, given ${overridePath}${isAbsolute(overridePath) ? ', which does not exist' : ''}`,
      );
    }
    return overridePath;
  }
  const platform = `${search.platform}-${search.arch}`;
  const file = libraryFiles[platform];
  if (file === undefined) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'ONNXRUNTIME_UNSUPPORTED_PLATFORM',
      `There is no ONNX Runtime library for ${platform}: expected one of ${Object.keys(libraryFiles).join(', ')}; ` +
        `set ${libraryPathVariable} to the path of a library of your own`,
    );
  }
  if (search.platform === 'linux' && !search.glibc) {
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'ONNXRUNTIME_UNSUPPORTED_LIBC',
      `The ONNX Runtime library for ${platform} needs glibc, and this Node runs on another libc (musl, as in Alpine): ` +
        `use a glibc image such as node:20-slim, or set ${libraryPathVariable} to a library built for this libc`,
    );
  }
  const name = `@servable/onnxruntime-${platform}`;
  for (const candidate of candidates(search, name, file)) if (existsSync(candidate)) return candidate;
  throw new RuntimeError(
    'FAILED_PRECONDITION',
    'ONNXRUNTIME_NOT_INSTALLED',
    `The ONNX Runtime library for ${platform} is not installed: run "npm install ${name}" (npm leaves it out with ` +
      `--omit=optional or when the lock file was made on another platform), or set ${libraryPathVariable}`,
  );
}

function* candidates(search: LibrarySearch, name: string, file: string): Generator<string> {
  const packaged = tryResolve(search, `${name}/package.json`);
  if (packaged !== undefined) yield join(dirname(packaged), 'lib', file);
  const node = tryResolve(search, 'onnxruntime-node/package.json');
  if (node !== undefined) yield join(dirname(node), 'bin/napi-v6', search.platform, search.arch, file);
}

function tryResolve(search: LibrarySearch, specifier: string): string | undefined {
  try {
    return search.resolveModule(specifier);
  } catch {
    return undefined;
  }
}

function processSearch(): LibrarySearch {
  const { resolve: resolveModule } = createRequire(import.meta.url);
  return {
    platform: process.platform,
    arch: process.arch,
    get glibc() {
      return runsOnGlibc();
    },
    overridePath: process.env[libraryPathVariable],
    resolveModule,
  };
}

/** Node's diagnostic report names the version of glibc that it runs on; on musl there is none. */
function runsOnGlibc(): boolean {
  // Newer than the oldest Node whose types are used here.
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  const before = report.excludeNetwork ?? false;
  // The report would look up the names of all open connections.
  report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
    return header?.glibcVersionRuntime !== undefined;
  } finally {
    report.excludeNetwork = before;
  }
}
