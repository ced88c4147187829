import { malformedModule } from '../malformed-module.js';
import type { HloAttribute, HloType } from '../hlo.js';
import { readBuiltinAttribute, readVhloAttribute } from './attributes.js';
import { ByteReader } from './byte-reader.js';
import type { Entries } from './entries.js';
import { dialectAt, type StringTable } from './names.js';
import { readType } from './types.js';

/** Deeper nesting than any exporter writes. */
const MAX_DEPTH = 64;

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly dialect: string;
  readonly isText: boolean;
  value: T | undefined;
}

/** The attributes and types of a file, read when they are asked for. */
export class AttributeTable implements Entries {
  private readonly attributes: readonly Entry<HloAttribute>[];
  private readonly types: readonly Entry<HloType>[];
  private depth = 0;

  /**
   * @param section - their bytes
   * @param offsets - their dialects and lengths
   */
  constructor(
    section: Uint8Array,
    offsets: Uint8Array,
    readonly strings: StringTable,
    dialects: readonly string[],
  ) {
    const reader = new ByteReader(offsets);
    const content = new ByteReader(section);
    const counts = [reader.count(), reader.count()] as const;
    const entries = <T>(count: number): Entry<T>[] => {
      const found: Entry<T>[] = [];
      while (found.length < count) {
        const dialect = dialectAt(dialects, reader.varint());
        reader.list(() => {
          const { value, flag } = reader.flagged();
          found.push({ bytes: content.take(value), dialect, isText: !flag, value: undefined });
        });
      }
      if (found.length > count) throw malformedModule(`expected ${count} attributes or types, given ${found.length}`);
      return found;
    };
    this.attributes = entries(counts[0]);
    this.types = entries(counts[1]);
  }

  /** @throws SavedModelError INVALID_ARGUMENT for a number that no attribute has */
  attribute(index: number): HloAttribute {
    return this.read(this.attributes, index, 'attribute', ({ bytes, dialect, isText }) => {
      if (isText) return { kind: 'other', name: new ByteReader(bytes).terminatedText() };
      if (dialect === 'vhlo') return readVhloAttribute(new ByteReader(bytes), this);
      if (dialect === 'builtin') return readBuiltinAttribute(new ByteReader(bytes), this);
      return { kind: 'other', name: `${dialect} attribute` };
    });
  }

  /** @throws SavedModelError INVALID_ARGUMENT for a number that no type has */
  type(index: number): HloType {
    return this.read(this.types, index, 'type', ({ bytes, dialect, isText }) => {
      if (isText) return { kind: 'other', name: new ByteReader(bytes).terminatedText() };
      if (dialect === 'vhlo') return readType(new ByteReader(bytes), this);
      return { kind: 'other', name: `${dialect} type` };
    });
  }

  private read<T>(entries: readonly Entry<T>[], index: number, what: string, parse: (entry: Entry<T>) => T): T {
    const entry = entries[index];
    if (entry === undefined) {
      throw malformedModule(`expected the number of one of ${entries.length} ${what}s, given ${index}`);
    }
    if (entry.value !== undefined) return entry.value;
    if (++this.depth > MAX_DEPTH)
      throw malformedModule(`expected ${what}s at most ${MAX_DEPTH} deep, given deeper ones`);
    entry.value = parse(entry);
    this.depth--;
    return entry.value;
  }
}
