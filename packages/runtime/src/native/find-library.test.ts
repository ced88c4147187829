import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findLibrary, type LibrarySearch } from './find-library.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'servable-library-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** A search in which only these modules can be resolved. */
function search(over: Partial<LibrarySearch>, modules: Record<string, string> = {}): LibrarySearch {
  return {
    platform: 'linux',
    arch: 'x64',
    glibc: true,
    overridePath: undefined,
    resolveModule: (specifier) => {
      const path = modules[specifier];
      if (path === undefined) throw new Error(`Cannot find module ${specifier}`);
      return path;
    },
    ...over,
  };
}

async function file(path: string): Promise<string> {
  const full = join(dir, path);
  await mkdir(join(full, '..'), { recursive: true });
  await writeFile(full, '');
  return full;
}

describe('finding the engine library', () => {
  it('takes the platform package before onnxruntime-node', async () => {
    const packaged = await file('own/lib/libonnxruntime.so.1');
    await file('node/bin/napi-v6/linux/x64/libonnxruntime.so.1');
    const modules = {
      '@servable/onnxruntime-linux-x64/package.json': join(dir, 'own/package.json'),
      'onnxruntime-node/package.json': join(dir, 'node/package.json'),
    };
    expect(findLibrary(search({}, modules))).toBe(packaged);
  });

  it('takes the library of onnxruntime-node where the platform package is not filled', async () => {
    const library = await file('node/bin/napi-v6/win32/arm64/onnxruntime.dll');
    const modules = {
      '@servable/onnxruntime-win32-arm64/package.json': join(dir, 'own/package.json'),
      'onnxruntime-node/package.json': join(dir, 'node/package.json'),
    };
    expect(findLibrary(search({ platform: 'win32', arch: 'arm64' }, modules))).toBe(library);
  });

  it('takes the file that the environment names before everything else, even where there is no package', async () => {
    const overridePath = await file('mine.so');
    expect(findLibrary(search({ platform: 'freebsd', overridePath }))).toBe(overridePath);
  });

  it('names the package to install', () => {
    expect(() => findLibrary(search({ platform: 'darwin', arch: 'arm64' }))).toThrow(
      expect.objectContaining({
        code: 'FAILED_PRECONDITION',
        reason: 'ONNXRUNTIME_NOT_INSTALLED',
        message: expect.stringContaining('npm install @servable/onnxruntime-darwin-arm64') as string,
      }) as Error,
    );
  });

  it.each([
    ['a path that does not exist', { overridePath: '/nowhere/lib.so' }, 'ONNXRUNTIME_PATH_INVALID', '/nowhere/lib.so'],
    ['a relative path', { overridePath: 'lib.so' }, 'ONNXRUNTIME_PATH_INVALID', 'absolute path'],
    ['an unknown platform', { arch: 'ia32' }, 'ONNXRUNTIME_UNSUPPORTED_PLATFORM', 'linux-ia32'],
    ['musl', { glibc: false }, 'ONNXRUNTIME_UNSUPPORTED_LIBC', 'Alpine'],
  ])('says what is wrong with %s', (_, over, reason, words) => {
    expect(() => findLibrary(search(over))).toThrow(
      expect.objectContaining({ reason, message: expect.stringContaining(words) as string }) as Error,
    );
  });

  it('finds the library of this checkout', () => {
    expect(findLibrary()).toMatch(/onnxruntime/);
  });
});
