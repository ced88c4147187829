import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tolerance } from '../../../zoo/golden.js';

/** How far float32 answers of whole models may be apart: see `Tolerance`. */
export const usualBound: Tolerance = { absolute: 1e-7, relative: 1e-4, ofLargest: 1e-5 };

/** A wider bound for one model, and why. */
export interface Exception extends Partial<Tolerance> {
  readonly why: string;
}

/** conformance/bounds.json: models whose answers may be further apart. */
export function readBounds(root: string): ReadonlyMap<string, Exception> {
  return read<Exception>(root, 'bounds.json');
}

/** conformance/known-failures.json: models that are expected to fail, and why. It may only shrink. */
export function readKnownFailures(root: string): ReadonlyMap<string, string> {
  return read<string>(root, 'known-failures.json');
}

function read<T>(root: string, file: string): ReadonlyMap<string, T> {
  return new Map(
    Object.entries(JSON.parse(readFileSync(join(root, 'conformance', file), 'utf8')) as Record<string, T>),
  );
}
