import { DataType } from '@servable/protos/tensorflow';
import { expect, it } from 'vitest';
import { TensorError } from '../tensor-error.js';
import { dataTypeName, dtypeFromEnum, dtypeInfo, dtypes, isDType } from './dtype.js';

const upstreamNames = Object.entries(DataType).filter(([, number]) => typeof number === 'number') as [string, number][];
const pythonName: Readonly<Record<string, string>> = { float: 'float32', double: 'float64', half: 'float16' };

it('there is a dtype for every number of DataType that stands for values', () => {
  const valued = upstreamNames.filter(([name]) => !/REF$|INVALID|RESOURCE|VARIANT/.test(name));
  expect(valued).toHaveLength(31);
  for (const [name, number] of valued) {
    const typeName = name.replace(/^DT_/, '').toLowerCase();
    const info = dtypeInfo(dtypeFromEnum(number));
    expect([info.enum, info.typeName, info.dtype]).toEqual([number, typeName, pythonName[typeName] ?? typeName]);
  }
  expect(dtypes).toHaveLength(valued.length);
});

it('every number of DataType has a name, reference types included', () => {
  for (const [name, number] of upstreamNames) {
    const expected = name === 'DT_INVALID' ? 'invalid' : name.replace(/^DT_/, '').toLowerCase();
    expect(dataTypeName(number)).toBe(expected);
  }
  expect([34, 99, 100, 134, 201, 1e9, -1].map(dataTypeName)).toEqual(Array(7).fill(undefined));
});

it('numbers without values of their own are refused', () => {
  const reason = (number: number) => {
    try {
      return dtypeFromEnum(number);
    } catch (error) {
      return error instanceof TensorError ? `${error.code} ${error.reason}` : String(error);
    }
  };
  expect([0, 34, 1000, -5].map(reason)).toEqual(Array(4).fill('INVALID_ARGUMENT UNKNOWN_DTYPE'));
  expect([20, 21, 101, 120].map(reason)).toEqual(Array(4).fill('UNIMPLEMENTED UNSUPPORTED_DTYPE'));
});

it('elements have the size they have in TensorFlow', () => {
  const bytes = Object.fromEntries(dtypes.map((dtype) => [dtype, dtypeInfo(dtype).bytes]));
  expect(bytes).toMatchObject({ float32: 4, float16: 2, bfloat16: 2, complex64: 8, complex128: 16, int64: 8, bool: 1 });
  expect(bytes).toMatchObject({ string: 0, int4: 1, float8_e5m2: 1, qint32: 4, quint16: 2, uint64: 8 });
});

it('integer dtypes know their range', () => {
  const range = (dtype: (typeof dtypes)[number]) => [dtypeInfo(dtype).min, dtypeInfo(dtype).max];
  expect(range('int8')).toEqual([-128, 127]);
  expect(range('uint32')).toEqual([0, 4294967295]);
  expect(range('int4')).toEqual([-8, 7]);
  expect(range('uint64')).toEqual([0n, 18446744073709551615n]);
  expect(range('int64')).toEqual([-9223372036854775808n, 9223372036854775807n]);
  expect(range('float32')).toEqual([undefined, undefined]);
});

it('only names of dtypes are dtypes', () => {
  expect(['float32', 'float', 'toString', '__proto__', 1, undefined].map(isDType)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});
