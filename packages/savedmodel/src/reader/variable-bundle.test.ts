import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  BundleEntryProtoSchema,
  BundleHeaderProtoSchema,
  BundleHeaderProto_Endianness,
  DataType,
} from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { allocateBytes } from './data-file.js';
import { extendCrc32c, maskCrc32c } from './masked-crc.js';
import { described, expected, scratch, testdata, type ExpectedTensor } from './testing/testdata.js';
import { snappyLiterals, writeTable, type Row } from './testing/write-table.js';
import { VariableBundle } from './variable-bundle.js';

type EntryInit = Parameters<typeof create<typeof BundleEntryProtoSchema>>[1];

function header(init: Parameters<typeof create<typeof BundleHeaderProtoSchema>>[1] = { numShards: 1 }): Row {
  return ['', toBinary(BundleHeaderProtoSchema, create(BundleHeaderProtoSchema, init))];
}

function row(key: string, init: EntryInit): Row {
  return [key, toBinary(BundleEntryProtoSchema, create(BundleEntryProtoSchema, init))];
}

function shape(...dims: number[]) {
  return { dim: dims.map((size) => ({ size: BigInt(size) })) };
}

async function failure(promise: Promise<unknown>): Promise<SavedModelError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SavedModelError);
  return error as SavedModelError;
}

describe('reading tensors', () => {
  it('gives the values of every dtype as TensorFlow saved them', async () => {
    await using bundle = await VariableBundle.open(testdata('bundle-dtypes', 'bundle'));
    const values = await expected('bundle-dtypes');
    expect([...bundle.entries.keys()].sort()).toEqual(Object.keys(values).sort());
    for (const [key, value] of Object.entries(values)) {
      expect(described(await bundle.read(key)), key).toEqual(value);
    }
    expect(Object.keys(values).length).toBeGreaterThanOrEqual(35);
    expect((await bundle.read('string')).text()).toEqual([
      '',
      'a',
      '\0\ufffd\ufffd',
      'gr\u00fc\u00dfe',
      'x'.repeat(300),
      'end',
    ]);
    expect((await bundle.read('int64')).toArray()).toEqual([-(2n ** 63n), 2n ** 63n - 1n, 7n]);
  });

  it('finds the tensors of several data files, one by one and many at a time', async () => {
    await using bundle = await VariableBundle.open(testdata('bundle-sharded', 'bundle'));
    const values = await expected('bundle-sharded');
    const keys = Object.keys(values).reverse();
    const tensors = await bundle.readMany(keys, { concurrency: 3 });
    expect([...tensors.keys()]).toEqual(keys);
    for (const key of keys) expect(described(tensors.get(key)!), key).toEqual(values[key]);
    expect((await bundle.readMany()).size).toBe(keys.length);
    expect(new Set([...bundle.entries.values()].map((entry) => entry.shard))).toEqual(new Set([0, 1, 2]));
    expect((await bundle.read('network/name_2')).text()).toEqual(['shard 2']);
  });

  it('puts partitioned variables together, along the first axis and another', async () => {
    await using bundle = await VariableBundle.open(testdata('tf1', 'variables', 'variables'));
    const { variables } = await expected<{ variables: Record<string, ExpectedTensor> }>('tf1');
    expect(bundle.entries.get('rows')!.slices.length).toBe(3);
    expect(bundle.entries.get('columns')!.slices.length).toBe(2);
    for (const [key, value] of Object.entries(variables)) expect(described(await bundle.read(key)), key).toEqual(value);
  });

  it('reads the part that a RestoreV2 op asks for', async () => {
    await using bundle = await VariableBundle.open(testdata('tf1', 'variables', 'variables'));
    const stored = await bundle.read('rows', { slice: '8 3 3,3:-' });
    expect(stored.shape).toEqual([3, 3]);
    expect([...(stored.data as Float32Array)]).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17]);
    const across = await bundle.read('rows', { slice: '8 3 2,2:1,2' });
    expect(across.toArray()).toEqual([
      [7, 8],
      [10, 11],
    ]);
    expect((await bundle.read('rows', { slice: '' })).shape).toEqual([8, 3]);
    await using dtypes = await VariableBundle.open(testdata('bundle-dtypes', 'bundle'));
    expect((await dtypes.read('string', { slice: '3 2 1,2:1,1' })).text()).toEqual(['gr\u00fc\u00dfe', 'end']);
    expect(await failure(bundle.read('rows', { slice: '8 3 9,1:-' }))).toMatchObject({ reason: 'BAD_SLICE' });
  });

  it('reads into memory of the caller', async () => {
    await using bundle = await VariableBundle.open(testdata('tf1', 'variables', 'variables'));
    const memory = new Uint8Array(1000).fill(0xee);
    await bundle.readInto('rows', memory.subarray(100, 196));
    expect([...new Float32Array(memory.buffer.slice(100, 196))]).toEqual(Array.from({ length: 24 }, (_, at) => at));
    expect([memory[99], memory[196]]).toEqual([0xee, 0xee]);
    await bundle.readInto('plain', memory.subarray(0, 8));
    expect(new Float64Array(memory.buffer, 0, 1)[0]).toBe(2.5);
    expect(await failure(bundle.readInto('rows', new Uint8Array(95)))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'BAD_TARGET',
      message: "Cannot read 'rows': expected a target of 96 bytes, given one of 95 bytes",
    });
  });

  it('reads a tensor of many parts of a read, with its checksum', async () => {
    await using folder = await scratch();
    const prefix = join(folder.path, 'big');
    const data = new Uint8Array(20 * 1024 * 1024 + 12);
    for (let at = 0; at < data.length; at += 997) data[at] = at;
    const crc32c = maskCrc32c(extendCrc32c(0, data.subarray(4)));
    const entry = {
      dtype: DataType.DT_FLOAT,
      shape: shape(data.length / 4 - 1),
      offset: 4n,
      size: BigInt(data.length - 4),
      crc32c,
    };
    await writeFile(`${prefix}.data-00000-of-00001`, data);
    await writeFile(`${prefix}.index`, writeTable([header(), row('big', entry)], snappyLiterals));
    await using bundle = await VariableBundle.open(prefix);
    const tensor = await bundle.read('big');
    expect(tensor.dtype).toBe('float32');
    expect((tensor.data as Float32Array).byteOffset).toBe(0);
    expect(Buffer.compare(new Uint8Array((tensor.data as Float32Array).buffer), data.subarray(4))).toBe(0);
    // Closing waits for a reading that has begun, in all its parts.
    const underWay = bundle.read('big');
    const closing = bundle.close();
    await closing;
    expect((await underWay).size).toBe(tensor.size);
  });
});

