import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isStoreUrl, ServingError, storeUrlParent } from '@servable/core';
import type { ServedModel } from './served-model.js';

/**
 * The directories that a configuration which came over the wire may name: what the operator allowed, and the parents of
 * the base paths that the operator configured.
 */
export class ModelRoots {
  readonly #roots: Set<string>;
  readonly #option: string;

  /** @param option - the option that adds a root, as the user sees it */
  constructor(roots: readonly string[], option: string) {
    this.#roots = new Set(roots.map((root) => (isStoreUrl(root) ? `${root.replace(/\/+$/, '')}/` : resolve(root))));
    this.#option = option;
  }

  /** Takes in what the operator configured. */
  add(models: readonly ServedModel[]): void {
    for (const { basePath } of models) {
      this.#roots.add(isStoreUrl(basePath) ? storeUrlParent(basePath) : dirname(resolve(basePath)));
    }
  }

  /** @throws ServingError PERMISSION_DENIED that names the option which allows the path */
  check(models: readonly ServedModel[]): void {
    for (const { name, basePath } of models) {
      if ([...this.#roots].some((root) => isBelow(root, basePath))) continue;
      const roots = this.#roots.size === 0 ? 'none is configured' : [...this.#roots].join(', ');
      throw new ServingError(
        'PERMISSION_DENIED',
        'PATH_NOT_ALLOWED',
        `Base path ${basePath} of model ${name} is under no directory that a client may name (${roots}); ` +
          `${this.#option} allows another one`,
      );
    }
  }
}

/** Whether a path is a root or lies under it. */
export function isBelow(root: string, basePath: string): boolean {
  // URLs were checked to have no `..` in them; a root of the one kind holds no path of the other.
  if (isStoreUrl(root) || isStoreUrl(basePath)) return `${basePath}/`.startsWith(root);
  const way = relative(root, resolve(basePath));
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
