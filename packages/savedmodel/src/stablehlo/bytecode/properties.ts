import { malformedModule } from '../malformed-module.js';
import type { HloAttribute } from '../hlo.js';
import type { AttributeTable } from './attribute-table.js';
import { ByteReader } from './byte-reader.js';
import type { OperationName } from './names.js';
import { propertyNames } from './property-names.js';

/** Attributes of ops as newer bytecode has them: their values in a fixed order, without names. */
export class PropertyTable {
  private readonly entries: readonly Uint8Array[];

  constructor(
    section: Uint8Array | undefined,
    private readonly table: AttributeTable,
  ) {
    const reader = new ByteReader(section ?? new Uint8Array());
    this.entries = section === undefined || section.length === 0 ? [] : reader.list(() => reader.take(reader.varint()));
  }

  /** Adds the properties of an op to its attributes. Those of other dialects are left out. */
  read(index: number, { dialect, name }: OperationName, attributes: Map<string, HloAttribute>): void {
    const bytes = this.entries[index];
    if (bytes === undefined) {
      throw malformedModule(`expected the number of one of ${this.entries.length} lists of properties, given ${index}`);
    }
    const names = dialect === 'vhlo' ? propertyNames(name) : undefined;
    if (names === undefined) return;
    const reader = new ByteReader(bytes);
    for (const property of names) attributes.set(property, this.table.attribute(reader.varint()));
  }
}