describe('reading that fails', () => {
  it('says which key is not there', async () => {
    await using bundle = await VariableBundle.open(testdata('bundle-dtypes', 'bundle'));
    expect(await failure(bundle.read('nope'))).toMatchObject({ code: 'NOT_FOUND', reason: 'UNKNOWN_KEY' });
  });

  it('says which file is not there', async () => {
    expect(await failure(VariableBundle.open(testdata('nowhere')))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'FILE_NOT_FOUND',
      file: testdata('nowhere.index'),
    });
    await using folder = await scratch('bundle-sharded');
    const missing = join(folder.path, 'bundle.data-00001-of-00003');
    await rm(missing);
    await using bundle = await VariableBundle.open(join(folder.path, 'bundle'));
    expect(await failure(bundle.read('network/layer_001/kernel'))).toMatchObject({ code: 'NOT_FOUND', file: missing });
    expect((await bundle.read('network/layer_000/kernel')).toArray()).toEqual([0]);
  });

  it('says which byte of which data file is wrong', async () => {
    await using folder = await scratch('bundle-dtypes');
    const file = join(folder.path, 'bundle.data-00000-of-00001');
    const bytes = await readFile(file);
    await using bundle = await VariableBundle.open(join(folder.path, 'bundle'));
    const { offset } = bundle.entries.get('float64')!;
    bytes[offset + 5]! ^= 0x10;
    const strings = bundle.entries.get('string')!;
    bytes[strings.offset + strings.byteLength - 1]! ^= 0x10;
    await writeFile(file, bytes);
    const numbers = await failure(bundle.read('float64'));
    expect(numbers).toMatchObject({ code: 'DATA_LOSS', reason: 'CHECKSUM_MISMATCH', file, offset });
    expect(numbers.message).toMatch(
      /expected crc32c 0x[0-9a-f]{8} for the 24 bytes of 'float64', given 0x[0-9a-f]{8}$/,
    );
    expect(await failure(bundle.read('string'))).toMatchObject({
      code: 'DATA_LOSS',
      reason: 'MALFORMED_STRINGS',
      file,
    });
    expect((await bundle.read('uint8')).toArray()).toEqual([0, 1, 255]);
  });

  it('says where a data file ends too early', async () => {
    await using folder = await scratch('bundle-dtypes');
    const file = join(folder.path, 'bundle.data-00000-of-00001');
    await using bundle = await VariableBundle.open(join(folder.path, 'bundle'));
    const last = [...bundle.entries].reduce((a, b) => (a[1].offset > b[1].offset ? a : b));
    await truncate(file, last[1].offset + last[1].byteLength - 1);
    const error = await failure(bundle.read(last[0]));
    expect(error).toMatchObject({ code: 'DATA_LOSS', reason: 'TRUNCATED', file, offset: last[1].offset });
    expect(error.message).toContain(`given a file of ${last[1].offset + last[1].byteLength - 1} bytes`);
  });

  it('stops when its caller does', async () => {
    await using bundle = await VariableBundle.open(testdata('bundle-dtypes', 'bundle'));
    expect(await failure(bundle.read('bool', { signal: AbortSignal.abort() }))).toMatchObject({ code: 'CANCELLED' });
    expect(await failure(bundle.readMany(undefined, { timeoutMs: 0 }))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await failure(bundle.read('bool', { timeoutMs: -1 }))).toMatchObject({ reason: 'BAD_OPTION' });
    expect(await failure(bundle.readMany(undefined, { concurrency: 0 }))).toMatchObject({ reason: 'BAD_OPTION' });
  });

  it('refuses to read once it is closed, as often as that is done', async () => {
    const bundle = await VariableBundle.open(testdata('bundle-dtypes', 'bundle'));
    const underWay = bundle.read('bool');
    expect((await underWay).toArray()).toEqual([true, false, true]);
    await bundle.close();
    await bundle.close();
    expect(await failure(bundle.read('bool'))).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'CLOSED' });
  });
});

