import type { ServableData, Source, Target } from '../../servable/source.js';
import { ServingError } from '../../servable/serving-error.js';

/** Aspires a fixed list of versions, once, when it is connected: for what never changes while the server runs. */
export class StaticSource<T> implements Source<T> {
  readonly #versions: readonly ServableData<T>[];
  #connected = false;

  constructor(versions: readonly ServableData<T>[]) {
    this.#versions = versions;
  }

  connect(target: Target<T>): void {
    if (this.#connected) {
      throw new ServingError('FAILED_PRECONDITION', 'SOURCE_CONNECTED', 'The source is connected to a target already');
    }
    this.#connected = true;
    for (const name of new Set(this.#versions.map(({ id }) => id.name))) {
      target.setAspiredVersions(
        name,
        this.#versions.filter(({ id }) => id.name === name),
      );
    }
  }

  async close(): Promise<void> {}
}
