import type { RefCountedServable } from '../../servable/ref-counted-servable.js';
import type { ServableId } from '../../servable/servable-id.js';

interface Stream<T> {
  readonly versions: Map<bigint, RefCountedServable<T>>;
  latest: RefCountedServable<T>;
}

/** What can be resolved right now: the ready versions of every stream. Look-ups are two hash accesses. */
export class ServingMap<T> {
  readonly #streams = new Map<string, Stream<T>>();

  /** The version asked for, or the highest one when none is given. */
  find(name: string, version: bigint | undefined): RefCountedServable<T> | undefined {
    const stream = this.#streams.get(name);
    return version === undefined ? stream?.latest : stream?.versions.get(version);
  }

  /** The lowest version, found by looking at all of them. */
  findEarliest(name: string): RefCountedServable<T> | undefined {
    const versions = [...(this.#streams.get(name)?.versions.values() ?? [])];
    return versions.length === 0 ? undefined : versions.reduce((a, b) => (b.id.version < a.id.version ? b : a));
  }

  add(servable: RefCountedServable<T>): void {
    const { name, version } = servable.id;
    const stream = this.#streams.get(name);
    if (!stream) {
      this.#streams.set(name, { versions: new Map([[version, servable]]), latest: servable });
      return;
    }
    stream.versions.set(version, servable);
    if (version >= stream.latest.id.version) stream.latest = servable;
  }

  delete({ name, version }: ServableId): void {
    const stream = this.#streams.get(name);
    if (!stream?.versions.delete(version)) return;
    const rest = [...stream.versions.values()];
    if (rest.length === 0) this.#streams.delete(name);
    else stream.latest = rest.reduce((a, b) => (b.id.version > a.id.version ? b : a));
  }

  /** Ids of everything that can be resolved, stream by stream, ascending. */
  ids(): ServableId[] {
    return [...this.#streams.values()].flatMap(({ versions }) =>
      [...versions.values()].map(({ id }) => id).sort((a, b) => (a.version < b.version ? -1 : 1)),
    );
  }
}