describe('indexes that cannot be trusted', () => {
  const float = { dtype: DataType.DT_FLOAT, shape: shape(2), size: 8n };
  const big = BundleHeaderProto_Endianness.BIG;

  it.each<[string, Row[], string, string, string]>([
    ['no header', [row('a', float)], 'DATA_LOSS', 'HEADER_MISSING', 'a header under the empty key'],
    ['no rows', [], 'DATA_LOSS', 'HEADER_MISSING', 'a header under the empty key'],
    [
      'a header that is no message',
      [['', Uint8Array.from([0x08])]],
      'DATA_LOSS',
      'MALFORMED_PROTO',
      'BundleHeaderProto',
    ],
    [
      'an entry that is no message',
      [header(), ['a', Uint8Array.from([7])]],
      'DATA_LOSS',
      'MALFORMED_PROTO',
      'BundleEntryProto',
    ],
    [
      'values of a big-endian machine',
      [header({ numShards: 1, endianness: big })],
      'UNIMPLEMENTED',
      'BIG_ENDIAN',
      'big-endian',
    ],
    [
      'a newer format',
      [header({ numShards: 1, version: { producer: 9, minConsumer: 2 } })],
      'INVALID_ARGUMENT',
      'UNKNOWN_BUNDLE_VERSION',
      'version 9 for readers from version 2 on',
    ],
    ['no data files', [header({ numShards: 0 })], 'DATA_LOSS', 'MALFORMED_ENTRY', 'at least 1 data file, given 0'],
    [
      'another data file than there are',
      [header(), row('a', { ...float, shardId: 1 })],
      'DATA_LOSS',
      'MALFORMED_ENTRY',
      'number 1',
    ],
    [
      'a dtype that is none',
      [header(), row('a', { ...float, dtype: 99 as DataType })],
      'DATA_LOSS',
      'MALFORMED_ENTRY',
      '99',
    ],
    [
      'a negative dimension',
      [header(), row('a', { ...float, shape: shape(-2) })],
      'DATA_LOSS',
      'MALFORMED_ENTRY',
      '-2',
    ],
    [
      'an unknown rank',
      [header(), row('a', { ...float, shape: { unknownRank: true } })],
      'DATA_LOSS',
      'MALFORMED_ENTRY',
      'known rank',
    ],
    [
      'a negative position',
      [header(), row('a', { ...float, offset: -1n })],
      'DATA_LOSS',
      'MALFORMED_ENTRY',
      'at byte -1',
    ],
    [
      'another size than the shape has',
      [header(), row('a', { ...float, size: 12n })],
      'DATA_LOSS',
      'MALFORMED_ENTRY',
      '8 bytes for float32[2], given 12',
    ],
    [
      'more strings than bytes',
      [header(), row('a', { dtype: DataType.DT_STRING, shape: shape(2 ** 40), size: 9n })],
      'DATA_LOSS',
      'MALFORMED_ENTRY',
      'at least 1099511627776 bytes',
    ],
  ])('refuses %s', async (_name, rows, code, reason, problem) => {
    await using folder = await scratch();
    const prefix = join(folder.path, 'b');
    await writeFile(`${prefix}.index`, writeTable(rows));
    const error = await failure(VariableBundle.open(prefix));
    expect(error).toMatchObject({ code, reason, file: `${prefix}.index` });
    expect(error.message).toContain(problem);
  });

  it('asks for no memory that the data file does not have', async () => {
    await using folder = await scratch();
    const prefix = join(folder.path, 'b');
    const claimed = { dtype: DataType.DT_FLOAT, shape: shape(2 ** 45), size: 2n ** 47n };
    await writeFile(`${prefix}.index`, writeTable([header(), row('a', claimed)]));
    await writeFile(`${prefix}.data-00000-of-00001`, new Uint8Array(8));
    await using bundle = await VariableBundle.open(prefix);
    expect(await failure(bundle.read('a'))).toMatchObject({ code: 'DATA_LOSS', reason: 'TRUNCATED' });
  });

  it('refuses more memory than a process can have', () => {
    expect(() => allocateBytes(2 ** 52, "'kernel'")).toThrow(/^No memory for the 4503599627370496 bytes of 'kernel'$/);
  });

  it('refuses slices that are missing or do not cover the tensor', async () => {
    await using folder = await scratch();
    const prefix = join(folder.path, 'b');
    const slice = (start: bigint, length: bigint) => ({
      extent: [{ start, hasLengthHack: { case: 'length' as const, value: length } }],
    });
    const whole = { dtype: DataType.DT_FLOAT, shape: shape(4) };
    const key = (start: number) => Uint8Array.from([0, ...Buffer.from('a'), 0, 1, 1, 1, 0x80 + start, 0x82]);
    const part = (start: number): Row => [key(start), row('', { ...float, offset: 0n })[1]];
    const cases: [Row[], string][] = [
      [
        [header(), part(0), row('a', { ...whole, slices: [slice(0n, 2n), slice(2n, 2n)] })],
        "slice 2 of 'a': it is not stored",
      ],
      [[header(), part(0), row('a', { ...whole, slices: [slice(0n, 2n)] })], 'expected 4 elements, given 2'],
      [
        [header(), part(0), part(1), row('a', { ...whole, slices: [slice(0n, 2n), slice(1n, 2n)] })],
        'slices that do not overlap',
      ],
      [
        [header(), part(0), part(2), row('a', { ...whole, slices: [slice(0n, 2n), slice(2n, 2n)] })],
        'at most 8 bytes, given 16',
      ],
    ];
    const all = { extent: [{}] };
    cases.push(
      [[header(), row('a', { ...whole, slices: [all], size: 12n })], 'its 4 elements cannot be in 12 bytes'],
      [
        [header(), row('a', { dtype: DataType.DT_STRING, shape: shape(2 ** 50), slices: [all], size: 8n })],
        'its 1125899906842624 elements cannot be in 8 bytes',
      ],
    );
    await writeFile(`${prefix}.data-00000-of-00001`, new Uint8Array(8));
    for (const [rows, problem] of cases) {
      await writeFile(`${prefix}.index`, writeTable(rows));
      await using bundle = await VariableBundle.open(prefix);
      const error = await failure(bundle.read('a'));
      expect(error.code).toBe('DATA_LOSS');
      expect(error.message).toContain(problem);
    }
  });

  it('lists a variant as unreadable only when it is asked for', async () => {
    await using folder = await scratch();
    const prefix = join(folder.path, 'b');
    await writeFile(
      `${prefix}.index`,
      writeTable([header(), row('v', { dtype: DataType.DT_VARIANT, shape: shape(), size: 3n })]),
    );
    await using bundle = await VariableBundle.open(prefix);
    expect(bundle.entries.has('v')).toBe(false);
    expect(await failure(bundle.read('v'))).toMatchObject({ code: 'UNIMPLEMENTED', reason: 'UNSUPPORTED_DTYPE' });
  });
});
