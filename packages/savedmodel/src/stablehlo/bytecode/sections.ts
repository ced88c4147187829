import { malformedModule } from '../malformed-module.js';
import { ByteReader } from './byte-reader.js';

/** Numbers of the sections (mlir/include/mlir/Bytecode/Encoding.h). */
export const SECTION = {
  string: 0,
  dialect: 1,
  attrType: 2,
  attrTypeOffset: 3,
  ir: 4,
  resource: 5,
  resourceOffset: 6,
  dialectVersions: 7,
  properties: 8,
} as const;

/** One section: its number and its bytes. */
export interface Section {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** @param start - where the reader's first byte is in the file, for sections that are aligned */
export function readSection(reader: ByteReader, start: number): Section {
  const marked = reader.byte();
  const length = reader.varint();
  if ((marked & 0x80) !== 0) reader.align(reader.varint(), start);
  return { id: marked & 0x7f, bytes: reader.take(length) };
}

/** The top of the file. */
export interface BytecodeFile {
  /** Version of MLIR's bytecode, 0 to 6. */
  readonly bytecodeVersion: number;
  /** Who wrote it: `StableHLO_v1.15.0`. */
  readonly producer: string;
  readonly sections: ReadonlyMap<number, Uint8Array>;
}

const MAGIC = [0x4d, 0x4c, 0xef, 0x52];

/** The newest version of MLIR's bytecode that is read. */
export const NEWEST_BYTECODE = 6;

/** @throws SavedModelError INVALID_ARGUMENT for bytes that are no MLIR bytecode */
export function readBytecodeFile(bytes: Uint8Array): BytecodeFile {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    const given = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw malformedModule(`expected MLIR bytecode, which begins with 4d 4c ef 52, given '${given}'`);
  }
  const reader = new ByteReader(bytes);
  reader.take(MAGIC.length);
  const bytecodeVersion = reader.varint();
  if (bytecodeVersion > NEWEST_BYTECODE) {
    throw malformedModule(`expected MLIR bytecode of version ${NEWEST_BYTECODE} at most, given ${bytecodeVersion}`);
  }
  const producer = reader.terminatedText();
  const sections = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const { id, bytes: content } = readSection(reader, 0);
    if (sections.has(id)) throw malformedModule(`expected each section once, given section ${id} twice`);
    sections.set(id, content);
  }
  return { bytecodeVersion, producer, sections };
}

export function requiredSection({ sections }: BytecodeFile, id: number): Uint8Array {
  const bytes = sections.get(id);
  if (bytes === undefined) throw malformedModule(`expected the section ${id}, given a file without it`);
  return bytes;
}
