import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { DataType, SignatureDefSchema, type TensorInfoSchema } from '@servable/protos/tensorflow';
import { tensor, type Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { TensorFlowSignature } from './tensorflow-signature.js';

const info = (value: string, dtype = DataType.DT_FLOAT): MessageInitShape<typeof TensorInfoSchema> => ({
  encoding: { case: 'name', value },
  dtype,
  tensorShape: { dim: [{ size: -1n }, { size: 2n }] },
});

/** A session that answers each graph tensor with its name, and what it was asked. */
function session() {
  const calls: { feeds: string[]; fetches: readonly string[] }[] = [];
  return {
    calls,
    async run(feeds: ReadonlyMap<string, Tensor>, fetches: readonly string[]) {
      calls.push({ feeds: [...feeds.keys()], fetches });
      return new Map(fetches.map((name) => [name, tensor(name)]));
    },
  };
}

const signatureDef = create(SignatureDefSchema, {
  inputs: { b: info('in_b:1'), a: info('in_a', DataType.DT_INT64) },
  outputs: { scores: info('dense:0'), again: info('dense:0'), label: info('argmax:2') },
});

describe('a signature on TensorFlow', () => {
  it('describes inputs and outputs by alias', () => {
    const { plan } = new TensorFlowSignature('s', signatureDef, session());
    expect(plan.inputs).toEqual([
      { alias: 'a', value: 'in_a:0', dtype: 'int64', shape: [null, 2] },
      { alias: 'b', value: 'in_b:1', dtype: 'float32', shape: [null, 2] },
    ]);
    expect(plan.outputs.map(({ alias, value }) => `${alias}=${value}`)).toEqual([
      'again=dense:0',
      'label=argmax:2',
      'scores=dense:0',
    ]);
  });

  it('feeds graph tensors and fetches only what is asked, each once', async () => {
    const made = session();
    const signature = new TensorFlowSignature('s', signatureDef, made);
    const inputs = new Map([
      ['b', tensor([[1, 2]])],
      ['a', tensor([[1n, 2n]])],
    ]);
    const outputs = await signature.run(inputs, ['scores', 'again']);
    expect([...outputs].map(([alias, value]) => [alias, value.text()[0]])).toEqual([
      ['scores', 'dense:0'],
      ['again', 'dense:0'],
    ]);
    expect(made.calls).toEqual([{ feeds: ['in_a:0', 'in_b:1'], fetches: ['dense:0'] }]);
    await expect(signature.run(inputs, ['logits'])).rejects.toMatchObject({
      reason: 'UNKNOWN_OUTPUT',
      message: 'The signature has no output "logits": expected "again", "label", "scores"',
    });
  });

  it.each([
    ['a ragged tensor', { encoding: { case: 'compositeTensor', value: {} } }, 'COMPOSITE_SIGNATURE_TENSOR'],
    ['nothing', {}, 'COMPOSITE_SIGNATURE_TENSOR'],
    ['a resource', info('table:0', DataType.DT_RESOURCE), 'UNSUPPORTED_DTYPE'],
  ] as const)('refuses %s as an output', (_, output, reason) => {
    const def = create(SignatureDefSchema, { outputs: { y: output as ReturnType<typeof info> } });
    expect(() => new TensorFlowSignature('s', def, session())).toThrow(
      expect.objectContaining({ code: 'UNIMPLEMENTED', reason }) as Error,
    );
  });
});
