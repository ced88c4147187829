import { DataType } from '@servable/protos/tensorflow';
import { Tensor } from '@servable/tensor';
import { FakeProvider, FakeServable, signatureDef } from '../handlers/testing/fake-servables.js';

const { DT_FLOAT, DT_INT64, DT_STRING, DT_BOOL } = DataType;

/** A model `m` with signatures of many kinds, each of which answers at once; it remembers no calls. */
export function fuzzProvider(): FakeProvider {
  const signatures = {
    serving_default: signatureDef(
      { x: [DT_FLOAT, [-1]], n: [DT_INT64, [-1]], s: [DT_STRING, [-1]], b: [DT_BOOL, [-1]] },
      { x: [DT_FLOAT], n: [DT_INT64], s: [DT_STRING], b: [DT_BOOL] },
    ),
    any: signatureDef({ x: [DT_FLOAT] }, { x: [DT_FLOAT] }),
    classify: signatureDef({ inputs: [DT_STRING, [-1]] }, { classes: [DT_STRING], scores: [DT_FLOAT] }),
    regress: signatureDef({ inputs: [DT_STRING, [-1]] }, { outputs: [DT_FLOAT] }),
  };
  const servable = new FakeServable(new Map(Object.entries(signatures)), ({ signatureName, inputs, outputFilter }) => {
    servable.calls.length = 0;
    let outputs: ReadonlyMap<string, Tensor> = inputs;
    if (signatureName === 'classify' || signatureName === 'regress') {
      const count = inputs.get('inputs')!.size;
      const label = new Uint8Array([97]);
      const scores = new Tensor('float32', [count, 1], new Float32Array(count));
      const classes = new Tensor('string', [count, 1], new Array<Uint8Array>(count).fill(label));
      outputs = new Map<string, Tensor>([
        ['scores', scores],
        ['outputs', scores],
        ['classes', classes],
      ]);
    }
    const names = outputFilter.length > 0 ? outputFilter : [...outputs.keys()];
    return new Map(names.map((name) => [name, outputs.get(name)!]));
  });
  return new FakeProvider().add('m', 1n, servable);
}
