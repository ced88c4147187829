import type { ServableData, Source, Target } from '../../servable/source.js';
import { ServingError } from '../../servable/serving-error.js';

/** Aspires fixed lists of versions when it is connected and when they are replaced: for what nobody has to look for. */
export class StaticSource<T> implements Source<T> {
  #versions: readonly ServableData<T>[];
  #target: Target<T> | undefined;

  constructor(versions: readonly ServableData<T>[]) {
    this.#versions = versions;
  }

  connect(target: Target<T>): void {
    if (this.#target) {
      throw new ServingError('FAILED_PRECONDITION', 'SOURCE_CONNECTED', 'The source is connected to a target already');
    }
    this.#target = target;
    this.#tell(this.#names());
  }

  /** Replaces all lists; streams that are gone are emptied. */
  update(versions: readonly ServableData<T>[]): void {
    const before = this.#names();
    this.#versions = versions;
    this.#tell(new Set([...before, ...this.#names()]));
  }

  async close(): Promise<void> {
    this.#target = undefined;
  }

  #names(): Set<string> {
    return new Set(this.#versions.map(({ id }) => id.name));
  }

  #tell(names: Iterable<string>): void {
    for (const name of names) {
      this.#target?.setAspiredVersions(
        name,
        this.#versions.filter(({ id }) => id.name === name),
      );
    }
  }
}
