import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from './models.mjs';

/** The directory of the models of several hundred MB, which Python's TensorFlow writes when they are not there yet. */
export function largeModels() {
  const directory = `${cacheDirectory}large-models`;
  if (existsSync(directory)) return directory;
  const script = fileURLToPath(new URL('../programs/large_models.py', import.meta.url));
  const python = fileURLToPath(new URL('../../conformance/.venv/bin/python', import.meta.url));
  if (!existsSync(python)) {
    throw new Error(
      'Python with TensorFlow is needed to export models: run `npm run conformance -- --export-only` first',
    );
  }
  const unfinished = `${directory}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    execFileSync(python, [script, unfinished], { stdio: ['ignore', 'ignore', 'ignore'] });
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return directory;
}
