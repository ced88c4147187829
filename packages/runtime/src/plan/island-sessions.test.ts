import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { DataType, SignatureDefSchema, type TensorInfoSchema } from '@servable/protos/tensorflow';
import { expect, it } from 'vitest';
import { mayShareSessions, mayShareWeights } from './island-sessions.js';

type Info = MessageInitShape<typeof TensorInfoSchema>;

const info = (dtype: DataType, ...sizes: readonly number[]): Info => ({
  dtype,
  tensorShape: { dim: sizes.map((size) => ({ size: BigInt(size) })) },
});

function signature(inputs: Readonly<Record<string, Info>>, outputs: Readonly<Record<string, Info>>) {
  return create(SignatureDefSchema, { inputs, outputs });
}

const image = info(DataType.DT_FLOAT, -1, 224, 224, 3);
const classes = info(DataType.DT_FLOAT, -1, 1000);
const first = signature({ image }, { classes });

it.each([
  ['the same under other names, as Keras exports it', signature({ x: image }, { y: classes }), false],
  ['features instead of classes', signature({ image }, { features: info(DataType.DT_FLOAT, -1, 2048) }), true],
  ['raw bytes', signature({ image: info(DataType.DT_UINT8, -1, 224, 224, 3) }, { classes }), true],
  ['one output more', signature({ image }, { classes, top: classes }), true],
  [
    'an unknown rank',
    signature({ image: { dtype: DataType.DT_FLOAT, tensorShape: { unknownRank: true } } }, { classes }),
    true,
  ],
])('a second signature may use the same weights in another graph: %s', (_, second, expected) => {
  expect(mayShareWeights(new Map([['serving_default', first], ['second', second]]))).toBe(expected); // prettier-ignore
});

it('signatures that no request asks for share nothing', () => {
  const one = new Map([
    ['serving_default', first],
    ['__saved_model_init_op', signature({}, { done: info(DataType.DT_INT32) })],
  ]);
  expect([mayShareWeights(one), mayShareSessions(one)]).toEqual([false, false]);
});
