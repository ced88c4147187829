import { tensor, Tensor, stringTensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { addModel, identityModel, node, onnxModel } from '../testing/onnx-model.js';
import { NativeSession } from './native-session.js';

const run1 = async (session: NativeSession, x: Tensor) => (await session.run(new Map([['x', x]]), ['y'])).get('y')!;

describe('a native session', () => {
  it('adds', async () => {
    await using session = await NativeSession.create(addModel());
    const sum = await session.run(
      new Map([
        ['x', tensor([1, 2])],
        ['y', tensor([3, 4])],
      ]),
      ['sum'],
    );
    expect(sum.get('sum')).toEqual(tensor([4, 6]));
    console.log(session.inputs, session.outputs);
  });
  it('strings', async () => {
    await using session = await NativeSession.create(identityModel('string[n]'));
    const x = stringTensor([4], ['a', 'b\0c', '', 'ü']);
    expect(await run1(session, x)).toEqual(x);
  });
});
