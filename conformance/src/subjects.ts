import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@servable/tensor';
import { opTolerance, type Tolerance } from '../../zoo/golden.js';

/** The models that export/export.py makes, by kind. */
export function exportedModels(root: string): Map<string, string> {
  const kinds = JSON.parse(readFileSync(join(root, 'conformance/export/models.json'), 'utf8')) as Record<
    string,
    string[]
  >;
  return new Map(Object.entries(kinds).flatMap(([kind, names]) => names.map((name) => [name, kind] as const)));
}

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

/** The SavedModels of the zoo and the examples: their goldens lie in the repository. */
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
    ...below(join(root, 'examples/models'), 'examples', numbered, ofOps),
    ...below(join(root, 'zoo/models'), 'zoo', () => ['.'], ofOps),
  ];
}
