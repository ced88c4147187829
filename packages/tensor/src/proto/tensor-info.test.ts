import { create } from '@bufbuild/protobuf';
import { DataType, TensorInfoSchema } from '@servable/protos/tensorflow';
import { expect, test } from 'vitest';
import { tensorInfoDtype, tensorInfoShape } from './tensor-info.js';

test('a reference dtype is the dtype it refers to; dtypes without values are none', () => {
  const dtypes = [DataType.DT_FLOAT, DataType.DT_INT64_REF, DataType.DT_RESOURCE, DataType.DT_INVALID];
  expect(dtypes.map((dtype) => tensorInfoDtype({ dtype }))).toEqual(['float32', 'int64', undefined, undefined]);
});

test('an unknown rank is no shape, an unknown dimension is -1, a scalar has no dimensions', () => {
  const shapes = [{ unknownRank: true }, { dim: [{ size: -1n }, { size: 3n }] }, {}];
  const infos = shapes.map((tensorShape) => create(TensorInfoSchema, { tensorShape }));
  expect(infos.map(tensorInfoShape)).toEqual([undefined, [-1, 3], []]);
  expect(tensorInfoShape(create(TensorInfoSchema))).toBeUndefined();
});
