import { malformedModule } from '../malformed-module.js';
import { ByteReader } from './byte-reader.js';
import { readSection, SECTION } from './sections.js';

/** The texts of a file, decoded when they are asked for. */
export class StringTable {
  private readonly entries: Uint8Array[] = [];
  private readonly decoded: (string | undefined)[] = [];

  constructor(section: Uint8Array) {
    const reader = new ByteReader(section);
    const lengths = reader.list(() => reader.varint()).toReversed();
    for (const length of lengths) this.entries.push(reader.take(length));
  }

  /** @throws SavedModelError INVALID_ARGUMENT for a number that no text has */
  at(index: number): string {
    const known = this.decoded[index];
    if (known !== undefined) return known;
    const bytes = this.entries[index];
    if (bytes === undefined) {
      throw malformedModule(`expected the number of one of ${this.entries.length} texts, given ${index}`);
    }
    const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
    const text = new TextDecoder().decode(bytes.subarray(0, end));
    this.decoded[index] = text;
    return text;
  }
}

/** The name of an op in a file. */
export interface OperationName {
  readonly dialect: string;
  readonly name: string;
}

/** The dialects of a file and the names of their ops. */
export interface Dialects {
  readonly names: readonly string[];
  readonly operations: readonly OperationName[];
}

const DIALECT_VERSIONS = 1;
const OPERATION_COUNT = 4;
const NATIVE_PROPERTIES = 5;

export function readDialects(section: Uint8Array, strings: StringTable, bytecodeVersion: number): Dialects {
  const reader = new ByteReader(section);
  const names = reader.list(() => {
    if (bytecodeVersion < DIALECT_VERSIONS) return strings.at(reader.varint());
    const { value, flag } = reader.flagged();
    if (flag) {
      const { id } = readSection(reader, 0);
      if (id !== SECTION.dialectVersions) throw malformedModule(`expected a dialect's version, given section ${id}`);
    }
    return strings.at(value);
  });
  const operations: OperationName[] = [];
  if (bytecodeVersion >= OPERATION_COUNT) reader.varint();
  while (reader.remaining > 0) {
    const dialect = dialectAt(names, reader.varint());
    operations.push(
      ...reader.list(() => {
        const name = bytecodeVersion < NATIVE_PROPERTIES ? reader.varint() : reader.flagged().value;
        return { dialect, name: strings.at(name) };
      }),
    );
  }
  return { names, operations };
}

export function dialectAt(names: readonly string[], index: number): string {
  const name = names[index];
  if (name === undefined)
    throw malformedModule(`expected the number of one of ${names.length} dialects, given ${index}`);
  return name;
}
