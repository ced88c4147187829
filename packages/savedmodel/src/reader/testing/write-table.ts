import { extendCrc32c, maskCrc32c } from '../masked-crc.js';

/** A key and its value. */
export type Row = readonly [key: string | Uint8Array, value: Uint8Array];

/** How a block is stored: its bytes and their compression type. */
export type Encoding = (block: Uint8Array) => { readonly stored: Uint8Array; readonly type: number };

/** Blocks without compression. */
export const plain: Encoding = (block) => ({ stored: block, type: 0 });

/** Blocks as snappy that only has literals. */
export const snappyLiterals: Encoding = (block) => {
  const out: number[] = varint(block.length);
  for (let at = 0; at < block.length; at += 60) {
    const piece = block.subarray(at, at + 60);
    out.push((piece.length - 1) << 2, ...piece);
  }
  return { stored: Uint8Array.from(out), type: 1 };
};

/** Writes a sorted table with `perBlock` rows in each data block. Rows are taken as they come, sorted or not. */
export function writeTable(rows: readonly Row[], encoding: Encoding = plain, perBlock = 4): Uint8Array {
  const file: number[] = [];
  const index: Row[] = [];
  for (let at = 0; at < rows.length; at += perBlock) {
    const part = rows.slice(at, at + perBlock);
    index.push([part.at(-1)![0], Uint8Array.from(appendBlock(file, block(part), encoding))]);
  }
  const meta = appendBlock(file, block([]), plain);
  const footer = [...meta, ...appendBlock(file, block(index), plain)];
  while (footer.length < 40) footer.push(0);
  footer.push(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb);
  return Uint8Array.from([...file, ...footer]);
}

/** A block of rows, with a restart point at every second row. */
export function block(rows: readonly Row[]): Uint8Array {
  const out: number[] = [];
  const restarts: number[] = [];
  let last: Uint8Array = new Uint8Array(0);
  for (const [at, [name, value]] of rows.entries()) {
    const key = typeof name === 'string' ? Buffer.from(name) : name;
    let shared = 0;
    if (at % 2 === 0) restarts.push(out.length);
    else while (shared < Math.min(key.length, last.length) && key[shared] === last[shared]) shared++;
    out.push(
      ...varint(shared),
      ...varint(key.length - shared),
      ...varint(value.length),
      ...key.subarray(shared),
      ...value,
    );
    last = key;
  }
  if (restarts.length === 0) restarts.push(0);
  for (const restart of [...restarts, restarts.length]) out.push(...fixed32(restart));
  return Uint8Array.from(out);
}

/** Gives every block of a table its right checksum again, after bytes were changed. Positions must be unharmed. */
export function reseal(table: Uint8Array, blocks: readonly { offset: number; size: number }[]): void {
  for (const { offset, size } of blocks) {
    const crc = maskCrc32c(extendCrc32c(0, table.subarray(offset, offset + size + 1)));
    table.set(fixed32(crc), offset + size + 1);
  }
}

function appendBlock(file: number[], content: Uint8Array, encoding: Encoding): number[] {
  const { stored, type } = encoding(content);
  const offset = file.length;
  const crc = maskCrc32c(extendCrc32c(0, Buffer.concat([stored, Uint8Array.of(type)])));
  for (const byte of stored) file.push(byte);
  file.push(type, ...fixed32(crc));
  return [...varint(offset), ...varint(stored.length)];
}

function varint(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return [...out, value];
}

function fixed32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}
