import { malformedModule } from '../malformed-module.js';
import type { HloAttribute, HloBlock, HloFunction, HloModule, HloOperation, HloType, HloValue } from '../hlo.js';
import { AttributeTable } from './attribute-table.js';
import { ByteReader } from './byte-reader.js';
import { readDialects, StringTable, type OperationName } from './names.js';
import { PropertyTable } from './properties.js';
import { readBytecodeFile, readSection, requiredSection, SECTION, type BytecodeFile } from './sections.js';

/** Versions of MLIR's bytecode from which on something is so (mlir/include/mlir/Bytecode/Encoding.h). */
const SINCE = { isolatedSections: 2, useListOrders: 3, optionalLocations: 4 } as const;

/** What an op consists of, bit by bit. */
const HAS = { attributes: 1, results: 2, operands: 4, successors: 8, regions: 16, useListOrders: 32, properties: 64 };

/** Deeper nesting than any exporter writes. */
const MAX_REGION_DEPTH = 64;

/**
 * Reads a portable artifact of StableHLO: MLIR bytecode of the VHLO dialect, version 0.9 and later.
 *
 * @throws SavedModelError INVALID_ARGUMENT for bytes that are none
 */
export function readModule(bytes: Uint8Array): HloModule {
  const file = readBytecodeFile(bytes);
  const reader = new ModuleReader(file);
  return { version: /^StableHLO_v(\d+\.\d+\.\d+)$/.exec(file.producer)?.[1], functions: reader.functions() };
}

/** Values by number; those of a region are known until it ends. */
interface Scope {
  readonly values: (HloValue | undefined)[];
  /** The number of the next value that the innermost region defines. */
  next: number;
}

class ModuleReader {
  private readonly version: number;
  private readonly table: AttributeTable;
  private readonly names: readonly OperationName[];
  private readonly properties: PropertyTable;
  private readonly ir: Uint8Array;
  private depth = 0;

  constructor(file: BytecodeFile) {
    this.version = file.bytecodeVersion;
    const strings = new StringTable(requiredSection(file, SECTION.string));
    const dialects = readDialects(requiredSection(file, SECTION.dialect), strings, this.version);
    this.names = dialects.operations;
    this.table = new AttributeTable(
      requiredSection(file, SECTION.attrType),
      requiredSection(file, SECTION.attrTypeOffset),
      strings,
      dialects.names,
    );
    this.properties = new PropertyTable(file.sections.get(SECTION.properties), this.table);
    this.ir = requiredSection(file, SECTION.ir);
  }

  functions(): ReadonlyMap<string, HloFunction> {
    const functions = new Map<string, HloFunction>();
    const top = this.block(new ByteReader(this.ir), { values: [], next: 0 });
    const [module] = top.operations;
    for (const { name, attributes, regions } of module?.regions[0]?.operations ?? []) {
      if (name !== 'func') continue;
      const symbol = attributes.get('sym_name');
      const [body] = regions;
      if (symbol?.kind !== 'string' || body === undefined)
        throw malformedModule('expected a function with name and body');
      functions.set(symbol.value, { name: symbol.value, body });
    }
    if (functions.size === 0) throw malformedModule('expected a module with functions, given one without');
    return functions;
  }

  private region(reader: ByteReader, scope: Scope): HloBlock {
    if (++this.depth > MAX_REGION_DEPTH) {
      throw malformedModule(`expected regions at most ${MAX_REGION_DEPTH} deep, given deeper ones`);
    }
    const blocks = reader.varint();
    let block: HloBlock = { arguments: [], operations: [] };
    if (blocks > 1) throw malformedModule(`expected regions of one block, given one of ${blocks}`);
    if (blocks === 1) {
      const count = reader.varint();
      const outer = scope.next;
      const start = scope.values.length;
      // Every value takes a byte at least: its type.
      if (count > reader.remaining) throw malformedModule(`expected ${count} values, given ${reader.remaining} bytes`);
      scope.next = start;
      scope.values.length = start + count;
      block = this.block(reader, scope);
      scope.values.length = start;
      scope.next = outer;
    }
    this.depth--;
    return block;
  }

