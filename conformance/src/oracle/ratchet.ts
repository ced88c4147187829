import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tolerance } from '../../../zoo/golden.js';

/** How far floats of whole models may be apart: see `Tolerance`. */
export const usualBound: Tolerance = { absolute: 1e-7, relative: 1e-4, ofLargest: 1e-5 };

/** Where TensorFlow itself is further apart with and without its optimizations, this many times as far. */
export const timesItself = 4;

/** @param itself - as `Comparison.itself`: of the element or a tenth of its tensor's largest */
export function boundOf(itself: number): Tolerance {
  const { absolute, relative, ofLargest } = usualBound;
  const wide = timesItself * itself;
  return { absolute, relative: Math.max(relative, wide), ofLargest: Math.max(ofLargest, wide / 10) };
}

/**
 * conformance/known-failures.json: calls that are expected to fail, as `<model>: <signature>, <inputs>`, and why. It may
 * only shrink.
 */
export function readKnownFailures(root: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(root, 'conformance/known-failures.json'), 'utf8');
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}
