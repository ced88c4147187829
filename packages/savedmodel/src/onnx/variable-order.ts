import type { Value } from './value.js';

/**
 * The order of what one graph does to variables. Nodes are lowered in an order that respects the model's control
 * dependencies, and each access is made to wait for those before it that it must not overtake: a read for the last write,
 * a write for the last write, the reads since, and the assertions.
 */
export class VariableOrder {
  private readonly writes = new Map<string, Value>();
  private readonly reads = new Map<string, readonly Value[]>();
  /** Values read since the last write. */
  readonly current = new Map<string, Value>();
  private readonly checks: Value[] = [];
  /** Variables and other state that are read or written here, or in a body inside. */
  readonly touched = new Set<string>();

  /** What brings the order back to what it is now, for a lowering that is given up. */
  checkpoint(): () => void {
    const { writes, reads, current, checks, touched } = this;
    const saved = [new Map(writes), new Map(reads), new Map(current), checks.length, new Set(touched)] as const;
    return () => {
      replace(writes, saved[0]);
      replace(reads, saved[1]);
      replace(current, saved[2]);
      checks.length = saved[3];
      touched.clear();
      for (const key of saved[4]) touched.add(key);
    };
  }

  beforeRead(key: string): readonly Value[] {
    const write = this.writes.get(key);
    return write === undefined ? [] : [write];
  }

  afterRead(key: string, mark: Value, value?: Value): void {
    this.touched.add(key);
    if (value !== undefined) this.current.set(key, value);
    this.reads.set(key, [...(this.reads.get(key) ?? []), mark]);
  }

  beforeWrite(key: string): readonly Value[] {
    return [...this.beforeRead(key), ...(this.reads.get(key) ?? []), ...this.checks];
  }

  afterWrite(key: string, mark: Value): void {
    this.touched.add(key);
    this.current.delete(key);
    this.reads.delete(key);
    this.writes.set(key, mark);
  }

  afterCheck(mark: Value): void {
    this.checks.push(mark);
  }
}

function replace<K, V>(map: Map<K, V>, by: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of by) map.set(key, value);
}