  private block(reader: ByteReader, scope: Scope): HloBlock {
    const { value: count, flag: hasArguments } = reader.flagged();
    const types = hasArguments ? this.argumentTypes(reader) : [];
    const values = types.map((type, index): HloValue => ({ type, operation: undefined, index }));
    this.define(scope, values);
    if (hasArguments && this.version >= SINCE.useListOrders && reader.byte() !== 0) {
      skipUseListOrders(reader, values.length);
    }
    const operations: HloOperation[] = [];
    for (let i = 0; i < count; i++) operations.push(this.operation(reader, scope));
    return { arguments: values, operations };
  }

  private argumentTypes(reader: ByteReader): readonly HloType[] {
    return reader.list(() => {
      if (this.version < SINCE.optionalLocations) {
        const type = this.table.type(reader.varint());
        reader.varint();
        return type;
      }
      const { value, flag: hasLocation } = reader.flagged();
      if (hasLocation) reader.varint();
      return this.table.type(value);
    });
  }

  private define(scope: Scope, values: readonly HloValue[]): void {
    for (const value of values) {
      if (scope.next >= scope.values.length) {
        throw malformedModule(`expected ${scope.values.length} values, given more`);
      }
      scope.values[scope.next++] = value;
    }
  }

  private operation(reader: ByteReader, scope: Scope): HloOperation {
    const given = this.names[reader.varint()];
    if (given === undefined) throw malformedModule(`expected the number of one of ${this.names.length} ops`);
    const mask = reader.byte();
    reader.varint(); // its location
    const attributes = new Map<string, HloAttribute>();
    if ((mask & HAS.attributes) !== 0) {
      const dictionary = this.table.attribute(reader.varint());
      if (dictionary.kind !== 'dictionary') throw malformedModule(`expected attributes, given a ${dictionary.kind}`);
      for (const [name, value] of dictionary.entries) attributes.set(name, value);
    }
    if ((mask & HAS.properties) !== 0) this.properties.read(reader.varint(), given, attributes);
    const types = (mask & HAS.results) === 0 ? [] : reader.list(() => this.table.type(reader.varint()));
    const operands = (mask & HAS.operands) === 0 ? [] : reader.list(() => valueAt(scope, reader.varint()));
    if ((mask & HAS.successors) !== 0) throw malformedModule('expected ops without successors');
    if ((mask & HAS.useListOrders) !== 0) skipUseListOrders(reader, types.length);
    const regions: HloBlock[] = [];
    const results: HloValue[] = [];
    const operation: HloOperation = { name: plainName(given), attributes, operands, results, regions };
    types.forEach((type, index) => results.push({ type, operation, index }));
    const inner = (mask & HAS.regions) === 0 ? undefined : reader.flagged();
    if (scope.values.length > 0) this.define(scope, results);
    if (inner === undefined) return operation;
    let from = reader;
    if (inner.flag && this.version >= SINCE.isolatedSections) {
      const section = readSection(reader, 0);
      if (section.id !== SECTION.ir) throw malformedModule(`expected the ops of a region, given section ${section.id}`);
      from = new ByteReader(section.bytes);
    }
    if (inner.value > from.remaining) throw malformedModule(`expected ${inner.value} regions, given fewer bytes`);
    const within = inner.flag ? { values: [], next: 0 } : scope;
    for (let i = 0; i < inner.value; i++) regions.push(this.region(from, within));
    return operation;
  }
}

function valueAt({ values }: Scope, index: number): HloValue {
  const value = values[index];
  if (value === undefined) throw malformedModule(`expected the number of a value that is known, given ${index}`);
  return value;
}

/** `vhlo.add_v1` is `add`; ops of other dialects keep theirs in front. */
function plainName({ dialect, name }: OperationName): string {
  return dialect === 'vhlo' ? name.replace(/_v\d+$/, '') : `${dialect}.${name}`;
}

/** In which order the users of a value were: of no meaning. */
function skipUseListOrders(reader: ByteReader, values: number): void {
  const orders = values > 1 ? reader.count() : 1;
  for (let i = 0; i < orders; i++) {
    if (values > 1) reader.varint();
    const { value: uses } = reader.flagged();
    for (let j = 0; j < uses; j++) reader.varint();
  }
}
