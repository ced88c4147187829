import { dirname, resolve } from 'node:path';
import { ServingError } from '@servable/core';
import { isBelow } from './model-roots.js';
import type { ServedModel } from './served-model.js';

/**
 * The directories in which a configuration that came over the wire may have requests recorded: what the operator allowed,
 * and those of the prefixes that the operator configured.
 */
export class LogRoots {
  readonly #roots: Set<string>;
  readonly #option: string;

  /** @param option - the option that adds a root, as the user sees it */
  constructor(roots: readonly string[], option: string) {
    this.#roots = new Set(roots.map((root) => resolve(root)));
    this.#option = option;
  }

  /** Takes in what the operator configured. */
  add(models: readonly ServedModel[]): void {
    for (const { logging } of models) if (logging) this.#roots.add(dirname(logging.filenamePrefix));
  }

  /** @throws ServingError PERMISSION_DENIED that names the option which allows the path */
  check(models: readonly ServedModel[]): void {
    for (const { name, logging } of models) {
      if (!logging || [...this.#roots].some((root) => isBelow(root, dirname(logging.filenamePrefix)))) continue;
      const roots = this.#roots.size === 0 ? 'none is configured' : [...this.#roots].join(', ');
      throw new ServingError(
        'PERMISSION_DENIED',
        'PATH_NOT_ALLOWED',
        `Log prefix ${logging.filenamePrefix} of model ${name} is under no directory that a client may name (${roots}); ` +
          `${this.#option} allows another one`,
      );
    }
  }
}
