import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@servable/tensor';
import { opTolerance, type Tolerance } from '../../zoo/golden.js';

/** The models that export/export.py makes. */
export const exportedModels = ['mobilenet_v2', 'resnet50', 'efficientnet_b0', 'transformer', 'mlp'];

/** A SavedModel and TensorFlow's answers. */
export interface Subject {
  readonly name: string;
  readonly directory: string;
  readonly golden: string;
  readonly tolerance: (expected: Tensor, alias: string) => Tolerance;
}

export function cacheOf(root: string): string {
  return join(root, 'conformance/.cache/models');
}

/** Every SavedModel with goldens, the large ones first. */
export function findSubjects(root: string): Subject[] {
  const numbered = (model: string): string[] => readdirSync(model).filter((name) => /^\d+$/.test(name));
  const below = (
    base: string,
    prefix: string,
    versions: (model: string) => string[],
    tolerance: Subject['tolerance'],
  ) =>
    (existsSync(base) ? readdirSync(base).sort() : [])
      .filter((entry) => existsSync(join(base, entry, 'golden.json')))
      .flatMap((entry) =>
        versions(join(base, entry)).map((version) => ({
          name: [prefix, entry, ...(version === '.' ? [] : [version])].join('/'),
          directory: join(base, entry, version),
          golden: join(base, entry, 'golden.json'),
          tolerance,
        })),
      );
  const ofOps = (expected: Tensor): Tolerance => opTolerance(expected.dtype);
  return [
    ...below(cacheOf(root), 'conformance', numbered, (_, alias) => ofNetwork(alias)),
    ...below(join(root, 'examples/models'), 'examples', numbered, ofOps),
    ...below(join(root, 'zoo/models'), 'zoo', () => ['.'], ofOps),
  ];
}

/**
 * Of whole networks: dozens of layers of sums taken in another order. An error in a logit close to 0 is measured by the
 * largest one; TensorFlow itself is 3e-5 of that apart with and without oneDNN on ResNet50.
 */
function ofNetwork(alias: string): Tolerance {
  if (alias === 'probabilities') return { absolute: 1e-4, relative: 0, ofLargest: 0 };
  return { absolute: 0, relative: 1e-3, ofLargest: 1e-4 };
}
